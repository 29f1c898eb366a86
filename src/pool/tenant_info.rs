use crate::{SchemaName, tenancy::TenantStatus};

/// A tenant, as the database's catalog or a directory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantInfo {
    /// The tenant's name. It is also the schema's name, unless a directory says otherwise.
    pub name: SchemaName,
    /// Whether the tenant can be checked out, and if not, why.
    pub status: TenantStatus,
}
