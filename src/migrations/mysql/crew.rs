//! The tasks that migrate a fleet. Each has sessions of its own, which it keeps.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{
    Backend, Mysql, SchemaName, TenantPool,
    backend::{
        mysql::{
            Server,
            lifecycle::{OperationError, Task, Worker},
            locks::LOCK_TIMEOUT,
            migrations::Plan,
        },
        tasks::finished,
    },
    migrations::fleet,
    signals::Counters,
};

type Done = fleet::Done<OperationError>;

pub(super) struct Crew {
    server: Server,
    counters: Arc<Counters>,
    plan: Plan,
    task: Task,
    at_once: usize,
    running: JoinSet<(Worker, Done)>,
    idle: Vec<Worker>,
}

impl Crew {
    pub(super) fn of(pool: &TenantPool<Mysql>, server: &Server, plan: &Plan, task: Task, at_once: usize) -> Self {
        Self {
            server: server.clone(),
            counters: Arc::clone(pool.counters()),
            plan: plan.clone(),
            task,
            at_once,
            running: JoinSet::new(),
            idle: Vec::new(),
        }
    }
}

impl fleet::Crew for Crew {
    type Error = OperationError;

    fn has_idle(&self) -> bool {
        self.running.len() < self.at_once
    }

    fn begin(&mut self, index: usize, tenant: SchemaName) {
        let mut worker = self.idle.pop().unwrap_or_else(|| Worker::new(&self.server));
        let (plan, task) = (self.plan.clone(), self.task);
        let counters = Arc::clone(&self.counters);
        self.running.spawn(async move {
            let work = worker.run(&tenant, &plan, task, LOCK_TIMEOUT);
            let done = counters.migrating(Mysql::SYSTEM, &tenant, work).await;
            (worker, (index, done))
        });
    }

    async fn next(&mut self) -> Option<Done> {
        let (worker, done) = finished(self.running.join_next().await?).await;
        self.idle.push(worker);
        Some(done)
    }
}
