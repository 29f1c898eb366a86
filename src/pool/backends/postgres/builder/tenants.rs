//! Tenants: the directory that knows them, the hooks that are told about them, and where new tenants are placed.
use std::{sync::Arc, time::Duration};

use super::TenantPoolBuilder;
use crate::{
    pool::{PlacementPolicy, TenantDirectory},
    tenancy::{DirectoryCache, LifecycleHooks},
};

/// # Tenants
impl TenantPoolBuilder {
    /// Code that runs before and after each [event](crate::LifecycleEvent) in a tenant's life that this pool brings
    /// about, such as creating, renaming or dropping the tenant. Default: none.
    pub fn hooks(self, hooks: impl LifecycleHooks + 'static) -> Self {
        Self {
            hooks: Some(Arc::new(hooks)),
            ..self
        }
    }

    /// Sets the directory, which knows the tenants, and the database and schema of each. Default: none, every schema of
    /// the database is a tenant.
    pub fn directory(self, directory: impl TenantDirectory + 'static) -> Self {
        Self {
            directory: Some(Arc::new(directory)),
            ..self
        }
    }

    /// The directory to ask if the database has the directory's tables when the pool is built.
    pub(crate) fn directory_if_found(self, directory: impl TenantDirectory + 'static) -> Self {
        Self {
            directory_if_found: Some(Arc::new(directory)),
            ..self
        }
    }

    /// How long the directory's answers are remembered. Default: [`DirectoryCache::default`]: 10,000 tenants for 60
    /// seconds, unknown tenants and failures for one second, no stale answers.
    pub fn directory_cache(self, directory_cache: DirectoryCache) -> Self {
        Self {
            directory_cache,
            ..self
        }
    }

    /// How long a place that a tenant left, or a name to which domains led, stays closed to other tenants in
    /// [`DirectoryTables`](crate::directory::DirectoryTables). Until then an attempt to use it fails with
    /// [`LeftLately`](crate::LifecycleError::LeftLately). A process that still remembers the tenant's old place, or its
    /// domain, would send the tenant's requests to the new tenant there.
    ///
    /// Default: five seconds more than this pool remembers the directory's answers ([`DirectoryCache::ttl`]), 65
    /// seconds. Set a longer time if other processes remember the answers for longer. `Duration::ZERO` is for
    /// applications of a single process. More than a day counts as a day.
    pub fn reuse_after(self, reuse_after: Duration) -> Self {
        Self {
            reuse_after: Some(reuse_after),
            ..self
        }
    }

    /// Listens for the changes that other processes make to tenants, so that this process sees a change within moments.
    /// Default: no, a change is seen when the remembered answer expires, by default after 60 seconds.
    ///
    /// Without a [directory](Self::directory), what the pool knows of a tenant's schema then lives until it is told of
    /// a change, and not just for the time of [`schema_cache`](Self::schema_cache). Changes by other tools than this
    /// library (`DROP SCHEMA` by hand) are told by nobody: queries of a tenant that was dropped so fail, since its
    /// tables are gone.
    ///
    /// The tenants of such a pool are looked up ahead of their first checkouts, as many as
    /// [`schema_cache`](Self::schema_cache) has room for: by one query, as soon as the pool listens, and after each
    /// time that it could not. So a tenant's first checkout costs no round trip. Not behind a pooler
    /// ([`search_path_from_role`](Self::search_path_from_role)), nor in replicas and further databases.
    ///
    /// This takes one more connection, to the [`migration_url`](Self::migration_url) if there is one, since a pooler in
    /// transaction mode passes no notifications on. If the connection breaks, it is opened again, and everything is
    /// looked up anew.
    pub fn listen(self) -> Self {
        Self { listens: true, ..self }
    }

    /// Chooses where the tenants live that [`create_tenant`](crate::TenantPool::create_tenant) and
    /// [`ensure_tenant`](crate::TenantPool::ensure_tenant) create. Default: none, in the pool's own database.
    ///
    /// A policy needs a [directory](Self::directory) that records where tenants live.
    pub fn placement_policy(self, placement_policy: impl PlacementPolicy + 'static) -> Self {
        Self {
            placement_policy: Some(Arc::new(placement_policy)),
            ..self
        }
    }

    /// The session setting that row-level security policies compare with a row's tenant id, for tenants that [share
    /// their tables](crate::Placement::rows). Default: `diesel_tenants.tenant_id`.
    pub fn row_setting(mut self, row_setting: impl Into<String>) -> Self {
        self.options.row_setting = row_setting.into();
        self
    }
}
