//! The options of a pool, after its builder: what the pools of all its databases, and of their replicas, have in
//! common.

use std::{sync::Arc, time::Duration};

use tokio::runtime::Handle;

use crate::{
    SchemaName,
    backend::postgres::{ConnectOptions, EstablishCallback, lock_times::DEFAULT_LOCK_TIMEOUT},
    translate::SchemaTranslateMap,
};

/// What all databases behind a pool have in common: how connections are opened, and how long they are kept.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) wait_timeout: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) recycle_timeout: Duration,
    pub(crate) recycling: Recycling,
    pub(crate) max_lifetime: Duration,
    pub(crate) max_statements: usize,
    pub(crate) max_tenants: usize,
    pub(crate) max_per_tenant: Option<usize>,
    pub(crate) shared_schema: String,
    pub(crate) symbolic_schema: Option<String>,
    pub(crate) extension_schemas: Vec<String>,
    pub(crate) search_path_from_role: bool,
    pub(crate) schemas_cached: usize,
    pub(crate) schemas_cached_for: Duration,
    /// How long it is remembered that a schema doesn't exist.
    pub(crate) schemas_absent_for: Duration,
    pub(crate) migration_lock_timeout: Duration,
    pub(crate) migration_statements: MigrationStatements,
    pub(crate) refuse_outside_work: bool,
    /// The setting that row-level security policies compare with.
    pub(crate) row_setting: String,
    pub(crate) establish: Option<Arc<EstablishCallback>>,
    /// The runtime that opens and drives the connections; `None` for the runtime of each checkout.
    pub(crate) runtime: Option<Handle>,
    /// Whether transactions can't write.
    pub(crate) read_only: bool,
    /// Whether all checkouts run in one transaction, which is never committed.
    pub(crate) test_transaction: bool,
}

/// How long a checkout waits in a test for the only connection. Code that needs two at once is to learn that soon.
const PATIENCE_IN_TEST: Duration = Duration::from_secs(5);

impl Options {
    /// How long a checkout waits for a connection.
    pub(crate) fn wait_timeout(&self) -> Duration {
        let patience = match self.test_transaction {
            true => PATIENCE_IN_TEST,
            false => Duration::from_secs(30),
        };
        self.wait_timeout.unwrap_or(patience)
    }

    /// How connections are opened. Connections for migrations send a search_path whatever the pool's options say.
    pub(crate) fn to_connect(&self, extension_schemas: Vec<SchemaName>, may_be_pooled: bool) -> ConnectOptions {
        ConnectOptions {
            extension_schemas,
            symbolic_schema: self.symbolic_schema.clone(),
            timeout: self.connect_timeout,
            establish: self.establish.clone(),
            runtime: self.runtime.clone(),
            may_be_pooled,
            read_only: self.read_only,
            outside_test: false,
        }
    }
}

/// Has the symbolic schema of a map stand for the tenant's, if there is one.
pub(crate) fn with_symbolic_schema(map: SchemaTranslateMap, symbolic_schema: Option<&str>) -> SchemaTranslateMap {
    match symbolic_schema {
        Some(schema) => map.with_symbolic(schema),
        None => map,
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait_timeout: None,
            connect_timeout: Duration::from_secs(10),
            recycle_timeout: Duration::from_secs(5),
            recycling: Recycling::VerifiedAfterIdle(Duration::from_secs(1)),
            max_lifetime: Duration::from_secs(30 * 60),
            max_statements: 2_000,
            max_tenants: 1_000,
            max_per_tenant: None,
            shared_schema: "public".to_owned(),
            symbolic_schema: None,
            extension_schemas: Vec::new(),
            search_path_from_role: false,
            schemas_cached: 10_000,
            schemas_cached_for: Duration::from_secs(60),
            schemas_absent_for: Duration::from_secs(1),
            migration_lock_timeout: DEFAULT_LOCK_TIMEOUT,
            migration_statements: MigrationStatements::default(),
            refuse_outside_work: false,
            row_setting: "diesel_tenants.tenant_id".to_owned(),
            establish: None,
            runtime: None,
            read_only: false,
            test_transaction: false,
        }
    }
}

/// When a connection is tested before it is handed out again.
///
/// In all cases the pool closes a connection with an open transaction, with session state, or busy with an abandoned
/// query. That includes test transactions, unlike in Diesel's own pools: a test that wants one holds its checkout for
/// as long as the transaction lasts, or builds the pool with `test_transaction`, of the feature `testing`.
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

impl Recycling {
    /// Whether a connection that was idle for this long is tested.
    pub(crate) fn tests(self, idle: Duration) -> bool {
        match self {
            Self::Fast => false,
            Self::VerifiedAfterIdle(longest) => idle >= longest,
            Self::Verified => true,
        }
    }
}

/// How the SQL of a migration that runs in a transaction is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MigrationStatements {
    /// Statement by statement if the database has the extension Citus, which refuses several DDL statements in one
    /// message; else in one message.
    #[default]
    Detected,
    /// In one message: one round trip to the server.
    Together,
    /// Statement by statement, inside one transaction.
    Apart,
}
