use std::time::{Duration, SystemTime};

use super::LifecycleError;
use crate::{SchemaName, tenancy::ArchiveNote};

/// A tenant that [`TenantPool::archive_tenant`](crate::TenantPool::archive_tenant) archived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedTenant {
    /// The schema that holds its data.
    pub archive: SchemaName,
    /// The name that the tenant had.
    pub tenant: SchemaName,
    /// When the tenant was archived, by the server's clock, to the second.
    pub since: SystemTime,
}

/// The result of dropping old archives.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PurgeReport {
    /// The archives that were dropped.
    pub dropped: Vec<ArchivedTenant>,
    /// The archives that were not dropped, or whose hook failed afterwards, and why.
    pub failed: Vec<(ArchivedTenant, LifecycleError)>,
}

impl From<(SchemaName, ArchiveNote)> for ArchivedTenant {
    fn from((archive, note): (SchemaName, ArchiveNote)) -> Self {
        Self {
            archive,
            tenant: note.tenant,
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(note.since),
        }
    }
}
