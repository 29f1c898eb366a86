use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use super::{
    Mysql, MysqlPool, MysqlUrl,
    another_server::further_servers,
    known_databases::KnownDatabases,
    manager::connections,
    pool::server_of,
    watch::{Remembered, watch},
};
use crate::{
    SchemaName, SchemaNameError,
    backend::mysql::{
        SessionError,
        connecting::{Access, Connector},
        directory_tables, names,
    },
    pool::{
        BuildError, Database, DatabaseLimits, MysqlError, PlacementPolicy, Recycling, TenantDirectory, TenantPool,
        connections::Shares,
        options::Options,
        remembered_directory::RememberedDirectory,
        routing::{FindUrl, Readers, ReplicaUrls},
        tenant_pool::Inner,
    },
    signals::Counters,
    tenancy::{DirectoryCache, LifecycleHooks},
    translate::{Dialect, SchemaTranslateMap},
};

/// Options of a pool whose tenants are databases of MySQL or MariaDB.
#[must_use = "a builder does nothing until `build`"]
pub struct MysqlPoolBuilder {
    url: MysqlUrl,
    max_size: usize,
    options: Options,
    sql_mode: Option<String>,
    schema_map: SchemaTranslateMap,
    hooks: Option<Arc<dyn LifecycleHooks>>,
    directory: Option<Arc<dyn TenantDirectory<Mysql>>>,
    /// The directory to use if the shared database has the directory's tables.
    directory_if_found: Option<Arc<dyn TenantDirectory<Mysql>>>,
    directory_cache: DirectoryCache,
    reuse_after: Option<Duration>,
    /// Whether this is one of the further servers of another pool.
    is_further: bool,
    pub(super) databases: HashMap<String, MysqlUrl>,
    pub(super) find_database: Option<Arc<FindUrl<MysqlUrl>>>,
    pub(super) database_limits: DatabaseLimits,
    pub(super) replicas: ReplicaUrls<MysqlUrl>,
    placement_policy: Option<Arc<dyn PlacementPolicy<Mysql>>>,
}

impl Database for MysqlUrl {
    type Builder = MysqlPoolBuilder;

    fn into_builder(self) -> MysqlPoolBuilder {
        MysqlPoolBuilder::new(self)
    }
}

impl MysqlPoolBuilder {
    fn new(url: MysqlUrl) -> Self {
        Self {
            url,
            max_size: 10,
            options: Options::default(),
            sql_mode: None,
            schema_map: SchemaTranslateMap::new(),
            hooks: None,
            directory: None,
            directory_if_found: None,
            directory_cache: DirectoryCache::default(),
            reuse_after: None,
            is_further: false,
            databases: HashMap::new(),
            find_database: None,
            database_limits: DatabaseLimits::default(),
            replicas: ReplicaUrls::default(),
            placement_policy: None,
        }
    }

    /// A builder for a further server of another pool, or for a replica.
    pub(super) fn of_further(url: MysqlUrl, max_size: usize, options: Options, sql_mode: Option<String>) -> Self {
        Self {
            max_size,
            options,
            sql_mode,
            is_further: true,
            ..Self::new(url)
        }
    }

