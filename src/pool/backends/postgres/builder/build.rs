//! Makes a pool from its options.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock},
};

use futures_core::future::BoxFuture;
use tokio_postgres::Config;

use super::TenantPoolBuilder;
use crate::{
    SchemaName, SchemaNameError,
    backend::postgres::{Connector, FoundDirectory},
    pool::{
        BuildError, DatabaseLimits, OWN_DATABASE, TenantPool,
        backends::postgres::announcements::Listener,
        backends::postgres::known_schemas::Schemas,
        backends::{Limits, PostgresPool, connections},
        connections::Shares,
        options::Options,
        remembered_directory::RememberedDirectory,
        routing::{Databases, FindUrl, Readers},
        tenant_pool::Inner,
    },
    signals::Counters,
};

/// # Building
impl TenantPoolBuilder {
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// A connector to the pool's database that adds nothing to the URL's startup options but these.
    pub(crate) fn plain_connector(&self, options: &str) -> Result<Connector, BuildError> {
        let parsed = self.database_url.parse::<Config>();
        let mut config = parsed.map_err(|_| BuildError::InvalidUrl)?;
        if !options.is_empty() {
            let options = format!("{} {options}", config.get_options().unwrap_or_default());
            config.options(options.trim());
        }
        // Without the pool's own startup options, as behind a pooler, which may refuse them.
        Ok(Connector::new(config, self.options.to_connect(Vec::new(), true)))
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
            without_tenants,
            find_database,
            database_limits,
            replicas,
            placement_policy,
            listens,
        } = self;
        if max_size == 0 {
            return Err(BuildError::Empty);
        }
        // One connection has the transaction of a test, and nobody else sees what it changes.
        let (max_size, listens) = match options.test_transaction {
            true => (1, false),
            false => (max_size, listens),
        };
        if database_url.starts_with("sqlite:") {
            return Err(BuildError::SqliteUrl);
        }
        if database_url.starts_with("mysql:") || database_url.starts_with("mariadb:") {
            return Err(BuildError::MysqlUrl);
        }
        if databases.contains_key(OWN_DATABASE) {
            return Err(BuildError::ReservedDatabase);
        }
        let (shared_schema, extension_schemas) = schemas_named_by(&options)?;
        let (connector, migration_connector) = connectors(&database_url, migration_url, &options, &extension_schemas)?;
        if listens && migration_connector.may_be_pooled() {
            return Err(BuildError::ListenNeedsSession);
        }
        // Behind a pooler, each tenant's first checkout finds out whether the session is safe. A replica's schemas are
        // remembered for a second. A pool that listens reads all its tenants at once.
        let reads_ahead = !options.search_path_from_role && !options.read_only && !listens && !options.test_transaction;
        let schemas = Arc::new(Schemas::of(&options).reading_ahead(reads_ahead));
        let counters = Counters::of(connector.database());
        let connections = connections(
            Arc::clone(&connector),
            Arc::clone(&schemas),
            Limits::of(&options),
            max_size,
            &options,
            &counters,
        );
        connections.manager().warm_up().await?;
        let directory = match (directory, directory_if_found) {
            (None, Some(tables)) if has_directory(&migration_connector, &shared_schema).await? => Some(tables),
            (directory, _) => directory,
        };
        let remembered = directory.map(|directory| RememberedDirectory::new(directory, directory_cache));
        let listen = || {
            Listener::start(
                Arc::clone(&migration_connector),
                Arc::clone(&schemas),
                remembered.as_ref().map(|remembered| Arc::clone(&remembered.known)),
                // Behind a pooler, each tenant's first checkout finds out whether the session is safe.
                remembered.is_none() && !connector.may_be_pooled(),
                Arc::clone(&counters),
            )
        };
        let databases = further_databases(
            databases,
            without_tenants,
            find_database,
            database_limits,
            options.clone(),
        );
        let readers = further_databases(
            HashMap::new(),
            HashSet::new(),
            None,
            replicas.limits,
            options.to_read_only(),
        );
        let pool = TenantPool::new(Inner {
            shares: options.max_per_tenant.map(Shares::new),
            counters: Arc::clone(&counters),
            #[cfg(feature = "metrics")]
            told: Default::default(),
            #[cfg(feature = "_web")]
            second_connections: Arc::new(tokio::sync::Semaphore::new((max_size - 1).max(1))),
            backend: PostgresPool {
                rows_protected: Mutex::default(),
                listener: Mutex::new(listens.then(listen)),
                connections,
                migration_connector: match options.test_transaction {
                    true => Arc::new(migration_connector.outside_test()),
                    false => migration_connector,
                },
                // What is not a checkout must not open a connection of its own in a test: it would commit.
                connector: match options.test_transaction {
                    true => Arc::new(connector.outside_test()),
                    false => connector,
                },
                schemas,
                readers: Readers::new(database_url, readers, replicas),
                databases,
                placement_policy,
                is_further,
                detected_batches: OnceLock::new(),
            },
            shared_schema,
            schema_map,
            reuse_after: reuse_after.unwrap_or(directory_cache.reuse_after()),
            options,
            hooks,
            remembered,
        });
        // The main pool tells of its further databases.
        #[cfg(feature = "metrics")]
        if !is_further {
            pool.tell_regularly();
        }
        Ok(pool)
    }
}

