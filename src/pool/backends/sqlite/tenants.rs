//! Tenants: the directory that knows them, and the hooks that are told about them.

use std::{sync::Arc, time::Duration};

use super::{Sqlite, SqlitePoolBuilder};
use crate::{
    pool::TenantDirectory,
    tenancy::{DirectoryCache, LifecycleHooks},
};

/// # Tenants
impl SqlitePoolBuilder {
    /// Code to run before and after operations on tenants. Default: none.
    pub fn hooks(mut self, hooks: impl LifecycleHooks + 'static) -> Self {
        self.hooks = Some(Arc::new(hooks));
        self
    }

    /// Where tenants live, and which domains lead to them. Default: each file of the folder is a tenant of its name.
    pub fn directory(mut self, directory: impl TenantDirectory<Sqlite> + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// How long the directory's answers are remembered. Default: [`DirectoryCache::default`]: 10,000 tenants for 60
    /// seconds, unknown tenants and failures for one second, no stale answers.
    pub fn directory_cache(mut self, directory_cache: DirectoryCache) -> Self {
        self.directory_cache = directory_cache;
        self
    }

    /// How long a name to which domains led, and a place that a tenant left, stays closed to other tenants in
    /// [`DirectoryTables`](crate::directory::DirectoryTables). Until then an attempt to use it fails with
    /// [`LeftLately`](crate::LifecycleError::LeftLately): a process that still remembers the domain would send its
    /// requests to the new tenant.
    ///
    /// Default: five seconds more than this pool remembers the directory's answers ([`DirectoryCache::ttl`]), 65
    /// seconds. `Duration::ZERO` is for applications of a single process.
    pub fn reuse_after(mut self, reuse_after: Duration) -> Self {
        self.reuse_after = Some(reuse_after);
        self
    }

    /// The directory to use if the shared file has its tables when the pool is built.
    pub(crate) fn directory_if_found(mut self, directory: impl TenantDirectory<Sqlite> + 'static) -> Self {
        self.directory_if_found = Some(Arc::new(directory));
        self
    }
}
