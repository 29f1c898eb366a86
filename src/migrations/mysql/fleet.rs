use std::{collections::HashSet, sync::Arc, time::Instant};

use diesel::{migration::MigrationSource, mysql};

use super::{
    crew::Crew,
    of_life,
    survey::{Found, changed, survey},
};
use crate::{
    Mysql, SchemaName, TenantPool,
    backend::mysql::{
        lifecycle::{self, OperationError},
        migrations::{MigrationProblem, Owner, Plan},
    },
    migrations::{
        FleetError, FleetMigration, FleetReport, MigrationError, Revert, SchemaOwner, TenantOutcome, TenantReport,
        fleet::{Planned, RunOptions, Task},
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
            // They are about PostgreSQL's locks on tables, and batches of statements.
            limits: _,
            watcher,
            stop,
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

        let work = match task {
            Task::Migrate => lifecycle::Task::Apply,
            Task::Revert(revert) => lifecycle::Task::Revert(revert.count()),
        };
        let to_do = found.iter().map(|found| (found.0.clone(), to_do(found, &plan, task)));
        let planned = Planned::of(pool, to_do, &canaries, dry_run);
        let options = RunOptions {
            workers,
            keep_going,
            watcher: &*watcher,
            stop: &*stop,
        };
        let server = pool.mysql_server();
        let crew = |at_once| Crew::of(pool, &server, &plan, work, at_once);
        let tenants = planned.run(&options, crew, |tenant, done| report(tenant, task, done));
        Ok(FleetReport {
            tenants: tenants.await,
            changed,
            outside: Vec::new(),
            elapsed: started.elapsed(),
        })
    }
}

fn report(tenant: &SchemaName, task: Task, done: Result<Vec<String>, OperationError>) -> TenantReport {
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