/// How connections for checkouts are opened, and how those for migrations are.
fn connectors(
    database_url: &str,
    migration_url: Option<String>,
    options: &Options,
    extension_schemas: &[SchemaName],
) -> Result<(Arc<Connector>, Arc<Connector>), BuildError> {
    let connector = |url: &str, may_be_pooled| -> Result<_, BuildError> {
        let config: Config = url.parse().map_err(|_| BuildError::InvalidUrl)?;
        let options = options.to_connect(extension_schemas.to_vec(), may_be_pooled);
        Ok(Arc::new(Connector::new(config, options)))
    };
    let for_migrations = migration_url.map(|url| connector(&url, false)).transpose()?;
    let for_checkouts = connector(database_url, options.search_path_from_role)?;
    let for_migrations = for_migrations.unwrap_or_else(|| Arc::clone(&for_checkouts));
    Ok((for_checkouts, for_migrations))
}

/// The shared schema, and those of extensions.
fn schemas_named_by(options: &Options) -> Result<(SchemaName, Vec<SchemaName>), BuildError> {
    let shared_schema = SchemaName::new(&options.shared_schema)?;
    let extension_schemas = options.extension_schemas.iter().map(|name| SchemaName::new(name));
    let extension_schemas = extension_schemas.collect::<Result<Vec<_>, SchemaNameError>>()?;
    if extension_schemas.contains(&shared_schema) {
        return Err(BuildError::SharedExtensionSchema { schema: shared_schema });
    }
    Ok((shared_schema, extension_schemas))
}

/// The further databases: each is opened with the options of the pool's own database.
pub(super) fn further_databases(
    declared: HashMap<String, String>,
    without_tenants: HashSet<String>,
    find: Option<Arc<FindUrl<String>>>,
    limits: DatabaseLimits,
    options: Options,
) -> Arc<Databases<TenantPool>> {
    let wait_timeout = options.wait_timeout();
    let open = move |url| -> BoxFuture<'static, _> {
        Box::pin(TenantPoolBuilder::with_options(url, options.clone(), limits.connections).build())
    };
    Databases::new(declared, without_tenants, find, limits, wait_timeout, Arc::new(open))
}

async fn has_directory(connector: &Connector, schema: &SchemaName) -> Result<bool, BuildError> {
    let mut connection = connector.connect().await?;
    let found = FoundDirectory::look(schema, &mut connection).await;
    let found = found.map_err(|source| connector.failed_query(source))?;
    Ok(found.is_some())
}
