use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{Object, PoolError, Timeouts};

use super::{
    Checkout, CheckoutError, CheckoutRequest, DatabaseError, MigrationStatements, Target, TenantPoolBuilder,
    databases::Databases, deadline::Deadline, listen::Listener, manager::Manager, options::Options, readers::Readers,
    request::Wanted, resolve::Resolver, schemas::Schemas, shares::Shares,
};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError,
    backend::postgres::{ConnectError, Connector},
    tenancy::{LifecycleHooks, PlacementPolicy, SPARE_PREFIX, TenantDirectory},
    translate::SchemaTranslateMap,
};

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
#[derive(Clone)]
pub struct TenantPool(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) connections: deadpool::managed::Pool<Manager>,
    pub(super) connector: Arc<Connector>,
    pub(super) migration_connector: Arc<Connector>,
    pub(super) schemas: Arc<Schemas>,
    pub(super) shared_schema: SchemaName,
    pub(super) schema_map: SchemaTranslateMap,
    pub(super) options: Options,
    /// Whether another pool's directory knows who lives here.
    pub(super) is_further: bool,
    pub(super) detected_batches: OnceLock<bool>,
    pub(super) hooks: Option<Arc<dyn LifecycleHooks>>,
    pub(super) shares: Option<Shares>,
    /// How many may hold one connection and wait for another; see [`Turn`](super::Turn).
    #[cfg(feature = "_web")]
    pub(super) turns: Arc<tokio::sync::Semaphore>,
    pub(super) resolver: Option<Arc<Resolver>>,
    pub(super) listener: Mutex<Option<Listener>>,
    /// When the catalog last said that row-level security holds the role back everywhere.
    pub(super) rows_protected: Mutex<Option<Instant>>,
    pub(super) databases: Arc<Databases>,
    pub(super) readers: Readers,
    pub(super) placement_policy: Option<Arc<dyn PlacementPolicy>>,
    /// For how long nobody else gets what a tenant left.
    pub(super) reuse_after: Duration,
}

/// The pool's connections, and the checkouts that wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The largest number of connections.
    pub max_size: usize,
    /// How many connections there are, checked out or not.
    pub size: usize,
    /// How many connections are free.
    pub available: usize,
    /// How many checkouts are waiting.
    pub waiting: usize,
}

impl TenantPool {
    /// Starts a pool for the database at `database_url`: `postgres://user:password@host:5432/database`, or any other
    /// form that [`tokio_postgres::Config`] reads.
    pub fn builder(database_url: impl Into<String>) -> TenantPoolBuilder {
        TenantPoolBuilder::new(database_url.into())
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// A checkout for one tenant: unqualified tables are the tenant's, tables pinned to a schema stay there.
    ///
    /// [`get`](CheckoutRequest::get) fails for an invalid name, for a schema that is no tenant's (the shared one, those
    /// of extensions), and for a tenant without a schema. Any other schema of the database counts as a tenant.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'_> {
        let wanted = self.tenant_name(tenant).map(Wanted::Tenant);
        CheckoutRequest::new(self, wanted.map_err(CheckoutError::from))
    }

