use std::{error::Error, fmt, sync::Arc, time::Duration};

use futures_core::future::BoxFuture;

use super::{LifecycleEvent, Placement, TenantPool};
use crate::{SchemaName, TenantStatus};

/// Knows where tenants live. Without one, a tenant is a schema of the pool's database.
///
/// Two are ready-made, in [`directory`](crate::directory): [`DirectoryTables`](crate::directory::DirectoryTables) and
/// [`FixedDirectory`](crate::directory::FixedDirectory). What a directory answers is remembered ([`DirectoryCache`]), so that
/// it is seldom asked, and never twice at a time for one tenant.
pub trait TenantDirectory: Send + Sync {
    /// Finds a tenant; `None` if there is none of that name. `pool` is the pool whose directory this is: its
    /// [`shared()`](TenantPool::shared) reaches tables in the shared schema.
    ///
    /// # Errors
    /// Why it can't be told at the moment. Nobody gets a connection for the tenant then.
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>>;

    /// Finds the tenant to whom a domain belongs, in lower case and without a dot at its end. By default no domain is anybody's.
    ///
    /// # Errors
    /// Why it can't be told at the moment.
    fn find_domain<'a>(&'a self, domain: &'a str, pool: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        let _ = (domain, pool);
        Box::pin(async { Ok(None) })
    }

    /// The SQL that notes in the pool's own database what becomes of a tenant, `None` if there is nothing to note. It is
    /// run in the same transaction as what is done to the tenant's schema: either both happen, or nothing does.
    fn record(&self, event: &LifecycleEvent, pool: &TenantPool) -> Option<String> {
        let _ = (event, pool);
        None
    }
}

/// What a directory answers.
pub type DirectoryAnswer<T> = Result<Option<T>, Box<dyn Error + Send + Sync>>;

/// What a directory knows of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryEntry {
    /// Where its tables are.
    pub placement: Placement,
    /// Whether it may be checked out. Tenants that are neither active nor suspended count as unknown.
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

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: TenantStatus) -> Self {
        Self { status, ..self }
    }
}

/// Why a directory could not be asked. Everybody who waited for the answer gets the same.
#[derive(Clone)]
pub struct DirectoryError(Arc<dyn Error + Send + Sync>);

impl DirectoryError {
    pub(super) fn new(source: Box<dyn Error + Send + Sync>) -> Self {
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

/// How long a [directory's](TenantDirectory) answers are remembered. What is done to a tenant by this pool is seen at once;
/// what is done elsewhere, with [`listen`](crate::TenantPoolBuilder::listen), within moments.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryCache {
    pub(super) capacity: usize,
    pub(super) time: Duration,
    pub(super) absence: Duration,
    pub(super) failure: Duration,
    pub(super) stale: Duration,
}

impl Default for DirectoryCache {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            time: Duration::from_secs(60),
            absence: Duration::from_secs(1),
            failure: Duration::from_secs(1),
            stale: Duration::ZERO,
        }
    }
}

impl DirectoryCache {
    /// The default times.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tenants are remembered, and as many domains; those asked for often stay. Default: 10,000.
    #[must_use]
    pub fn capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// How long a tenant is remembered. Default: 60 seconds.
    #[must_use]
    pub fn time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// How long it is remembered that there is no such tenant. Default: 1 second.
    #[must_use]
    pub fn absence(self, absence: Duration) -> Self {
        Self { absence, ..self }
    }

    /// For how long nobody asks again after the directory could not be reached. Default: 1 second.
    #[must_use]
    pub fn failure(self, failure: Duration) -> Self {
        Self { failure, ..self }
    }

    /// For how long a tenant may still be served as it was known, while the directory can't be reached. Default: not at all:
    /// it may have been suspended, or moved.
    #[must_use]
    pub fn stale(self, stale: Duration) -> Self {
        Self { stale, ..self }
    }
}
