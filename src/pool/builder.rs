use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use deadpool::managed::QueueMode;
use diesel::ConnectionResult;
use diesel_async::AsyncPgConnection;
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_postgres::Config;

use super::{
    BuildError, DatabaseLimits, FoundDirectory, MigrationStatements, TenantPool,
    databases::{Databases, FindUrl},
    listen::Listener,
    manager::{Limits, Manager},
    options::Options,
    readers::{Readers, ReplicaUrls},
    resolve::Resolver,
    schemas::Schemas,
    shares::Shares,
    tenant_pool::Inner,
};
use crate::{
    SchemaName, SchemaNameError,
    backend::postgres::Connector,
    tenancy::{DirectoryCache, LifecycleHooks, PlacementPolicy, TenantDirectory},
    translate::SchemaTranslateMap,
};

/// When a connection is tested before it is handed out again.
///
/// In all cases the pool closes a connection with an open transaction, with session state, or busy with an abandoned
/// query. That includes test transactions, unlike in Diesel's own pools: a test that wants one holds its checkout for
/// as long as the transaction lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recycling {
    /// No query: only a connection whose socket is known to be closed is replaced. A dead server shows at the first
    /// query.
    Fast,
    /// Tested with a query (one round trip) if it was idle for this long: a busy pool pays nothing.
    VerifiedAfterIdle(Duration),
    /// Tested with a query (one round trip) at every checkout.
    Verified,
}

/// Options of a [`TenantPool`]; see [`TenantPool::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct TenantPoolBuilder {
    database_url: String,
    max_size: usize,
    options: Options,
    /// Whether this is one of the further databases of another pool.
    is_further: bool,
    schema_map: SchemaTranslateMap,
    migration_url: Option<String>,
    hooks: Option<Arc<dyn LifecycleHooks>>,
    directory: Option<Arc<dyn TenantDirectory>>,
    /// The one to use if the database has its tables.
    directory_if_found: Option<Arc<dyn TenantDirectory>>,
    directory_cache: DirectoryCache,
    reuse_after: Option<Duration>,
    databases: HashMap<String, String>,
    find_database: Option<Arc<FindUrl>>,
    database_limits: DatabaseLimits,
    pub(super) replicas: ReplicaUrls,
    placement_policy: Option<Arc<dyn PlacementPolicy>>,
    listens: bool,
}

impl TenantPoolBuilder {
    pub(super) fn new(database_url: String) -> Self {
        Self {
            database_url,
            max_size: 10,
            options: Options::default(),
            is_further: false,
            schema_map: SchemaTranslateMap::new(),
            migration_url: None,
            hooks: None,
            directory: None,
            directory_if_found: None,
            directory_cache: DirectoryCache::default(),
            reuse_after: None,
            databases: HashMap::new(),
            find_database: None,
            database_limits: DatabaseLimits::default(),
            replicas: ReplicaUrls::default(),
            placement_policy: None,
            listens: false,
        }
    }

    /// For another database of the same application.
    pub(super) fn with_options(database_url: String, options: Options, max_size: usize) -> Self {
        Self {
            options,
            max_size,
            is_further: true,
            ..Self::new(database_url)
        }
    }