    /// The largest number of connections. Default: 10. All tenants share them. Checkouts with
    /// [`read_only`](crate::pool::CheckoutRequest::read_only) have as many connections of their own, and the pool has one
    /// more, on which it hears of changes by other processes. The upper limit is the server's `max_connections`, divided
    /// by the number of the application's processes.
    pub fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout may take in all, as [for PostgreSQL](crate::TenantPoolBuilder::wait_timeout). Default: 30
    /// seconds.
    pub fn wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.options.wait_timeout = Some(wait_timeout);
        self
    }

    /// How long opening a connection may take. Default: 10 seconds.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.options.connect_timeout = connect_timeout;
        self
    }

    /// How long the server may take to answer the test of a connection, or the question whether a tenant exists.
    /// Default: 5 seconds.
    pub fn recycle_timeout(mut self, recycle_timeout: Duration) -> Self {
        self.options.recycle_timeout = recycle_timeout;
        self
    }

    /// When connections are tested before they are handed out again. Default: after one second without use. A
    /// connection on which a statement failed is always tested.
    pub fn recycling(mut self, recycling: Recycling) -> Self {
        self.options.recycling = recycling;
        self
    }

    /// The age at which a connection is replaced. Default: 30 minutes. Keep it below the server's `wait_timeout`.
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.options.max_lifetime = max_lifetime;
        self
    }

    /// How many statements a connection keeps prepared. Default: 2,000, and no more than the connection's share: a third
    /// of the server's `max_prepared_stmt_count`, divided by [`max_size`](Self::max_size). With several processes, set
    /// their share.
    ///
    /// Each tenant's statements are prepared separately. A connection that has reached the limit prepares further
    /// statements for one use, and is replaced when it comes back, so that the server closes all its statements.
    pub fn max_statements(mut self, max_statements: usize) -> Self {
        self.options.max_statements = max_statements;
        self
    }

    /// How many connections one tenant may have at a time, at least one. Default: no limit but the pool's.
    pub fn max_per_tenant(mut self, max_per_tenant: usize) -> Self {
        self.options.max_per_tenant = Some(max_per_tenant.max(1));
        self
    }

    /// The `sql_mode` of the connections, such as `STRICT_TRANS_TABLES,NO_ZERO_DATE`. Default: the server's.
    ///
    /// Texts are translated as the server reads them in its default mode. A mode in which it would read them in another
    /// way is refused, here and in the server's own default: `ANSI_QUOTES`, `NO_BACKSLASH_ESCAPES`,
    /// `PIPES_AS_CONCAT`, `IGNORE_SPACE`, `ORACLE` and others.
    pub fn sql_mode(self, sql_mode: impl Into<String>) -> Self {
        Self {
            sql_mode: Some(sql_mode.into()),
            ..self
        }
    }

    /// The name of the shared schema, which is a database as well. Default: `public`.
    pub fn shared_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.shared_schema = schema.into();
        self
    }

    /// A schema that stands for the tenant's, in `table! { tenant.orders … }` for instance. See
    /// [`SchemaTranslateMap::with_symbolic`]. [`in_schema`](crate::TranslateDsl::in_schema) does not know it. Default:
    /// none.
    pub fn symbolic_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.symbolic_schema = Some(schema.into());
        self
    }

    /// The map of [`TenantPool::get`]. Default: an empty one, for pinned tables only.
    pub fn schema_map(self, map: SchemaTranslateMap) -> Self {
        Self {
            schema_map: map,
            ..self
        }
    }

    /// For how many maps it is remembered that their tenant is active, and how long. Changes by this process are seen
    /// at once, and those by other processes within half a second. Default: 10,000, for 60 seconds.
    pub fn schema_cache(mut self, schemas: usize, time: Duration) -> Self {
        self.options.schemas_cached = schemas;
        self.options.schemas_cached_for = time;
        self
    }

    /// Code to run before and after operations on tenants. Default: none.
    pub fn hooks(mut self, hooks: impl LifecycleHooks + 'static) -> Self {
        self.hooks = Some(Arc::new(hooks));
        self
    }

    /// Where tenants live, and which domains lead to them. Default: each tenant that the shared database knows is a
    /// database of its name, on the pool's server.
    pub fn directory(mut self, directory: impl TenantDirectory<Mysql> + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// The directory to ask if the shared database has the directory's tables when the pool is built.
    pub(crate) fn directory_if_found(self, directory: impl TenantDirectory<Mysql> + 'static) -> Self {
        Self {
            directory_if_found: Some(Arc::new(directory)),
            ..self
        }
    }

    /// Chooses where the tenants live that [`create_tenant`](TenantPool::create_tenant) and
    /// [`ensure_tenant`](TenantPool::ensure_tenant) create. Default: none, on the pool's own server.
    ///
    /// A policy needs a [directory](Self::directory) that records where tenants live.
    pub fn placement_policy(self, placement_policy: impl PlacementPolicy<Mysql> + 'static) -> Self {
        Self {
            placement_policy: Some(Arc::new(placement_policy)),
            ..self
        }
    }

    /// How long the directory's answers are remembered. Default: [`DirectoryCache::default`]: 10,000 tenants for 60
    /// seconds, unknown tenants and failures for one second, no stale answers.
    pub fn directory_cache(mut self, directory_cache: DirectoryCache) -> Self {
        self.directory_cache = directory_cache;
        self
    }

    /// How long a name or place that a tenant left stays closed to other tenants, as [for
    /// PostgreSQL](crate::TenantPoolBuilder::reuse_after). Default: five seconds more than this pool remembers the
    /// directory's answers, 65 seconds.
    pub fn reuse_after(mut self, reuse_after: Duration) -> Self {
        self.reuse_after = Some(reuse_after);
        self
    }

    /// Builds the pool, and opens its first connection, so that a wrong URL or an unsafe server is reported now.
    ///
    /// # Errors
    /// [`BuildError`]: an option is invalid, the server can't be reached, or it would read texts in another way than
    /// they are translated.
    pub async fn build(self) -> Result<TenantPool<Mysql>, BuildError> {
        let Self {
            url,
            max_size,
            options,
            sql_mode,
            schema_map,
            hooks,
            directory,
            directory_if_found,
            directory_cache,
            reuse_after,
            is_further,
            databases,
            find_database,
            database_limits,
            replicas,
            placement_policy,
        } = self;
        if max_size == 0 {
            return Err(BuildError::Empty);
        }
        let shared_schema = SchemaName::new(&options.shared_schema)?;
        if let Err(SchemaNameError::NoDatabase { reason, .. }) = names::check_name(&shared_schema) {
            return Err(BuildError::SharedDatabase {
                schema: shared_schema,
                reason,
            });
        }
        if let Some(mode) = sql_mode.as_deref().and_then(Dialect::misread_sql_mode) {
            return Err(BuildError::SqlMode { mode: mode.to_owned() });
        }
        let connector = |access| {
            let connector = Connector::new(url.0.clone(), access, sql_mode.as_deref(), options.connect_timeout);
            Arc::new(connector)
        };
        let counters = Counters::of(shared_schema.as_str());
        let readers = connections(connector(Access::ReadOnly), max_size, &options, &Counters::of(""));
        let connector = connector(match options.read_only {
            true => Access::ReadOnly,
            false => Access::ReadWrite,
        });
        let connections = connections(Arc::clone(&connector), max_size, &options, &counters);
        let warm_up = connections.manager().warm_up().await;
        warm_up.map_err(|source| BuildError::ConnectMysql(Box::new(source)))?;
        let directory = match (directory, directory_if_found) {
            (None, Some(tables)) if has_directory(&connector, &shared_schema).await? => Some(tables),
            (directory, _) => directory,
        };
        let remembered = directory.map(|directory| RememberedDirectory::new(directory, directory_cache));
        let known = Arc::new(KnownDatabases::new(options.schemas_cached, options.schemas_cached_for));
        let watched = Remembered {
            databases: Arc::clone(&known),
            directory: remembered.as_ref().map(|remembered| Arc::clone(&remembered.known)),
        };
        // What a replica's pool remembers expires soon.
        let watch = (!options.read_only).then(|| {
            let watching = watch(
                Arc::clone(&connector),
                shared_schema.clone(),
                watched,
                options.recycle_timeout,
                Arc::clone(&counters),
            );
            tokio::spawn(watching).abort_handle()
        });
        let databases = further_servers(
            databases,
            find_database,
            database_limits,
            options.clone(),
            sql_mode.clone(),
        );
        let readers_of_replicas =
            further_servers(HashMap::new(), None, replicas.limits, options.to_read_only(), sql_mode);
        let pool = TenantPool::new(Inner {
            shared_schema,
            schema_map,
            hooks,
            counters,
            #[cfg(feature = "metrics")]
            told: Default::default(),
            shares: options.max_per_tenant.map(Shares::new),
            #[cfg(feature = "_web")]
            second_connections: Arc::new(tokio::sync::Semaphore::new((max_size - 1).max(1))),
            remembered,
            reuse_after: reuse_after.unwrap_or(directory_cache.reuse_after()),
            backend: MysqlPool {
                connections,
                readers,
                connector,
                known,
                watch,
                is_further,
                databases,
                replicas: Readers::new(url, readers_of_replicas, replicas),
                placement_policy,
            },
            options,
        });
        #[cfg(feature = "metrics")]
        pool.tell_regularly();
        Ok(pool)
    }
}

async fn has_directory(connector: &Arc<Connector>, shared: &SchemaName) -> Result<bool, BuildError> {
    let found = async {
        let mut session = server_of(connector, shared).open().await?;
        Ok(directory_tables::are_there(&mut session, shared).await?)
    };
    found.await.map_err(|error| match error {
        SessionError::Connect(source) => BuildError::ConnectMysql(Box::new(source)),
        error => BuildError::Mysql(*MysqlError::session(error)),
    })
}

impl fmt::Debug for MysqlPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it may hold a password.
        f.debug_struct("MysqlPoolBuilder")
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}
