use super::ChangedMigration;
use crate::{SchemaName, SchemaNameError, TenantStatus};

/// Which migrations every tenant has and lacks. See
/// [`TenantPool::migration_status`](crate::TenantPool::migration_status).
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FleetStatus {
    /// The tenants, in the order of their names.
    pub tenants: Vec<TenantVersions>,
    /// Migrations that were edited after they were applied.
    pub changed: Vec<ChangedMigration>,
}

/// Which migrations one tenant has and lacks.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TenantVersions {
    /// The tenant.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::text"))]
    pub tenant: SchemaName,
    /// Whether the tenant can be checked out.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::displayed"))]
    pub status: TenantStatus,
    /// Why no tenant may have this name, if that is so. Until the tenant is renamed, it is not migrated.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "super::serialize::if_any", skip_serializing_if = "Option::is_none")
    )]
    pub reserved: Option<SchemaNameError>,
    /// The versions applied, oldest first.
    pub applied: Vec<String>,
    /// The versions that the tenant lacks, oldest first.
    pub pending: Vec<String>,
    /// The versions applied that the given migrations don't have, oldest first.
    pub unknown: Vec<String>,
    /// The invalid indexes: PostgreSQL could not build them and doesn't use them. Invalid unique indexes let duplicates
    /// in. Indexes that wait for the indexes of partitions are included; indexes being built right now are not. On
    /// SQLite there are none.
    pub invalid_indexes: Vec<String>,
}

impl TenantVersions {
    /// The newest version applied.
    pub fn newest(&self) -> Option<&str> {
        self.applied.last().map(String::as_str)
    }
}
