use super::{FleetEvent, Limits, Task, chosen_names};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    pool::{Backend, Postgres},
};

/// A migration of many tenants, to be started by [`run`](Self::run); see [`TenantPool::migrate_tenants`].
#[must_use = "nothing is migrated until `run`"]
pub struct FleetMigration<'a, S, B: Backend = Postgres> {
    pub(in crate::migrations) pool: &'a TenantPool<B>,
    pub(in crate::migrations) migrations: S,
    pub(in crate::migrations) task: Task,
    pub(in crate::migrations) chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
    pub(in crate::migrations) canaries: Result<Vec<SchemaName>, SchemaNameError>,
    pub(in crate::migrations) workers: usize,
    pub(in crate::migrations) keep_going: bool,
    pub(in crate::migrations) dry_run: bool,
    pub(in crate::migrations) limits: Limits,
    pub(in crate::migrations) watcher: Box<dyn Fn(FleetEvent<'_>) + Send + Sync + 'a>,
    pub(in crate::migrations) stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
}

impl<'a, S, B: Backend> FleetMigration<'a, S, B> {
    pub(in crate::migrations) fn new(pool: &'a TenantPool<B>, migrations: S, task: Task) -> Self {
        Self {
            pool,
            migrations,
            task,
            chosen: None,
            canaries: Ok(Vec::new()),
            workers: 2,
            keep_going: false,
            dry_run: false,
            limits: Limits::default(),
            watcher: Box::new(|_| ()),
            stop: Box::new(|| false),
        }
    }

    /// Migrates only these tenants, in this order. Default: all.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            chosen: Some(chosen_names(self.pool, tenants)),
            ..self
        }
    }

    /// Migrates these tenants first, one after the other. The others follow only if all of these succeed. Default:
    /// none.
    pub fn canaries(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            canaries: chosen_names(self.pool, tenants),
            ..self
        }
    }

    /// How many tenants are migrated at a time, each on its own connection beside the pool's; at least 1. Default: 2.
    pub fn workers(self, workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            ..self
        }
    }

    /// Continues with the other tenants when one fails. Default: after a failure no further tenant is begun.
    pub fn keep_going(self) -> Self {
        Self {
            keep_going: true,
            ..self
        }
    }

    /// Only finds out what there is to do.
    pub fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Calls a function once the plan is known and after each tenant, to show progress. It should be quick.
    pub fn on_progress(self, watcher: impl Fn(FleetEvent<'_>) + Send + Sync + 'a) -> Self {
        Self {
            watcher: Box::new(watcher),
            ..self
        }
    }

    /// Asks a function before each tenant whether to stop. Tenants in progress are then finished, the others are
    /// reported as [not reached](super::TenantOutcome::NotReached). Default: never stop. The function should be quick.
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        Self {
            stop: Box::new(stop),
            ..self
        }
    }
}
