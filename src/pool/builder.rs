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
/// Whatever is chosen, connections with an open transaction, with session state, or busy with an abandoned query are never
/// handed out again. That goes for test transactions too, unlike in Diesel's own pools: a test that wants one keeps its
/// checkout for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recycling {
    /// Only looked at: a connection whose socket is known to be closed is replaced. A dead peer shows at the first query.
    Fast,
    /// Asked with a query (one round trip) if it wasn't used for so long: a busy pool pays nothing.
    VerifiedAfterIdle(Duration),
    /// Asked with a query (one round trip) at every checkout.
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

    /// How many connections there are at most. Default: 10. All tenants share them; the server's `max_connections`,
    /// divided by the processes of the application, is the upper limit.
    pub fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout waits while all connections are in use, and how long it takes at most with all its parts: the directory's
    /// answer, a connection that is tested or opened, the look-up of the tenant's schema. Default: 30 seconds. Web services that would
    /// rather answer 503 than queue want less. Below one second only waiting for others is limited to that, and the whole to one second,
    /// for opening a connection takes a while.
    ///
    /// A server that has no room for as many connections as the pool may have is waited for as well, within the same limit: until one of
    /// the pool's comes back, or there is room. Only with [`establish_with`](Self::establish_with) it is an error at once.
    pub fn wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.options.wait_timeout = wait_timeout;
        self
    }

    /// How long opening a connection may take. Default: 10 seconds.
    ///
    /// Once open, a connection whose server is gone without a word ends after about a minute, also under a migration or another long call:
    /// TCP keepalives are sent after 30 seconds of silence, and what was sent must be acknowledged within 60 (900 where rows are
    /// copied, by exports, imports and moves). The database URL may say otherwise: `?keepalives_idle=300&keepalives_interval=60&tcp_user_timeout=600`,
    /// in seconds; but for the 900, which stay.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.options.connect_timeout = connect_timeout;
        self
    }

    /// How long the server may take to answer the test of a connection, which is replaced then, or the question whether a
    /// schema exists. Default: 5 seconds. Connections that have been idle for as long as one that didn't answer are replaced untested.
    pub fn recycle_timeout(mut self, recycle_timeout: Duration) -> Self {
        self.options.recycle_timeout = recycle_timeout;
        self
    }

    /// When connections are tested before they are handed out again. Default: after one second without use.
    pub fn recycling(mut self, recycling: Recycling) -> Self {
        self.options.recycling = recycling;
        self
    }

    /// How old a connection may become before it is replaced. Default: 30 minutes. Keep it below the time after which
    /// a firewall or proxy in between drops connections.
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.options.max_lifetime = max_lifetime;
        self
    }

    /// How many distinct statements a connection may have prepared before it is replaced. Default: 2,000.
    ///
    /// Each tenant's statements are prepared apart, and the server keeps plans and catalog entries for each: this bounds
    /// the memory of both sides. A pool with many tenants and large servers may want more.
    pub fn max_statements(mut self, max_statements: usize) -> Self {
        self.options.max_statements = max_statements;
        self
    }

    /// How many connections one tenant may have at a time, at least one: whoever wants more waits, and keeps nobody else from
    /// theirs. Default: no limit but the pool's.
    ///
    /// Without it a tenant with slow queries can have all connections of the pool.
    pub fn max_per_tenant(mut self, max_per_tenant: usize) -> Self {
        self.options.max_per_tenant = Some(max_per_tenant.max(1));
        self
    }

    /// The schema of the shared tables, which is no tenant. Default: `public`.
    pub fn shared_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.shared_schema = schema.into();
        self
    }

    /// A schema's name that stands for the tenant's: tables declared in it, `table! { tenant.orders … }`, are the tenant's,
    /// as unqualified ones are. Default: none. No tenant may have that name, and no other schema of the database.
    pub fn symbolic_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.symbolic_schema = Some(schema.into());
        self
    }

    /// Schemas that hold nothing but extensions, and where not everybody may create anything (neither the shared one nor a
    /// tenant's), to be kept on the search_path, so that their types, functions and
    /// operators are found. Default: none; PostgreSQL's own are always found.
    pub fn extension_schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.options.extension_schemas = schemas.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves the search_path to the role (`ALTER ROLE … SET search_path = ''`). Default: it is sent as a startup option,
    /// which PgBouncer refuses. Either way it is checked on every new connection.
    ///
    /// PgBouncer in transaction mode must be 1.21 or newer, with `max_prepared_statements` set: an older one mixes up the
    /// prepared statements of its clients, so that one may get the rows of another's query. Each new connection proves that
    /// it leads to the server itself, or that the pooler gives its statements names of their own; any other is
    /// [refused](crate::ConnectError::UnsafePooler), PgBouncer in session mode included.
    ///
    /// Statements that leave something on the session (`SET`, a temporary table) are [refused](crate::RefusedStatement) then. A session of
    /// the pooler's keeps the settings that its role had when it began: after another `ALTER ROLE … SET search_path` have the pooler open new
    /// ones (`RECONNECT`), and build the pool anew.
    pub fn search_path_from_role(mut self) -> Self {
        self.options.search_path_from_role = true;
        self
    }

    /// The map of checkouts that bring none of their own ([`TenantPool::get`]). Default: empty, as for
    /// [`TenantPool::shared`].
    pub fn schema_map(self, map: SchemaTranslateMap) -> Self {
        Self {
            schema_map: map,
            ..self
        }
    }

    /// How many schemas are remembered as existing, and for how long. Default: 10,000 for 60 seconds.
    ///
    /// That a schema does not exist is remembered for one second, for as many names: a flood of unknown names costs no more than a
    /// query for each name and second. A tenant that this process creates is seen at once, one created elsewhere within that second. One dropped
    /// elsewhere may be handed out for the whole time: its queries fail, since its tables are gone.
    pub fn schema_cache(mut self, schemas: usize, time: Duration) -> Self {
        self.options.schemas_cached = schemas;
        self.options.schemas_cached_for = time;
        self
    }

    /// Another URL of the same database, for migrations: past a pooler in transaction mode. Default: none, the pool's own.
    ///
    /// The search_path is sent as a startup option there, also with
    /// [`search_path_from_role`](Self::search_path_from_role).
    pub fn migration_url(self, migration_url: impl Into<String>) -> Self {
        Self {
            migration_url: Some(migration_url.into()),
            ..self
        }
    }

    /// Code to run before and after a tenant is created, renamed, dropped and so on by this pool. Default: none.
    pub fn hooks(self, hooks: impl LifecycleHooks + 'static) -> Self {
        Self {
            hooks: Some(Arc::new(hooks)),
            ..self
        }
    }

    /// Says where tenants live: which of them there are, in which schema, in which database. Default: none, every schema of
    /// the database is a tenant's.
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

    /// For how long nobody else gets the place that a tenant left, or a name to which domains led, by
    /// [`DirectoryTables`](crate::directory::DirectoryTables): until then it is [`LeftLately`](crate::LifecycleError::LeftLately). A process that
    /// remembers the tenant's old place, or its domain, would lead its requests to the newcomer.
    ///
    /// Default: five seconds more than this pool remembers the directory's answers ([`DirectoryCache::ttl`]), 65 seconds. Set it where other
    /// processes remember them for longer; `Duration::ZERO` is for when there is no other process. Counted is up to a day.
    pub fn reuse_after(self, reuse_after: Duration) -> Self {
        Self {
            reuse_after: Some(reuse_after),
            ..self
        }
    }

    /// Listens to what is done to tenants by other processes, so that this one sees it within moments. Default: no, it is seen
    /// when what is remembered is too old, by default after 60 seconds.
    ///
    /// That takes one connection more, to the [`migration_url`](Self::migration_url) if there is one: a pooler in transaction
    /// mode passes no news on. Should it break, it is made again, and everything is looked up anew.
    pub fn listen(self) -> Self {
        Self { listens: true, ..self }
    }

    /// Declares another database, on any server: for tenants that the directory places there, and for
    /// [`using_database`](TenantPool::using_database). It is connected to when it is needed, with the options of this pool.
    pub fn database(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        self.databases.insert(name.into(), database_url.into());
        self
    }

    /// Finds the URLs of databases that aren't declared, by their names: for one database for each tenant. `None` is an error
    /// for who asked. Default: there are no others.
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

    /// Says where new tenants are to live: those that [`create_tenant`](TenantPool::create_tenant) and
    /// [`ensure_tenant`](TenantPool::ensure_tenant) make. Default: none, in the pool's own database.
    ///
    /// It takes a [directory](Self::directory) that notes where they live.
    pub fn placement_policy(self, placement_policy: impl PlacementPolicy + 'static) -> Self {
        Self {
            placement_policy: Some(Arc::new(placement_policy)),
            ..self
        }
    }

    /// The setting with which row-level security policies compare a row's tenant id, for tenants that
    /// [share their tables](crate::Placement::rows). Default: `diesel_tenants.tenant_id`.
    pub fn row_setting(mut self, row_setting: impl Into<String>) -> Self {
        self.options.row_setting = row_setting.into();
        self
    }

    /// How long a migration waits for another one of the same schema. Default: 60 seconds.
    pub fn migration_lock_timeout(mut self, migration_lock_timeout: Duration) -> Self {
        self.options.migration_lock_timeout = migration_lock_timeout;
        self
    }

    /// How the SQL of migrations is sent. Default: in one message, but statement by statement to Citus.
    pub fn migration_statements(mut self, migration_statements: MigrationStatements) -> Self {
        self.options.migration_statements = migration_statements;
        self
    }

    /// Refuses tenants' migrations that make, alter or drop something outside of the tenant's schema, before anything is run: see
    /// [`OutsideWork`](crate::migrations::OutsideWork). Default: they are run, and named in the report.
    pub fn refuse_outside_work(mut self) -> Self {
        self.options.refuse_outside_work = true;
        self
    }

    /// Makes connections by a function of yours: for TLS, or to set a connection's instrumentation. Default: without TLS.
    ///
    /// A query that is given up is then not cancelled on the server, only its connection is closed: the request to cancel
    /// would need your TLS too. A `statement_timeout` bounds what such queries cost.
    ///
    /// The configuration comes from the database URL, with the search_path added; connect with it.
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

    /// Opens and drives the pool's connections in one runtime, whichever asks for them. Default: each in the one that asks. Those of exports, imports
    /// and moves are the caller's.
    ///
    /// A connection ends with the runtime that drives it, also while others use it. Where several share a pool and don't end together, as Actix's
    /// workers do, a query may find its connection closed when one of them stops. In the runtime that ends last no connection does; the price
    /// is a way from thread to thread for each query. Connections are opened elsewhere only when that runtime has ended.
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

    /// Builds the pool, and opens its first connection, so that a wrong URL or an unsafe search_path shows now.
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