    /// The largest number of connections. Default: 10. All tenants share them. The upper limit is the server's
    /// `max_connections`, divided by the number of the application's processes.
    pub fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout may take in all: waiting for a free connection, the directory's answer, testing or opening a
    /// connection, looking up the tenant's schema. Default: 30 seconds. Web services that would rather answer 503 than
    /// queue should set less. A limit below one second applies only to the wait for others' connections: the whole
    /// checkout may still take one second, since opening a connection takes a while.
    ///
    /// When the server has no room for another connection, the checkout waits within the same limit, until a connection
    /// of the pool comes back or the server has room. Only with [`establish_with`](Self::establish_with) the checkout
    /// fails at once.
    pub fn wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.options.wait_timeout = wait_timeout;
        self
    }

    /// How long opening a connection may take. Default: 10 seconds.
    ///
    /// An open connection whose server disappears silently ends after about a minute, even during a migration or
    /// another long call. TCP keepalives are sent after 30 seconds of silence, and sent data must be acknowledged
    /// within 60 seconds (900 for exports, imports and moves, which copy rows). The database URL can change these
    /// values, except the 900, in seconds: `?keepalives_idle=300&keepalives_interval=60&tcp_user_timeout=600`.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.options.connect_timeout = connect_timeout;
        self
    }

    /// How long the server may take to answer the test of a connection, or the question whether a schema exists.
    /// Default: 5 seconds. A connection that doesn't answer its test in time is replaced. Connections that have been
    /// idle for as long as that one are then replaced untested.
    pub fn recycle_timeout(mut self, recycle_timeout: Duration) -> Self {
        self.options.recycle_timeout = recycle_timeout;
        self
    }

    /// When connections are tested before they are handed out again. Default: after one second without use.
    pub fn recycling(mut self, recycling: Recycling) -> Self {
        self.options.recycling = recycling;
        self
    }

    /// The age at which a connection is replaced. Default: 30 minutes. Keep it below the time after which a firewall or
    /// proxy in between drops connections.
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.options.max_lifetime = max_lifetime;
        self
    }

    /// How many distinct statements a connection may prepare before it is replaced. Default: 2,000.
    ///
    /// Each tenant's statements are prepared separately, and the server keeps plans and catalog entries for each of
    /// them: this limit bounds the memory on both sides. A pool with many tenants and large servers may want more.
    pub fn max_statements(mut self, max_statements: usize) -> Self {
        self.options.max_statements = max_statements;
        self
    }

    /// How many connections one tenant may have at a time, at least one. The tenant's further checkouts wait, without
    /// taking connections from other tenants. Default: no limit but the pool's.
    ///
    /// Without this limit a tenant with slow queries can take all connections of the pool.
    pub fn max_per_tenant(mut self, max_per_tenant: usize) -> Self {
        self.options.max_per_tenant = Some(max_per_tenant.max(1));
        self
    }

    /// The schema of the shared tables; it is not a tenant. Default: `public`.
    pub fn shared_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.shared_schema = schema.into();
        self
    }

    /// A schema name that stands for the tenant's schema: tables declared in it, `table! { tenant.orders … }`, are the
    /// tenant's, as unqualified tables are. Default: none. Neither a tenant nor another schema of the database may have
    /// that name.
    pub fn symbolic_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.symbolic_schema = Some(schema.into());
        self
    }

    /// Schemas to keep on the search_path, so that the types, functions and operators of their extensions are found.
    /// They must hold nothing but extensions, and not everybody may have the right to create objects in them. Neither
    /// the shared schema nor a tenant's can be listed. Default: none; PostgreSQL's own are always found.
    pub fn extension_schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.options.extension_schemas = schemas.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves the search_path to the role (`ALTER ROLE … SET search_path = ''`). Default: it is sent as a startup
    /// option, which PgBouncer refuses. Either way every new connection's search_path is checked.
    ///
    /// PgBouncer in transaction mode must be 1.21 or newer, with `max_prepared_statements` set. An older one mixes up
    /// its clients' prepared statements, so that one client may get the rows of another's query. Each new connection
    /// must prove that it leads to the server itself, or that the pooler gives its statements names of their own. Any
    /// other connection is [refused](crate::ConnectError::UnsafePooler), including PgBouncer in session mode.
    ///
    /// With this option, statements that leave something on the session (`SET`, a temporary table) are
    /// [refused](crate::RefusedStatement). A pooler's session keeps the settings that the role had when the session
    /// began: after another `ALTER ROLE … SET search_path`, have the pooler open new sessions (`RECONNECT`), and
    /// rebuild the pool.
    pub fn search_path_from_role(mut self) -> Self {
        self.options.search_path_from_role = true;
        self
    }

    /// The map of checkouts without a map of their own ([`TenantPool::get`]). Default: empty, as for
    /// [`TenantPool::shared`].
    pub fn schema_map(self, map: SchemaTranslateMap) -> Self {
        Self {
            schema_map: map,
            ..self
        }
    }

    /// How many existing schemas are remembered, and for how long. Default: 10,000 for 60 seconds.
    ///
    /// A missing schema is remembered for one second, for as many names: a flood of unknown names costs at most one
    /// query for each name and second. A tenant that this process creates is seen at once; one that another process
    /// creates, within that second. A tenant that another process drops may be handed out for the whole time: its
    /// queries fail, since its tables are gone.
    pub fn schema_cache(mut self, schemas: usize, time: Duration) -> Self {
        self.options.schemas_cached = schemas;
        self.options.schemas_cached_for = time;
        self
    }

    /// Another URL of the same database, for migrations, that bypasses a pooler in transaction mode. Default: none, the
    /// pool's own URL.
    ///
    /// On these connections the search_path is sent as a startup option, also with
    /// [`search_path_from_role`](Self::search_path_from_role).
    pub fn migration_url(self, migration_url: impl Into<String>) -> Self {
        Self {
            migration_url: Some(migration_url.into()),
            ..self
        }
    }

    /// Code that runs before and after this pool creates, renames or drops a tenant, and so on. Default: none.
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

    /// The directory to ask if the database has a directory's tables when the pool is built.
    pub(crate) fn directory_if_found(self, directory: impl TenantDirectory + 'static) -> Self {
        Self {
            directory_if_found: Some(Arc::new(directory)),
            ..self
        }
    }

    /// How long the directory's answers are remembered.
    pub fn directory_cache(self, directory_cache: DirectoryCache) -> Self {
        Self {
            directory_cache,
            ..self
        }
    }

    /// How long nobody else can get a place that a tenant left, or a name to which domains led, in
    /// [`DirectoryTables`](crate::directory::DirectoryTables). Until then the attempt fails with
    /// [`LeftLately`](crate::LifecycleError::LeftLately). A process that still remembers the tenant's old place, or its
    /// domain, would lead the tenant's requests to the newcomer.
    ///
    /// Default: five seconds more than this pool remembers the directory's answers ([`DirectoryCache::ttl`]), 65
    /// seconds. Set it where other processes remember them for longer; `Duration::ZERO` is for a single process. A
    /// longer time than a day counts as a day.
    pub fn reuse_after(self, reuse_after: Duration) -> Self {
        Self {
            reuse_after: Some(reuse_after),
            ..self
        }
    }

    /// Listens for what other processes do to tenants, so that this process sees it within moments. Default: no;
    /// changes are seen when what is remembered expires, by default after 60 seconds.
    ///
    /// This takes one more connection, to the [`migration_url`](Self::migration_url) if there is one, since a pooler in
    /// transaction mode passes no notifications on. If the connection breaks, it is opened again, and everything is
    /// looked up anew.
    pub fn listen(self) -> Self {
        Self { listens: true, ..self }
    }

    /// Declares another database, on any server: for tenants that the directory places there, and for
    /// [`using_database`](TenantPool::using_database). Its connections are opened when they are needed, with the
    /// options of this pool.
    pub fn database(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        self.databases.insert(name.into(), database_url.into());
        self
    }

    /// Finds the URLs of undeclared databases by their names: for one database per tenant. `None` is an error for the
    /// caller. Default: there are no undeclared databases.
    pub fn databases_with<F>(self, find: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'static, Option<String>> + Send + Sync + 'static,
    {
        Self {
            find_database: Some(Arc::new(find)),
            ..self
        }
    }

    /// How many connections to other databases there may be.
    pub fn database_limits(self, database_limits: DatabaseLimits) -> Self {
        Self {
            database_limits,
            ..self
        }
    }

    /// Chooses where new tenants live that [`create_tenant`](TenantPool::create_tenant) and
    /// [`ensure_tenant`](TenantPool::ensure_tenant) make. Default: none, in the pool's own database.
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

    /// How long a migration waits for another migration of the same schema. Default: 60 seconds.
    pub fn migration_lock_timeout(mut self, migration_lock_timeout: Duration) -> Self {
        self.options.migration_lock_timeout = migration_lock_timeout;
        self
    }

    /// How the SQL of migrations is sent. Default: in one message; to Citus, statement by statement.
    pub fn migration_statements(mut self, migration_statements: MigrationStatements) -> Self {
        self.options.migration_statements = migration_statements;
        self
    }

    /// Refuses tenants' migrations that create, alter or drop something outside the tenant's schema, before anything is
    /// run: see [`OutsideWork`](crate::migrations::OutsideWork). Default: they are run, and the report names them.
    pub fn refuse_outside_work(mut self) -> Self {
        self.options.refuse_outside_work = true;
        self
    }

    /// Opens connections with your own function: for TLS, or to set a connection's instrumentation. Default: without
    /// TLS.
    ///
    /// An abandoned query is then not cancelled on the server; only its connection is closed, since the request to
    /// cancel would need your TLS too. A `statement_timeout` limits what such queries cost.
    ///
    /// Connect with the configuration that the function gets: it comes from the database URL, with the search_path
    /// added.
    ///
    /// ```
    /// # fn connector() -> tokio_postgres::NoTls { tokio_postgres::NoTls }
    /// use diesel_async::AsyncPgConnection;
    /// use diesel_tenants::TenantPool;
    ///
    /// let pool = TenantPool::builder("postgres://db.example/store").establish_with(|config| {
    ///     Box::pin(async move {
    ///         let tls = connector(); // for example tokio_postgres_rustls::MakeRustlsConnect
    ///         let bad = |error: tokio_postgres::Error| diesel::ConnectionError::BadConnection(error.to_string());
    ///         let (client, connection) = config.connect(tls).await.map_err(bad)?;
    ///         AsyncPgConnection::try_from_client_and_connection(client, connection).await
    ///     })
    /// });
    /// ```
    pub fn establish_with<F>(mut self, establish: F) -> Self
    where
        F: Fn(Config) -> BoxFuture<'static, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        self.options.establish = Some(Arc::new(establish));
        self
    }

    /// Opens and drives all of the pool's connections in one runtime, whichever runtime asks for them. Default: each in
    /// the runtime that asks. The connections of exports, imports and moves always belong to the caller's runtime.
    ///
    /// A connection ends with the runtime that drives it, even while another runtime uses it. Where several runtimes
    /// share a pool and don't end together, like Actix's workers, a query may find its connection closed when one of
    /// them stops. Choose the runtime that ends last to avoid this; the price is one hop between threads for each
    /// query. Connections are opened elsewhere only when that runtime has ended.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use diesel_tenants::TenantPool;
    /// use tokio::runtime::Handle;
    ///
    /// let pool = TenantPool::builder("postgres://db.example/store").runtime(Handle::current());
    /// # })
    /// ```
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.options.runtime = Some(runtime);
        self
    }

    /// Builds the pool, and opens its first connection, so that a wrong URL or an unsafe search_path is reported now.
    ///
    /// # Errors
    /// [`BuildError`]: an option is invalid, the server can't be reached, or its search_path is unsafe.
    pub async fn build(self) -> Result<TenantPool, BuildError> {
        let Self {
            database_url,
            max_size,
            options,
            is_further,
            schema_map,
            migration_url,
            hooks,
            directory,
            directory_if_found,
            directory_cache,
            reuse_after,
            databases,
            find_database,
            database_limits,
            replicas,
            placement_policy,
            listens,
        } = self;
        if max_size == 0 {
            return Err(BuildError::Empty);
        }
        let parse = |url: String| url.parse::<Config>().map_err(|_| BuildError::InvalidUrl);
        let shared_schema = SchemaName::new(&options.shared_schema)?;
        let extension_schemas = options
            .extension_schemas
            .iter()
            .map(|name| SchemaName::new(name))
            .collect::<Result<Vec<_>, SchemaNameError>>()?;
        if extension_schemas.contains(&shared_schema) {
            return Err(BuildError::SharedExtensionSchema { schema: shared_schema });
        }
        let connector = |config, may_be_pooled| {
            let options = options.to_connect(extension_schemas.clone(), may_be_pooled);
            Arc::new(Connector::new(config, options))
        };
        let migration_connector = migration_url
            .map(|url| parse(url).map(|config| connector(config, false)))
            .transpose()?;
        let connector = connector(parse(database_url.clone())?, options.search_path_from_role);
        let limits = Limits {
            recycling: options.recycling,
            recycle_timeout: options.recycle_timeout,
            max_lifetime: options.max_lifetime,
            max_statements: options.max_statements,
        };
        let schemas = Arc::new(Schemas::new(
            options.schemas_cached,
            options.schemas_cached_for,
            options.schemas_absent_for,
        ));
        let manager = Manager::new(Arc::clone(&connector), Arc::clone(&schemas), limits);
        manager.warm_up().await?;
        let connections = deadpool::managed::Pool::builder(manager)
            .max_size(max_size)
            // The one used last has the most statements ready.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(options.wait_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|_| BuildError::Empty)?;
        let migration_connector = migration_connector.unwrap_or_else(|| Arc::clone(&connector));
        let directory = match (directory, directory_if_found) {
            (None, Some(tables)) if has_directory(&migration_connector, &shared_schema).await? => Some(tables),
            (directory, _) => directory,
        };
        let resolver = directory.map(|directory| Arc::new(Resolver::new(directory, directory_cache)));
        if listens && migration_connector.may_be_pooled() {
            return Err(BuildError::ListenNeedsSession);
        }
        let listen = || Listener::start(Arc::clone(&migration_connector), Arc::clone(&schemas), resolver.clone());
        let databases = Databases::new(databases, find_database, database_limits, options.clone());
        Ok(TenantPool::new(Inner {
            shares: options.max_per_tenant.map(Shares::new),
            rows_protected: Mutex::default(),
            #[cfg(feature = "_web")]
            turns: Arc::new(tokio::sync::Semaphore::new((max_size - 1).max(1))),
            listener: Mutex::new(listens.then(listen)),
            connections,
            migration_connector,
            connector,
            schemas,
            shared_schema,
            schema_map,
            readers: Readers::new(database_url, Arc::clone(&databases), replicas, &options),
            databases,
            placement_policy,
            reuse_after: reuse_after.unwrap_or(directory_cache.ttl + Duration::from_secs(5)),
            options,
            is_further,
            detected_batches: OnceLock::new(),
            hooks,
            resolver,
        }))
    }
}

async fn has_directory(connector: &Connector, schema: &SchemaName) -> Result<bool, BuildError> {
    let mut connection = connector.connect().await?;
    let found = FoundDirectory::look(schema, &mut connection).await;
    let found = found.map_err(|source| connector.failed_query(source))?;
    Ok(found.is_some())
}

impl fmt::Debug for TenantPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it may hold a password.
        f.debug_struct("TenantPoolBuilder")
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}
