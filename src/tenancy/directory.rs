//! What a directory is told, and what it answers.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use super::Placement;
use crate::{SchemaName, TenantStatus};

/// A change to a tenant, to be recorded in the pool's own database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryChange<'a> {
    /// A tenant was created, cloned or imported, in a schema of its name.
    Added {
        /// The tenant.
        tenant: &'a SchemaName,
    },
    /// A tenant was placed in another database, or among the rows of shared tables; or, with SQLite, is being created.
    /// If `finished` is false, the tenant can't be checked out until it is [finished](Self::Finished).
    Placed {
        /// The tenant.
        tenant: &'a SchemaName,
        /// Where it lives.
        placement: &'a Placement,
        /// Whether everything that belongs to the tenant is there.
        finished: bool,
    },
    /// A tenant lives in another place from now on.
    Moved {
        /// The tenant.
        tenant: &'a SchemaName,
        /// Where it lives from now on.
        placement: &'a Placement,
    },
    /// Everything that belongs to a tenant is there.
    Finished {
        /// The tenant.
        tenant: &'a SchemaName,
    },
    /// A tenant is about to be dropped: it can't be checked out any more.
    Leaving {
        /// The tenant.
        tenant: &'a SchemaName,
    },
    /// A tenant got another name. Its schema got it too, if the tenant lives in the pool's own database.
    Renamed {
        /// The name up to now.
        from: &'a SchemaName,
        /// The name from now on.
        to: &'a SchemaName,
    },
    /// A tenant was suspended.
    Suspended {
        /// The tenant.
        tenant: &'a SchemaName,
    },
    /// A suspended tenant was resumed.
    Resumed {
        /// The tenant.
        tenant: &'a SchemaName,
    },
    /// A tenant was archived, in a schema of another name.
    Archived {
        /// The tenant.
        tenant: &'a SchemaName,
        /// The schema in which it is kept.
        archive: &'a SchemaName,
    },
    /// A tenant was brought back from its archive.
    Restored {
        /// The schema in which it was kept.
        archive: &'a SchemaName,
        /// Its name from now on.
        tenant: &'a SchemaName,
        /// Whether the tenant is suspended, as it was when it was archived.
        suspended: bool,
    },
    /// A tenant was dropped, or the remains of an unfinished tenant were.
    Removed {
        /// The tenant, or the archive's schema.
        tenant: &'a SchemaName,
    },
}

impl DirectoryChange<'_> {
    /// The names that may lead to another tenant, or to none, from now on.
    pub(crate) fn names(&self) -> impl Iterator<Item = &SchemaName> {
        let (first, second) = match *self {
            Self::Added { tenant }
            | Self::Placed { tenant, .. }
            | Self::Moved { tenant, .. }
            | Self::Finished { tenant }
            | Self::Leaving { tenant }
            | Self::Suspended { tenant }
            | Self::Resumed { tenant }
            | Self::Removed { tenant } => (tenant, None),
            Self::Renamed { from, to } => (from, Some(to)),
            // Domains of an archived tenant lead to its archive.
            Self::Archived { tenant, archive } | Self::Restored { archive, tenant, .. } => (tenant, Some(archive)),
        };
        std::iter::once(first).chain(second)
    }
}

/// What a directory answers.
pub type DirectoryAnswer<T> = Result<Option<T>, Box<dyn Error + Send + Sync>>;

/// What a directory knows of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryEntry {
    /// Where the tenant's tables are.
    pub placement: Placement,
    /// Whether the tenant may be checked out. Tenants that are neither active nor suspended count as unknown.
    pub status: TenantStatus,
}

impl DirectoryEntry {
    /// An active tenant.
    pub fn new(placement: Placement) -> Self {
        Self {
            placement,
            status: TenantStatus::Active,
        }
    }

    /// The same entry with another status.
    #[must_use]
    pub fn with_status(self, status: TenantStatus) -> Self {
        Self { status, ..self }
    }
}

/// Why a directory could not be asked. All checkouts that waited for the answer get the same error.
#[derive(Clone)]
pub struct DirectoryError(Arc<dyn Error + Send + Sync>);

impl DirectoryError {
    pub(crate) fn new(source: Box<dyn Error + Send + Sync>) -> Self {
        Self(source.into())
    }
}

impl fmt::Debug for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for DirectoryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// How long a [directory's](crate::TenantDirectory) answers are remembered. This pool sees its own changes to a tenant
/// at once. With [`listen`](crate::TenantPoolBuilder::listen) it sees the changes of other processes within moments.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryCache {
    pub(crate) capacity: usize,
    pub(crate) ttl: Duration,
    pub(crate) negative_ttl: Duration,
    pub(crate) failure_ttl: Duration,
    pub(crate) stale_if_error: Duration,
}

impl Default for DirectoryCache {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            ttl: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(1),
            failure_ttl: Duration::from_secs(1),
            stale_if_error: Duration::ZERO,
        }
    }
}

impl DirectoryCache {
    /// The default times.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tenants are remembered, and as many domains; those that are asked for often are kept. Default: 10,000.
    #[must_use]
    pub fn capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// How long a tenant is remembered. Default: 60 seconds.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// How long it is remembered that a tenant doesn't exist. Default: 1 second.
    #[must_use]
    pub fn negative_ttl(self, negative_ttl: Duration) -> Self {
        Self { negative_ttl, ..self }
    }

    /// How long the directory is not asked again after it could not be reached. Default: 1 second.
    #[must_use]
    pub fn failure_ttl(self, failure_ttl: Duration) -> Self {
        Self { failure_ttl, ..self }
    }

    /// How long the last known answer for a tenant may still be used while the directory can't be reached. Default: not
    /// at all, since the tenant may have been suspended or moved.
    #[must_use]
    pub fn stale_if_error(self, stale_if_error: Duration) -> Self {
        Self { stale_if_error, ..self }
    }

    /// When no process remembers any more who had a name or a domain, with time for an answer that is under way.
    pub(crate) fn reuse_after(&self) -> Duration {
        self.ttl.saturating_add(Duration::from_secs(5))
    }
}
