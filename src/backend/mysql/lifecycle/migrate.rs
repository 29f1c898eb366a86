//! Migrations of one tenant's database, and of the shared one, under its lock.

use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::OperationError;
use crate::backend::mysql::{
    Server, Session,
    locks::Lock,
    migrations::{MigrationProblem, Owner, Plan, Runner, recorded},
    registry::{Entry, prepare},
};

/// Applies a tenant's pending migrations, and returns their versions.
pub(crate) async fn migrate(
    server: &Server,
    tenant: &SchemaName,
    plan: &Plan,
    wait: Duration,
) -> Result<Vec<String>, OperationError> {
    Worker::new(server).run(tenant, plan, Task::Apply, wait).await
}

/// Reverts a tenant's newest migrations, and returns their versions.
pub(crate) async fn revert(
    server: &Server,
    tenant: &SchemaName,
    plan: &Plan,
    count: usize,
    wait: Duration,
) -> Result<Vec<String>, OperationError> {
    Worker::new(server).run(tenant, plan, Task::Revert(count), wait).await
}

/// Applies the pending migrations of the shared database, which is made if it is missing.
pub(crate) async fn migrate_shared(
    server: &Server,
    plan: &Plan,
    wait: Duration,
) -> Result<Vec<String>, OperationError> {
    let owner = Owner::Shared(server.shared().clone());
    let mut lock = Lock::acquire(server, &[server.shared()], wait).await?;
    let mut runner = Runner::open(server, owner, &mut lock, wait).await?;
    Ok(runner.apply(plan).await?)
}

/// Reverts the newest migrations of the shared database.
pub(crate) async fn revert_shared(
    server: &Server,
    plan: &Plan,
    count: usize,
    wait: Duration,
) -> Result<Vec<String>, OperationError> {
    let owner = Owner::Shared(server.shared().clone());
    let mut lock = Lock::acquire(server, &[server.shared()], wait).await?;
    let mut runner = Runner::open(server, owner, &mut lock, wait).await?;
    Ok(runner.revert(plan, count).await?)
}

/// The versions that would be applied to a tenant, oldest first.
pub(crate) async fn pending(server: &Server, tenant: &SchemaName, plan: &Plan) -> Result<Vec<String>, OperationError> {
    let mut session = server.open().await?;
    prepare(&mut session, server.shared()).await?;
    let entry = Entry::find(&mut session, server.shared(), tenant).await?;
    if !entry.is_some_and(|entry| entry.status.is_migrated()) {
        return Err(OperationError::Missing {
            database: tenant.clone(),
        });
    }
    let recorded = recorded(&mut session, tenant).await?;
    let applied: Vec<String> = recorded.applied.into_iter().map(|(version, _)| version).collect();
    Ok(plan.lacked_by(&applied))
}

/// What is done to a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    /// The pending migrations are applied.
    Apply,
    /// The newest migrations are reverted, as many as this.
    Revert(usize),
}

/// Migrates tenants one after the other, on the same sessions where nothing was left on them.
pub(crate) struct Worker {
    server: Server,
    /// A session for locks.
    locking: Option<Session>,
    /// A session for migrations.
    working: Option<Session>,
}

impl Worker {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            server: server.clone(),
            locking: None,
            working: None,
        }
    }

    /// Migrates a tenant, and returns the versions.
    pub(crate) async fn run(
        &mut self,
        tenant: &SchemaName,
        plan: &Plan,
        task: Task,
        wait: Duration,
    ) -> Result<Vec<String>, OperationError> {
        let server = &self.server;
        let missing = || MigrationProblem::Missing {
            database: tenant.clone(),
        };
        let mut lock = match self.locking.take() {
            Some(session) => Lock::acquire_on(session, server, &[tenant], wait).await?,
            None => Lock::acquire(server, &[tenant], wait).await?,
        };
        let mut session = match self.working.take() {
            Some(session) => session,
            None => server.open().await?,
        };
        let entry = Entry::find(&mut session, server.shared(), tenant).await?;
        if !entry.is_some_and(|entry| entry.status.is_migrated()) {
            return Err(missing().into());
        }
        session.hold(tenant, wait).await?;
        let owner = Owner::Tenant {
            tenant: tenant.clone(),
            shared: server.shared().clone(),
        };
        let mut runner = Runner::begin(server, owner, &mut lock, session, wait).await?;
        let versions = match task {
            Task::Apply => runner.apply(plan).await?,
            Task::Revert(count) => runner.revert(plan, count).await?,
        };
        self.working = runner.into_session().await;
        self.locking = Some(lock.release().await?);
        Ok(versions)
    }
}
