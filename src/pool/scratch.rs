use std::sync::{Arc, OnceLock};

use super::{
    Recycling, TenantPool,
    manager::{Limits, Manager},
    schemas::Schemas,
    tenant_pool::Inner,
};

/// How many schemas' facts are kept: a scratch database has one tenant.
const SCHEMAS: usize = 8;

impl TenantPool {
    /// A pool of one connection with the same options, for another database of the server, reached as migrations are. It has
    /// no hooks: they are about real tenants.
    pub(crate) fn on_scratch_database(&self, database: &str) -> Self {
        let connector = Arc::new(self.0.migration_connector.to_database(database));
        let schemas = Arc::new(Schemas::new(SCHEMAS, self.0.wait_timeout));
        let limits = Limits {
            recycling: Recycling::Fast,
            recycle_timeout: self.0.recycle_timeout,
            max_lifetime: std::time::Duration::MAX,
            max_statements: usize::MAX,
        };
        let manager = Manager::new(Arc::clone(&connector), Arc::clone(&schemas), limits);
        let connections = deadpool::managed::Pool::builder(manager)
            .max_size(1)
            .wait_timeout(Some(self.0.wait_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .expect("a runtime is given, which is all that timeouts need");
        Self(Arc::new(Inner {
            connections,
            migration_connector: Arc::clone(&connector),
            connector,
            schemas,
            shared_schema: self.0.shared_schema.clone(),
            symbolic_schema: self.0.symbolic_schema.clone(),
            schema_map: self.0.schema_map.clone(),
            wait_timeout: self.0.wait_timeout,
            recycle_timeout: self.0.recycle_timeout,
            migration_lock_timeout: self.0.migration_lock_timeout,
            migration_statements: self.0.migration_statements,
            detected_batches: OnceLock::new(),
            hooks: None,
        }))
    }

    /// The schema's name that stands for the tenant's.
    pub(crate) fn symbolic_schema(&self) -> Option<&str> {
        self.0.symbolic_schema.as_deref()
    }
}
