//! Migrations of one tenant's database, and of the shared one, under its lock.

use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::LifeError;
use crate::backend::mysql::{
    Server,
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
) -> Result<Vec<String>, LifeError> {
    let mut lock = Lock::acquire(server, &[tenant], wait).await?;
    Ok(run_on(server, tenant, &mut lock, wait, Task::Apply(plan)).await?)
}

/// Reverts a tenant's newest migrations, and returns their versions.
pub(crate) async fn revert(
    server: &Server,
    tenant: &SchemaName,
    plan: &Plan,
    count: usize,
    wait: Duration,
) -> Result<Vec<String>, LifeError> {
    let mut lock = Lock::acquire(server, &[tenant], wait).await?;
    Ok(run_on(server, tenant, &mut lock, wait, Task::Revert(plan, count)).await?)
}

/// Applies the pending migrations of the shared database, which is made if it is missing.
pub(crate) async fn migrate_shared(server: &Server, plan: &Plan, wait: Duration) -> Result<Vec<String>, LifeError> {
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
) -> Result<Vec<String>, LifeError> {
    let owner = Owner::Shared(server.shared().clone());
    let mut lock = Lock::acquire(server, &[server.shared()], wait).await?;
    let mut runner = Runner::open(server, owner, &mut lock, wait).await?;
    Ok(runner.revert(plan, count).await?)
}

/// The versions that would be applied to a tenant, oldest first.
pub(crate) async fn pending(server: &Server, tenant: &SchemaName, plan: &Plan) -> Result<Vec<String>, LifeError> {
    let mut session = server.open().await?;
    prepare(&mut session, server.shared()).await?;
    let entry = Entry::find(&mut session, server.shared(), tenant).await?;
    if !entry.is_some_and(|entry| entry.status.is_migrated()) {
        return Err(LifeError::Missing {
            database: tenant.clone(),
        });
    }
    let recorded = recorded(&mut session, tenant).await?;
    let applied: Vec<String> = recorded.applied.into_iter().map(|(version, _)| version).collect();
    Ok(plan.lacked_by(&applied))
}

enum Task<'a> {
    Apply(&'a Plan),
    Revert(&'a Plan, usize),
}

async fn run_on(
    server: &Server,
    tenant: &SchemaName,
    lock: &mut Lock,
    wait: Duration,
    task: Task<'_>,
) -> Result<Vec<String>, MigrationProblem> {
    let owner = Owner::Tenant {
        tenant: tenant.clone(),
        shared: server.shared().clone(),
    };
    let mut session = server.open().await?;
    let entry = Entry::find(&mut session, server.shared(), tenant).await?;
    if !entry.is_some_and(|entry| entry.status.is_migrated()) {
        return Err(MigrationProblem::Missing {
            database: tenant.clone(),
        });
    }
    session.hold(tenant, wait).await?;
    let mut runner = Runner::begin(server, owner, lock, session, wait).await?;
    match task {
        Task::Apply(plan) => runner.apply(plan).await,
        Task::Revert(plan, count) => runner.revert(plan, count).await,
    }
}
