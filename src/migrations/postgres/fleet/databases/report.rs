use std::{fmt, time::Duration};

use crate::{
    migrations::{ChangedMigration, OutsideWork, TenantOutcome, TenantReport, fleet::summary},
    pool::UnreachableDatabase,
};

/// The report of a migration of several databases: what happened in each, the pool's own first, the others sorted by
/// name.
///
/// With the feature `serde` the report can be serialized, for example to JSON: names as strings, times in seconds,
/// errors as messages with all their causes.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "tenants that could not be migrated are found in here"]
#[non_exhaustive]
pub struct DatabasesReport {
    /// The databases.
    pub databases: Vec<DatabaseReport>,
    /// What the tenants' migrations of this run do outside the tenants' schemas.
    pub outside: Vec<OutsideWork>,
    /// How long the whole run took.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::migrations::fleet::serialize::seconds", rename = "seconds")
    )]
    pub elapsed: Duration,
}

/// What happened in one database.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DatabaseReport {
    /// The database.
    pub database: String,
    /// Why the database was skipped, if it was.
    #[cfg_attr(
        feature = "serde",
        serde(
            serialize_with = "crate::migrations::fleet::serialize::if_any",
            rename = "error",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub unreachable: Option<UnreachableDatabase>,
    /// The shared schema; `None` if it was not to be migrated, or there is none: a tenant's schema may be `public` in a
    /// database of its own.
    pub shared: Option<SharedReport>,
    /// The tenants, by the names that the directory gives them, sorted by their schemas.
    pub tenants: Vec<TenantReport>,
    /// Migrations that were edited after they were applied here.
    pub changed: Vec<ChangedMigration>,
}

/// What happened to the shared schema of a database.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SharedReport {
    /// The versions applied. In a dry run, the versions that would be.
    pub versions: Vec<String>,
    /// The outcome.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub outcome: TenantOutcome,
}

impl DatabaseReport {
    /// Whether the database was reached, and nothing failed there or was left.
    pub fn is_success(&self) -> bool {
        self.unreachable.is_none()
            && self.shared.as_ref().is_none_or(|shared| shared.outcome.is_success())
            && self.tenants.iter().all(|tenant| tenant.outcome.is_success())
    }
}

impl DatabasesReport {
    /// Whether every database was reached, and nothing failed or was left.
    pub fn is_success(&self) -> bool {
        self.databases.iter().all(DatabaseReport::is_success)
    }

    /// The report of one database.
    pub fn database(&self, name: &str) -> Option<&DatabaseReport> {
        self.databases.iter().find(|database| database.database == name)
    }

    /// The databases that were skipped.
    pub fn unreachable(&self) -> impl Iterator<Item = &UnreachableDatabase> {
        self.databases
            .iter()
            .filter_map(|database| database.unreachable.as_ref())
    }

    /// The tenants on which a migration failed, each with its database.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &TenantReport)> {
        self.tenants()
            .filter(|(_, tenant)| matches!(tenant.outcome, TenantOutcome::Failed(_)))
    }

    /// All tenants, each with its database.
    pub fn tenants(&self) -> impl Iterator<Item = (&str, &TenantReport)> {
        self.databases.iter().flat_map(|report| {
            let tenants = report.tenants.iter();
            tenants.map(|tenant| (report.database.as_str(), tenant))
        })
    }
}

/// A summary on one line: `1998 migrated, 1 failed, in 4 databases`.
impl fmt::Display for DatabasesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        summary(self.tenants().map(|(_, tenant)| tenant), f)?;
        let skipped = self.unreachable().count();
        match self.databases.len() - skipped {
            1 => f.write_str(", in 1 database")?,
            reached => write!(f, ", in {reached} databases")?,
        }
        match skipped {
            0 => Ok(()),
            1 => f.write_str("; 1 database could not be reached"),
            skipped => write!(f, "; {skipped} databases could not be reached"),
        }
    }
}
