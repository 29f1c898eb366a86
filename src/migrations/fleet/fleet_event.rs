use super::TenantReport;

/// What a fleet migration reports while it runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum FleetEvent<'a> {
    /// The tenants that have something to do are known.
    Planned {
        /// All tenants.
        tenants: usize,
        /// Tenants with something to do.
        pending: usize,
    },
    /// A tenant with something to do is done, or has failed.
    Tenant(&'a TenantReport),
}
