//! The pool that users hold, whatever the kind of its database, and what all kinds of pool have.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    Backend, CheckoutError, PoolStatus, Postgres, Target, TenantDirectory,
    connections::Shares,
    deadline::Deadline,
    options::{Options, with_symbolic_schema},
    remembered_directory::RememberedDirectory,
};
use crate::{SchemaName, signals::Counters, tenancy::LifecycleHooks, translate::SchemaTranslateMap};

/// One pool of connections for all tenants. See the [module](crate::pool).
///
/// Cloning is cheap: clones share their connections.
///
/// ```no_run
/// # use diesel::prelude::*;
/// # use diesel_async::RunQueryDsl;
/// # diesel::table! { orders (id) { id -> Integer } }
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::TenantPool;
///
/// let pool = TenantPool::builder("postgres://localhost/store").max_size(16).build().await?;
/// let mut conn = pool.for_tenant("client1").get().await?;
/// let orders: i64 = orders::table.count().get_result(&mut conn).await?;
/// # Ok(())
/// # }
/// ```
///
/// # The methods, by what they are for
///
/// | | |
/// |---|---|
/// | [building a pool](#building-a-pool) | [`builder`](Self::builder) |
/// | [connections](#checking-out-connections) | [`for_tenant`](Self::for_tenant), [`shared`](Self::shared), [`with_map`](Self::with_map), [`get`](Self::get), [`current`](Self::current), [`using_database`](Self::using_database) |
/// | [the same work for many tenants](#doing-the-same-work-for-many-tenants) | [`each_tenant`](Self::each_tenant) |
/// | [SQL for many tenants, answered as text](#running-sql-in-many-tenants) | [`run_script`](Self::run_script) |
/// | [creating tenants](#creating-tenants) | [`create_tenant`](Self::create_tenant), [`ensure_tenant`](Self::ensure_tenant), [`place_tenant`](Self::place_tenant), [`adopt_tenant`](Self::adopt_tenant), [`clone_tenant`](Self::clone_tenant), [`prepare_spares`](Self::prepare_spares) |
/// | [finding tenants](#listing-tenants) | [`tenants`](Self::tenants), [`all_tenants`](Self::all_tenants), [`tenant_exists`](Self::tenant_exists), [`placement_of`](Self::placement_of), [`tenant_of_domain`](Self::tenant_of_domain), [`schema_size`](Self::schema_size) |
/// | [domains](#domains) | [`add_domain`](Self::add_domain), [`remove_domain`](Self::remove_domain), [`set_primary_domain`](Self::set_primary_domain), [`domains_of`](Self::domains_of), [`domains`](Self::domains) |
/// | [changing tenants](#renaming-a-tenant) | [`rename_tenant`](Self::rename_tenant), [`suspend_tenant`](Self::suspend_tenant), [`resume_tenant`](Self::resume_tenant), [`move_tenant`](Self::move_tenant) |
/// | [archives](#archiving-and-restoring-a-tenant) | [`archive_tenant`](Self::archive_tenant), [`restore_tenant`](Self::restore_tenant), [`archived_tenants`](Self::archived_tenants), [`drop_archived`](Self::drop_archived) |
/// | [dropping a tenant](#dropping-a-tenant) | [`drop_tenant`](Self::drop_tenant) |
/// | [export](#exporting-a-tenant) and [import](#importing-a-tenant) | [`export_tenant`](Self::export_tenant), [`import_tenant`](Self::import_tenant) |
/// | [migrations of the shared schema, or of one tenant](#migrating-the-shared-schema-or-one-tenant) | [`migrate_shared`](Self::migrate_shared), [`revert_shared`](Self::revert_shared), [`pending_shared`](Self::pending_shared), [`shared_migration_status`](Self::shared_migration_status), [`migrate_tenant`](Self::migrate_tenant), [`revert_tenant`](Self::revert_tenant), [`pending_tenant`](Self::pending_tenant) |
/// | [migrations of all tenants](#migrating-all-tenants) | [`migrate_tenants`](Self::migrate_tenants), [`revert_tenants`](Self::revert_tenants), [`migration_status`](Self::migration_status); in several databases [`all_databases`](Self::all_databases), which [inspects](crate::pool::AllDatabases::inspect) and [balances](crate::pool::AllDatabases::balance) them, too |
/// | [checking tenants' structures](#comparing-tenants-with-a-template) | [`drift`](Self::drift), [`cross_references`](Self::cross_references); on SQLite also `drift_from_migrations` |
/// | [preparing shared tables](#preparing-tables-that-tenants-share) | [`prepare_directory`](Self::prepare_directory), [`enable_row_security`](Self::enable_row_security), [`make_reference_tables`](Self::make_reference_tables) |
/// | Rust declarations of the tables | `rust_schema`, with the feature `schema` |
/// | [the pool itself](#the-pool-itself) | [`status`](Self::status), [`statistics`](Self::statistics), [`close`](Self::close), [`shared_schema`](Self::shared_schema); with the feature `metrics` also `record_metrics`, on MySQL `sweep` |
///
/// # How calls end
///
/// Many methods return a request: it takes options, and does nothing before its last call.
///
/// - **A builder** ends in `build()`: `TenantPool::builder(url).max_size(16).build().await`.
/// - **A checkout** ends in `get()`: `pool.for_tenant("client1").get().await`.
/// - **An operation on one tenant** is awaited: `pool.rename_tenant("client1", "client2").await`, with options before
///   the `.await`.
/// - **An operation that needs something to work with** ends in the method that takes it:
///   `export_tenant("client1").to(writer)`, `import_tenant("client1").from(reader)`, `each_tenant().run(work)`.
/// - **Work for all tenants** ends in `run()` and returns a report: `migrate_tenants(migrations).run().await`.
/// - **A script** ends in `start()` and gives its answers one by one: `run_script(sql).start().await`.
pub struct TenantPool<B: Backend = Postgres>(pub(crate) Arc<Inner<B>>);

