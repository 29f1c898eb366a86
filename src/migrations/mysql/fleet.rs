use std::{collections::HashSet, sync::Arc, time::Instant};

use diesel::{migration::MigrationSource, mysql};
use tokio::task::JoinSet;

use super::{
    of_life,
    survey::{Found, changed, survey},
};
use crate::{
    Mysql, SchemaName, TenantPool,
    backend::mysql::{
        lives::{self, LifeError, Worker},
        locks::LOCK_TIMEOUT,
        migrations::{MigrationProblem, Owner, Plan},
    },
    migrations::{
        FleetError, FleetEvent, FleetMigration, FleetReport, MigrationError, Revert, SchemaOwner, TenantOutcome,
        TenantReport, fleet::Task,
    },
    pool::MysqlError,
};

/// # Migrating all tenants
impl TenantPool<Mysql> {
    /// Applies the pending migrations of all tenants, active and suspended.
    ///
    /// A handful of queries finds the tenants that lack migrations; if there are none, nothing more is sent. Each tenant
    /// is migrated under its own lock: if two deployers run at once, each thing is done once. A run that was stopped,
    /// for whatever reason, continues when it is run again, behind the last statement that was applied.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Mysql, TenantPool};
    /// # use diesel_migrations::FileBasedMigrations;
    /// # async fn run(pool: TenantPool<Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = FileBasedMigrations::from_path("tenant_migrations")?;
    /// let report = pool.migrate_tenants(migrations).workers(4).canaries(["client1"]).run().await?;
    /// println!("{report}"); // 999 migrated, 1 failed
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate_tenants<S>(&self, migrations: S) -> FleetMigration<'_, S, Mysql>
    where
        S: MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Migrate)
    }

    /// Reverts migrations of all tenants, each tenant's newest first; otherwise like
    /// [`migrate_tenants`](Self::migrate_tenants).
    pub fn revert_tenants<S>(&self, migrations: S, revert: Revert) -> FleetMigration<'_, S, Mysql>
    where
        S: MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Revert(revert))
    }
}

