use std::{sync::Arc, time::Duration};

use tokio::runtime::Handle;

use super::{MigrationStatements, Recycling};
use crate::{
    SchemaName,
    backend::postgres::{ConnectOptions, EstablishCallback},
};

/// What all databases behind a pool have in common: how connections are made, and for how long they are kept.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) wait_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) recycle_timeout: Duration,
    pub(super) recycling: Recycling,
    pub(super) max_lifetime: Duration,
    pub(super) max_statements: usize,
    pub(super) max_per_tenant: Option<usize>,
    pub(super) shared_schema: String,
    pub(super) symbolic_schema: Option<String>,
    pub(super) extension_schemas: Vec<String>,
    pub(super) search_path_from_role: bool,
    pub(super) schemas_cached: usize,
    pub(super) schemas_cached_for: Duration,
    /// For how long it is remembered that a schema doesn't exist.
    pub(super) schemas_absent_for: Duration,
    pub(super) migration_lock_timeout: Duration,
    pub(super) migration_statements: MigrationStatements,
    pub(super) refuse_outside_work: bool,
    /// The setting that row-level security policies compare with.
    pub(super) row_setting: String,
    pub(super) establish: Option<Arc<EstablishCallback>>,
    /// Where connections are opened and driven, if not where they are asked for.
    pub(super) runtime: Option<Handle>,
    /// Whether transactions can't write.
    pub(super) read_only: bool,
}

impl Options {
    /// How connections are made. Only a migration's send a search_path whatever the pool's options say.
    pub(super) fn to_connect(&self, extension_schemas: Vec<SchemaName>, may_be_pooled: bool) -> ConnectOptions {
        ConnectOptions {
            extension_schemas,
            symbolic_schema: self.symbolic_schema.clone(),
            timeout: self.connect_timeout,
            establish: self.establish.clone(),
            runtime: self.runtime.clone(),
            may_be_pooled,
            read_only: self.read_only,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            recycle_timeout: Duration::from_secs(5),
            recycling: Recycling::VerifiedAfterIdle(Duration::from_secs(1)),
            max_lifetime: Duration::from_secs(30 * 60),
            max_statements: 2_000,
            max_per_tenant: None,
            shared_schema: "public".to_owned(),
            symbolic_schema: None,
            extension_schemas: Vec::new(),
            search_path_from_role: false,
            schemas_cached: 10_000,
            schemas_cached_for: Duration::from_secs(60),
            schemas_absent_for: Duration::from_secs(1),
            migration_lock_timeout: Duration::from_secs(60),
            migration_statements: MigrationStatements::default(),
            refuse_outside_work: false,
            row_setting: "diesel_tenants.tenant_id".to_owned(),
            establish: None,
            runtime: None,
            read_only: false,
        }
    }
}