    /// A checkout for pinned tables only. A query for a tenant's table fails before anything is sent.
    pub fn shared(&self) -> CheckoutRequest<'_> {
        let map = self.with_symbolic_schema(SchemaTranslateMap::new());
        CheckoutRequest::new(self, Ok(Wanted::Map(Target::Shared, map)))
    }

    /// The map of a tenant that is a schema of this database.
    pub(super) fn map_of(&self, tenant: &SchemaName) -> SchemaTranslateMap {
        self.with_symbolic_schema(SchemaTranslateMap::tenant(tenant.clone()))
    }

    fn with_symbolic_schema(&self, map: SchemaTranslateMap) -> SchemaTranslateMap {
        match &self.0.options.symbolic_schema {
            Some(schema) => map.with_symbolic(schema),
            None => map,
        }
    }

    /// Checkouts in another database, by the name under which it was [declared](TenantPoolBuilder::database). There a
    /// tenant is a schema of that database, whatever the directory says.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut reports = pool.using_database("reports").shared().get().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn using_database(&self, database: impl Into<Arc<str>>) -> AnotherDatabase<'_> {
        AnotherDatabase {
            pool: self,
            database: database.into(),
        }
    }

    /// A checkout under any map. The schema to which unqualified names lead must exist.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'_> {
        CheckoutRequest::new(self, Ok(Wanted::Map(Target::Map, map)))
    }

    /// A checkout under the pool's own map ([`schema_map`](TenantPoolBuilder::schema_map)).
    ///
    /// # Errors
    /// As for [`CheckoutRequest::get`].
    pub async fn get(&self) -> Result<Checkout, CheckoutError> {
        self.with_map(self.0.schema_map.clone()).get().await
    }

    /// Counts the pool's connections.
    pub fn status(&self) -> PoolStatus {
        let deadpool::Status {
            max_size,
            size,
            available,
            waiting,
        } = self.0.connections.status();
        PoolStatus {
            max_size,
            size,
            available,
            waiting,
        }
    }

    /// Closes the pool: free connections at once, others when they come back. From now on checkouts fail, including
    /// those that already wait.
    pub fn close(&self) {
        self.0.connections.close();
        self.0.connections.manager().forget_first();
        self.0.databases.close();
        self.0.readers.close();
        self.0.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The schema of the shared tables.
    pub fn shared_schema(&self) -> &SchemaName {
        &self.0.shared_schema
    }

    /// A name that a new tenant may have. All names that no tenant gets are refused here.
    pub(crate) fn new_tenant_name(&self, tenant: impl IntoSchemaName) -> Result<SchemaName, SchemaNameError> {
        let name = self.tenant_name(tenant)?;
        if name.as_str().starts_with(SPARE_PREFIX) {
            return Err(SchemaNameError::Spare {
                name: name.as_str().to_owned(),
            });
        }
        Ok(name)
    }

    /// A name that a tenant may have, or what a tenant was made of: a spare, an archive.
    pub(crate) fn tenant_name(&self, tenant: impl IntoSchemaName) -> Result<SchemaName, SchemaNameError> {
        let name = tenant.into_schema_name()?;
        if name == self.0.shared_schema {
            return Err(SchemaNameError::Shared {
                name: name.as_str().to_owned(),
            });
        }
        if self.0.connector.extension_schemas().contains(&name) {
            return Err(SchemaNameError::Extensions {
                name: name.as_str().to_owned(),
            });
        }
        if self.0.options.symbolic_schema.as_deref() == Some(name.as_str()) {
            return Err(SchemaNameError::Symbolic {
                name: name.as_str().to_owned(),
            });
        }
        Ok(name)
    }

    /// A connection that is free now or, only if there is none, the next one: waiting takes a timer. Without a reason it took
    /// too long.
    pub(super) async fn free_or_awaited_connection(
        &self,
        deadline: Deadline,
    ) -> Result<Object<Manager>, Option<PoolError<ConnectError>>> {
        let mut last = None;
        for attempts in 0.. {
            let attempt = async {
                match self.0.connections.timeout_get(&NOW).await {
                    Err(PoolError::Timeout(_)) => {
                        // A little less, so that it is this timer that ends the wait, and says what was waited for.
                        let wait = deadline
                            .left()
                            .min(self.wait_timeout())
                            .saturating_sub(Duration::from_millis(2));
                        let patience = Timeouts {
                            wait: Some(wait),
                            ..NOW
                        };
                        Box::pin(self.0.connections.timeout_get(&patience)).await
                    }
                    result => result,
                }
            };
            match deadline.bound(attempt).await {
                Some(Ok(object)) => return Ok(object),
                // The pool may have more than the server has room for: the next one may come back, or there may be room.
                Some(Err(PoolError::Backend(error))) if error.is_for_want_of_room() => {
                    last = Some(PoolError::Backend(error));
                    if !Box::pin(deadline.pause(attempts)).await {
                        break;
                    }
                }
                Some(Err(error)) => return Err(Some(error)),
                None => break,
            }
        }
        Err(last)
    }

    /// A connection for a migration that leaves nothing behind: one that is free now, if migrations may use the pool's.
    pub(crate) async fn free_migration_connection(&self) -> Option<Checkout> {
        if !Arc::ptr_eq(&self.0.connector, &self.0.migration_connector) {
            return None;
        }
        let object = self.0.connections.timeout_get(&NOW).await.ok()?;
        let checkout = Checkout::of(object, self.0.connector.is_plain());
        // Row-level security would hide rows from a migration.
        (!checkout.shows_rows()).then_some(checkout)
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.0.connector
    }

    pub(crate) fn migration_connector(&self) -> &Connector {
        &self.0.migration_connector
    }

    pub(crate) fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    pub(super) fn resolver(&self) -> Option<&Resolver> {
        self.0.resolver.as_deref()
    }

    pub(crate) fn directory(&self) -> Option<&dyn TenantDirectory> {
        self.resolver().map(|resolver| &*resolver.directory)
    }

    /// Whether it is the pool of a further database of another pool, whose directory knows who lives here.
    pub(crate) fn is_further(&self) -> bool {
        self.0.is_further
    }

    pub(super) fn shares(&self) -> Option<&Shares> {
        self.0.shares.as_ref()
    }

    /// Whether there is no clone of it.
    pub(super) fn is_only_one(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// The pool of a further database, if there is one already.
    pub(super) fn open_database(&self, database: &Arc<str>) -> Option<TenantPool> {
        self.0.databases.opened(database)
    }

    pub(super) async fn database_for(
        &self,
        target: &Target,
        database: &Arc<str>,
        deadline: Deadline,
    ) -> Result<TenantPool, CheckoutError> {
        let pool = self.0.databases.get(database, deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: target.clone(),
            source: Box::new(source),
        })
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.0.readers
    }

    pub(crate) fn placement_policy(&self) -> Option<&dyn PlacementPolicy> {
        self.0.placement_policy.as_deref()
    }

    pub(crate) fn reuse_after(&self) -> Duration {
        self.0.reuse_after
    }

    /// The setting that row-level security policies compare with.
    pub(crate) fn row_setting(&self) -> &str {
        &self.0.options.row_setting
    }

    /// Whether the catalog was asked within the last second what the role might see past row-level security.
    pub(super) fn rows_are_protected(&self, now: Instant) -> bool {
        let asked = *self.0.rows_protected.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| now.saturating_duration_since(asked) < Duration::from_secs(1))
    }

    pub(super) fn note_protected_rows(&self, asked: Instant) {
        *self.0.rows_protected.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    pub(super) fn wait_timeout(&self) -> Duration {
        self.0.options.wait_timeout
    }

    #[cfg(feature = "_web")]
    pub(super) fn turns(&self) -> &Arc<tokio::sync::Semaphore> {
        &self.0.turns
    }

    /// For a checkout that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::of_checkout(self.wait_timeout())
    }

    pub(super) fn recycle_timeout(&self) -> Duration {
        self.0.options.recycle_timeout
    }

    pub(super) fn migration_statements(&self) -> MigrationStatements {
        self.0.options.migration_statements
    }

    pub(super) fn detected_batches(&self) -> &OnceLock<bool> {
        &self.0.detected_batches
    }

    /// Has a tenant looked up anew, wherever it may have been known, now and when the guard is dropped: for what changes it, and may
    /// be given up.
    pub(crate) fn forget_afterwards<'a>(&'a self, tenant: &'a SchemaName) -> impl Drop + use<'a> {
        struct Forget<'a>(&'a TenantPool, &'a SchemaName);

        impl Forget<'_> {
            fn forget(&self) {
                self.0.schemas().forget(self.1);
                if let Some(resolver) = self.0.resolver() {
                    resolver.forget(self.1);
                }
            }
        }

        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                self.forget();
            }
        }

        let forget = Forget(self, tenant);
        forget.forget();
        forget
    }

    /// Has one tenant looked up anew at the next checkout, now and when the guard is dropped; at no cost that grows with the
    /// number of tenants.
    pub(crate) fn forget_tenant_afterwards(&self, tenant: &SchemaName) -> impl Drop + use<'_> {
        self.0.schemas.forget_map_afterwards(self.map_of(tenant))
    }

    pub(crate) fn hooks(&self) -> Option<&dyn LifecycleHooks> {
        self.0.hooks.as_deref()
    }

    pub(crate) fn refuses_outside_work(&self) -> bool {
        self.0.options.refuse_outside_work
    }

    pub(crate) fn migration_lock_timeout(&self) -> Duration {
        self.0.options.migration_lock_timeout
    }
}

