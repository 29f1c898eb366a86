use crate::{SchemaName, SchemaNameError, tenancy::TenantStatus};

/// A tenant, as the database's catalog or a directory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantInfo {
    /// The tenant's name. It is also the schema's name, unless a directory says otherwise.
    pub name: SchemaName,
    /// Whether the tenant can be checked out, and if not, why.
    pub status: TenantStatus,
    /// Why no tenant may have this name, if that is so: it may be the pool's symbolic schema, for instance. Until such a
    /// tenant is renamed, it can't be checked out, and is not migrated.
    pub reserved: Option<SchemaNameError>,
}
