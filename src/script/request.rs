//! A script to be started, on any kind of database, with its options.

use std::fmt;

use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::driver::Dial,
    pool::{Backend, Postgres},
};

/// A script to be started by `start`. See [`TenantPool::run_script`].
#[must_use = "nothing is run until `start`"]
pub struct ScriptRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    pub(super) sql: String,
    pub(super) chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
    pub(super) concurrency: usize,
    pub(super) stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
    pub(super) dial: Option<Box<dyn Dial>>,
}

impl<'a, B: Backend> ScriptRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>, sql: String) -> Self {
        Self {
            pool,
            sql,
            chosen: None,
            concurrency: 4,
            stop: Box::new(|| false),
            dial: None,
        }
    }

    /// Chooses only these tenants, in this order, also suspended ones. Default: all active tenants.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        let names = tenants.into_iter().map(|tenant| self.pool.tenant_name(tenant));
        Self {
            chosen: Some(names.collect()),
            ..self
        }
    }

    /// How many tenants of each database at a time, each on a connection of its own; at least one. Default: 4.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            ..self
        }
    }

    /// Asks a function before each tenant whether to stop: once it returns true, no further tenant is begun. Default:
    /// never stop.
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        Self {
            stop: Box::new(stop),
            ..self
        }
    }
}

impl<B: Backend> fmt::Debug for ScriptRequest<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptRequest")
            .field("sql", &self.sql)
            .field("chosen", &self.chosen)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