/// Another database behind a pool; see [`TenantPool::using_database`].
#[derive(Debug, Clone)]
pub struct AnotherDatabase<'a> {
    pool: &'a TenantPool,
    database: Arc<str>,
}

impl<'a> AnotherDatabase<'a> {
    /// A checkout for a tenant: a schema of that database.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'a> {
        self.pool.for_tenant(tenant).in_database(Arc::clone(&self.database))
    }

    /// A checkout for pinned tables only.
    pub fn shared(&self) -> CheckoutRequest<'a> {
        self.pool.shared().in_database(Arc::clone(&self.database))
    }

    /// A checkout under any map.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'a> {
        self.pool.with_map(map).in_database(Arc::clone(&self.database))
    }

    /// The database's own pool: to migrate the database, or to create tenants in it. While you keep the pool, the
    /// database counts as in use.
    ///
    /// # Errors
    /// [`DatabaseError`]: the database was not declared, or can't be reached.
    pub async fn pool(&self) -> Result<TenantPool, DatabaseError> {
        self.pool.0.databases.get(&self.database, self.pool.deadline()).await
    }
}

/// Doesn't wait for others to give theirs back.
const NOW: Timeouts = Timeouts {
    wait: Some(Duration::ZERO),
    create: None,
    recycle: None,
};

impl fmt::Debug for TenantPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantPool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
