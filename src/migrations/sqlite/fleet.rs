//! Migrates the files of many tenants.

use std::{collections::HashSet, sync::Arc, time::Instant};

use diesel::{migration::MigrationSource, sqlite};

use super::{
    crew::Crew,
    survey::{changed, survey},
};
use crate::{
    SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::Surveyed,
        migrations::{MigrationProblem, Plan},
    },
    migrations::{
        FleetError, FleetMigration, FleetReport, MigrationError, Revert, SchemaOwner, TenantOutcome, TenantReport,
        fleet::{Planned, RunOptions, Task},
    },
    pool::SqliteError,
};

/// # Migrating all tenants
impl TenantPool<Sqlite> {
    /// Applies the pending migrations of all tenants, active and suspended.
    ///
    /// Each file is looked at once, by several threads. Each migration is a transaction with its version row. A run
    /// that was stopped, for whatever reason, continues when it is run again.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Sqlite, TenantPool};
    /// # use diesel_migrations::FileBasedMigrations;
    /// # async fn run(pool: TenantPool<Sqlite>) -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = FileBasedMigrations::from_path("tenant_migrations")?;
    /// let report = pool.migrate_tenants(migrations).workers(4).canaries(["client1"]).run().await?;
    /// println!("{report}"); // 999 migrated, 1 failed
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate_tenants<S>(&self, migrations: S) -> FleetMigration<'_, S, Sqlite>
    where
        S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Migrate)
    }

    /// Reverts migrations of all tenants, each tenant's newest first; otherwise like
    /// [`migrate_tenants`](Self::migrate_tenants).
    pub fn revert_tenants<S>(&self, migrations: S, revert: Revert) -> FleetMigration<'_, S, Sqlite>
    where
        S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Revert(revert))
    }
}

impl<S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static> FleetMigration<'_, S, Sqlite> {
    /// Runs the migration. Dropping the future stops it after the tenants in progress.
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
            // They are about a server's locks on tables, and batches of statements.
            limits: _,
            watcher,
            stop,
        } = self;
        let canaries = canaries?;
        let chosen = chosen.transpose()?;
        let migrations = Arc::new(migrations);
        let found = survey(pool, chosen, &canaries, workers).await?;
        let (to_do, changed) = {
            let migrations = Arc::clone(&migrations);
            let compared = blocking(move || {
                let plan = Plan::read(&*migrations)?;
                plan.check()?;
                let changed = changed(&found, &plan);
                let to_do = found.into_iter().map(|(tenant, surveyed)| {
                    let versions = surveyed.ok().map(|surveyed| to_do(&surveyed, &plan, task));
                    (tenant, versions)
                });
                Ok((to_do.collect::<Vec<_>>(), changed))
            });
            compared
                .await
                .map_err(|problem: MigrationProblem| FleetError::Files(SqliteError::migrations(problem)))?
        };

        let planned = Planned::of(pool, to_do, &canaries, dry_run);
        let options = RunOptions {
            workers,
            keep_going,
            watcher: &*watcher,
            stop: &*stop,
        };
        let crew = |workers| Crew::of(pool, &migrations, task, workers);
        let tenants = planned.run(&options, crew, |tenant, done| report_of(tenant, task, done));
        Ok(FleetReport {
            tenants: tenants.await,
            changed,
            outside: Vec::new(),
            elapsed: started.elapsed(),
        })
    }
}

fn report_of(tenant: &SchemaName, task: Task, done: Result<Vec<String>, SqliteError>) -> TenantReport {
    let (versions, outcome) = match (done, task) {
        (Ok(versions), Task::Migrate) => (versions, TenantOutcome::Migrated),
        (Ok(versions), Task::Revert(_)) => (versions, TenantOutcome::Reverted),
        (Err(error), _) => match SchemaOwner::Tenant(tenant.clone()).of_file(error) {
            MigrationError::UnknownSchema { .. } => (Vec::new(), TenantOutcome::Dropped),
            error => (Vec::new(), TenantOutcome::Failed(error)),
        },
    };
    TenantReport::new(tenant.clone(), versions, outcome)
}

/// The versions to apply to a tenant, or to revert, in that order.
fn to_do(surveyed: &Surveyed, plan: &Plan, task: Task) -> Vec<String> {
    let applied = surveyed.applied.iter().map(|(version, _)| version);
    match task {
        Task::Migrate => {
            let applied: HashSet<&String> = applied.collect();
            plan.versions().filter(|version| !applied.contains(version)).collect()
        }
        Task::Revert(revert) => applied.rev().take(revert.count()).cloned().collect(),
    }
}
