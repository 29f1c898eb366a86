//! Makes a pool from its options.

use std::{collections::HashMap, sync::Arc};

use super::MysqlPoolBuilder;
use crate::{
    Mysql, SchemaName, SchemaNameError, TenantPool,
    backend::mysql::{
        SessionError,
        connecting::{Access, Connector},
        directory_tables, names,
    },
    pool::{
        BuildError, MysqlError,
        backends::mysql::{
            MysqlPool,
            another_server::further_servers,
            known_databases::KnownDatabases,
            manager::connections,
            pool::server_of,
            watch::{Remembered, watch},
        },
        connections::Shares,
        remembered_directory::RememberedDirectory,
        routing::Readers,
        tenant_pool::Inner,
    },
    signals::Counters,
    translate::Dialect,
};

impl MysqlPoolBuilder {
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
