/// Which migrations the shared schema has and lacks. See
/// [`TenantPool::shared_migration_status`](crate::TenantPool::shared_migration_status).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SharedVersions {
    /// The versions applied, oldest first.
    pub applied: Vec<String>,
    /// The versions that the shared schema lacks, oldest first.
    pub pending: Vec<String>,
    /// The versions applied that the given migrations don't have, oldest first.
    pub unknown: Vec<String>,
    /// The invalid indexes: PostgreSQL could not build them and doesn't use them. Invalid unique indexes let duplicates
    /// in.
    pub invalid_indexes: Vec<String>,
}