impl<S: MigrationSource<mysql::Mysql> + Send + Sync + 'static> FleetMigration<'_, S, Mysql> {
    /// Runs the migration. Dropping the future stops it. The server finishes the statements that it was sent, and the
    /// next run goes on behind them.
    ///
    /// # Errors
    /// [`FleetError`]: nothing was done to any tenant. Failures of single tenants are in the report.
    pub async fn run(self) -> Result<FleetReport, FleetError> {
        let started = Instant::now();
        let Self {
            pool,
            migrations,
            task,
            chosen,
            canaries,
            workers,
            keep_going,
            dry_run,
            watcher,
            stop,
            ..
        } = self;
        let canaries = canaries?;
        let chosen = chosen.transpose()?;
        let plan = Plan::read(Arc::new(migrations)).await.map_err(unusable)?;
        let found = survey(pool, chosen, &canaries).await?;
        let shared = pool.shared_schema();
        plan.check(&Owner::Tenant {
            tenant: shared.clone(),
            shared: shared.clone(),
        })
        .await
        .map_err(unusable)?;
        let changed = changed(&found, &plan, shared).await.map_err(unusable)?;

        let mut reports: Vec<Option<TenantReport>> = Vec::with_capacity(found.len());
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for (index, found) in found.iter().enumerate() {
            let (tenant, ..) = found;
            let versions = to_do(found, &plan, task);
            // What is unfinished, or can't be read, is looked at again: the migration says why.
            let is_done = versions.as_ref().is_some_and(Vec::is_empty);
            let versions = versions.unwrap_or_default();
            reports.push(match (is_done, dry_run) {
                (true, _) => Some(TenantReport::new(tenant.clone(), Vec::new(), TenantOutcome::UpToDate)),
                (false, true) => Some(TenantReport::new(tenant.clone(), versions, TenantOutcome::Pending)),
                (false, false) => {
                    let jobs = match canaries.contains(tenant) {
                        true => &mut first,
                        false => &mut others,
                    };
                    jobs.push(index);
                    None
                }
            });
        }
        let pending = match dry_run {
            true => reports
                .iter()
                .flatten()
                .filter(|report| !report.versions.is_empty())
                .count(),
            false => first.len() + others.len(),
        };
        watcher(FleetEvent::Planned {
            tenants: found.len(),
            pending,
        });
        let server = pool.mysql_server();
        let work = match task {
            Task::Migrate => lives::Task::Apply,
            Task::Revert(revert) => lives::Task::Revert(revert.count()),
        };
        let mut has_failed = false;
        for (jobs, at_once) in [(first, 1), (others, workers)] {
            let mut jobs = jobs.into_iter();
            let mut running = JoinSet::new();
            let mut idle: Vec<Worker> = Vec::new();
            loop {
                while running.len() < at_once
                    && !(has_failed || stop())
                    && let Some(index) = jobs.next()
                {
                    let mut worker = idle.pop().unwrap_or_else(|| Worker::new(&server));
                    let (plan, tenant) = (plan.clone(), found[index].0.clone());
                    running.spawn(async move {
                        let done = worker.run(&tenant, &plan, work, LOCK_TIMEOUT).await;
                        (index, worker, done)
                    });
                }
                let Some(done) = running.join_next().await else { break };
                let (index, worker, done) = match done {
                    Ok(done) => done,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                };
                idle.push(worker);
                let report = report(&found[index].0, task, done);
                // A canary's failure keeps the others from being begun, whatever else goes on.
                has_failed |= !report.outcome.is_success() && (!keep_going || canaries.contains(&report.tenant));
                watcher(FleetEvent::Tenant(&report));
                reports[index] = Some(report);
            }
        }
        let not_reached =
            |(tenant, ..): &Found| TenantReport::new(tenant.clone(), Vec::new(), TenantOutcome::NotReached);
        let reports = found.iter().zip(reports);
        Ok(FleetReport {
            tenants: reports
                .map(|(found, report)| report.unwrap_or_else(|| not_reached(found)))
                .collect(),
            changed,
            outside: Vec::new(),
            elapsed: started.elapsed(),
        })
    }
}

fn report(tenant: &SchemaName, task: Task, done: Result<Vec<String>, LifeError>) -> TenantReport {
    let (versions, outcome) = match done {
        // Another process has done it meanwhile.
        Ok(versions) if versions.is_empty() => (versions, TenantOutcome::UpToDate),
        Ok(versions) => match task {
            Task::Migrate => (versions, TenantOutcome::Migrated),
            Task::Revert(_) => (versions, TenantOutcome::Reverted),
        },
        Err(error) => match of_life(&SchemaOwner::Tenant(tenant.clone()), error) {
            MigrationError::UnknownSchema { .. } => (Vec::new(), TenantOutcome::Dropped),
            error => (Vec::new(), TenantOutcome::Failed(error)),
        },
    };
    TenantReport::new(tenant.clone(), versions, outcome)
}

/// The versions to apply to a tenant, or to revert, in that order; `None` if that is not known.
fn to_do((_, _, recorded): &Found, plan: &Plan, task: Task) -> Option<Vec<String>> {
    let recorded = recorded.as_ref().ok().filter(|recorded| !recorded.is_unfinished)?;
    let applied = recorded.applied.iter().map(|(version, _)| version);
    Some(match task {
        Task::Migrate => {
            let applied: HashSet<&String> = applied.collect();
            let versions = plan.versions().iter();
            versions.filter(|version| !applied.contains(version)).cloned().collect()
        }
        Task::Revert(revert) => applied.rev().take(revert.count()).cloned().collect(),
    })
}

/// The error of migrations that can't be used for any tenant.
pub(super) fn unusable(problem: MigrationProblem) -> FleetError {
    FleetError::Mysql(MysqlError::migrations(problem))
}