impl<B: Backend> Clone for TenantPool<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What pools hold, whatever the kind of their database.
pub(crate) struct Inner<B: Backend> {
    pub(crate) shared_schema: SchemaName,
    pub(crate) schema_map: SchemaTranslateMap,
    pub(crate) options: Options,
    pub(crate) hooks: Option<Arc<dyn LifecycleHooks>>,
    pub(crate) shares: Option<Shares>,
    /// How many callers may hold one connection while they wait for another: each has a
    /// [`SecondConnectionPermit`](super::SecondConnectionPermit).
    #[cfg(feature = "_web")]
    pub(crate) second_connections: Arc<tokio::sync::Semaphore>,
    pub(crate) remembered: Option<RememberedDirectory<B>>,
    /// How long a place or name that a tenant left stays closed to other tenants.
    pub(crate) reuse_after: Duration,
    pub(crate) counters: Arc<Counters>,
    /// What a recorder was told of them.
    #[cfg(feature = "metrics")]
    pub(crate) told: std::sync::Mutex<super::metrics::Told>,
    /// What only this kind of database has.
    pub(crate) backend: B::Pool,
}

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// # The pool itself
impl<B: Backend> TenantPool<B> {
    pub(crate) fn new(inner: Inner<B>) -> Self {
        Self(Arc::new(inner))
    }

    /// What is counted in this pool.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    /// The map of a tenant that is a schema of this database.
    pub(crate) fn map_of(&self, tenant: &SchemaName) -> SchemaTranslateMap {
        self.with_symbolic_schema(SchemaTranslateMap::tenant(tenant.clone()))
    }

    pub(crate) fn with_symbolic_schema(&self, map: SchemaTranslateMap) -> SchemaTranslateMap {
        with_symbolic_schema(map, self.0.options.symbolic_schema.as_deref())
    }

    /// The name that stands for the tenant's schema in `table!`.
    #[cfg(feature = "schema")]
    pub(crate) fn symbolic_schema(&self) -> Option<&str> {
        self.0.options.symbolic_schema.as_deref()
    }

    /// Closes the pool: free connections at once, connections in use when they come back. From now on checkouts fail,
    /// including checkouts that are waiting.
    pub fn close(&self) {
        B::close(self);
    }

    /// Counts the pool's connections.
    pub fn status(&self) -> PoolStatus {
        B::status(self)
    }

    /// The schema of the shared tables.
    pub fn shared_schema(&self) -> &SchemaName {
        &self.0.shared_schema
    }

    pub(crate) fn remembered(&self) -> Option<&RememberedDirectory<B>> {
        self.0.remembered.as_ref()
    }

    pub(crate) fn directory(&self) -> Option<&dyn TenantDirectory<B>> {
        self.remembered().map(|remembered| &*remembered.directory)
    }

    pub(crate) fn shares(&self) -> Option<&Shares> {
        self.0.shares.as_ref()
    }

    /// Waits until the tenant has fewer connections than it may have, if there is a limit.
    pub(crate) async fn share_of(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<OwnedSemaphorePermit>, CheckoutError> {
        let (Some(shares), Target::Tenant(tenant)) = (self.shares(), target) else {
            return Ok(None);
        };
        let patience = self.wait_timeout().min(deadline.left());
        let share = shares.take(tenant, patience, &self.counters().share_waits);
        share.await.map(Some)
    }

    /// Whether this is the pool's only handle.
    pub(crate) fn is_only_one(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// How long a place or name that a tenant left stays closed to other tenants. `DirectoryTables` remembers who left
    /// it for a day.
    pub(crate) fn reuse_after(&self) -> Duration {
        self.0.reuse_after.min(A_DAY)
    }

    pub(crate) fn wait_timeout(&self) -> Duration {
        self.0.options.wait_timeout()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn second_connections(&self) -> &Arc<tokio::sync::Semaphore> {
        &self.0.second_connections
    }

    /// The deadline of a checkout that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::of_checkout(self.wait_timeout())
    }

    pub(crate) fn hooks(&self) -> Option<&dyn LifecycleHooks> {
        self.0.hooks.as_deref()
    }
}

impl<B: Backend> fmt::Debug for TenantPool<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantPool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
