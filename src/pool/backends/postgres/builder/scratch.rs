//! A pool for a scratch database: its options are those of another pool.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use super::build::further_databases;
use crate::{
    pool::{
        Recycling, TenantPool,
        backends::postgres::known_schemas::Schemas,
        backends::{Limits, PostgresPool, connections},
        routing::{DatabaseLimits, Readers, ReplicaUrls},
        tenant_pool::Inner,
    },
    signals::Counters,
};

impl TenantPool {
    /// A pool of one connection with the same options, for another database of the server, reached as migrations are.
    /// It has no hooks, directory, or further databases: those are about real tenants.
    pub(crate) fn on_scratch_database(&self, database: &str) -> Self {
        let options = self.0.options.clone();
        let connector = Arc::new(self.postgres().migration_connector.to_database(database));
        let schemas = Arc::new(Schemas::of(&options));
        let limits = Limits {
            recycling: Recycling::Fast,
            max_lifetime: Duration::MAX,
            max_statements: 0,
            max_tenants: usize::MAX,
            ..Limits::of(&options)
        };
        let counters = Counters::of(database);
        let connections = connections(
            Arc::clone(&connector),
            Arc::clone(&schemas),
            limits,
            1,
            &options,
            &counters,
        );
        let databases = further_databases(
            HashMap::new(),
            HashSet::new(),
            None,
            DatabaseLimits::default(),
            options.clone(),
        );
        Self::new(Inner {
            reuse_after: self.0.reuse_after,
            counters,
            #[cfg(feature = "metrics")]
            told: Default::default(),
            shares: None,
            #[cfg(feature = "_web")]
            second_connections: Arc::new(tokio::sync::Semaphore::new(1)),
            shared_schema: self.0.shared_schema.clone(),
            schema_map: self.0.schema_map.clone(),
            options,
            hooks: None,
            remembered: None,
            backend: PostgresPool {
                // Only the library uses this pool, and never for read-only checkouts.
                readers: Readers::new(String::new(), Arc::clone(&databases), ReplicaUrls::default()),
                placement_policy: None,
                connections,
                migration_connector: Arc::clone(&connector),
                connector,
                schemas,
                databases,
                is_further: true,
                detected_batches: OnceLock::new(),
                rows_protected: Mutex::default(),
                listener: Mutex::new(None),
            },
        })
    }
}
