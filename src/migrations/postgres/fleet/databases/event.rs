use super::SharedReport;
use crate::migrations::TenantReport;

/// What a migration of several databases reports while it runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum DatabasesEvent<'a> {
    /// What there is to do is known.
    Planned {
        /// The databases that were reached.
        databases: usize,
        /// All tenants there.
        tenants: usize,
        /// Tenants with something to do.
        pending: usize,
    },
    /// The shared schema of a database was migrated, or that failed.
    Shared {
        /// The database.
        database: &'a str,
        /// What happened.
        report: &'a SharedReport,
    },
    /// A tenant with something to do is done, or has failed.
    Tenant {
        /// The database.
        database: &'a str,
        /// What happened.
        report: &'a TenantReport,
    },
}
