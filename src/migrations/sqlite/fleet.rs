//! Migrates the files of many tenants.

use std::{collections::HashSet, sync::Arc, time::Instant};

use diesel::{migration::MigrationSource, sqlite};

use super::{
    crew::Crew,
    survey::{Found, changed, survey},
};
use crate::{
    SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FileError, Surveyed},
        migrations::{MigrationProblem, Plan},
    },
    migrations::{
        FleetError, FleetEvent, FleetMigration, FleetReport, MigrationError, Revert, SchemaOwner, TenantOutcome,
        TenantReport, fleet::Task,
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
            watcher,
            stop,
            ..
        } = self;
        let canaries = canaries?;
        let chosen = chosen.transpose()?;
        let migrations = Arc::new(migrations);
        let found = survey(pool, chosen, &canaries, workers).await?;
        let (found, to_do, changed) = {
            let migrations = Arc::clone(&migrations);
            let compared = blocking(move || {
                let plan = Plan::read(&*migrations)?;
                plan.check()?;
                let to_do: Vec<_> = found.iter().map(|(_, surveyed)| to_do(surveyed, &plan, task)).collect();
                let changed = changed(&found, &plan);
                Ok((found, to_do, changed))
            });
            compared
                .await
                .map_err(|problem: MigrationProblem| FleetError::Files(SqliteError::migrations(problem)))?
        };

        let planned = Planned::of(&found, to_do, &canaries, dry_run);
        watcher(FleetEvent::Planned {
            tenants: found.len(),
            pending: planned.pending(),
        });
        let Planned {
            mut reports,
            canaries: first,
            others,
        } = planned;
        let mut has_failed = false;
        for (jobs, at_once) in [(first, 1), (others, workers)] {
            let mut jobs = jobs.into_iter();
            let mut crew = Crew::of(pool, &migrations, task, at_once.min(jobs.len()));
            loop {
                while crew.has_idle()
                    && !(has_failed || stop())
                    && let Some(index) = jobs.next()
                {
                    crew.begin(index, found[index].0.clone());
                }
                let Some((index, done)) = crew.next().await else { break };
                let tenant = &found[index].0;
                let done = report_of(tenant, task, done);
                // A canary's failure keeps the others from being begun, whatever else goes on.
                has_failed |= !done.outcome.is_success() && (!keep_going || canaries.contains(tenant));
                watcher(FleetEvent::Tenant(&done));
                reports[index] = Some(done);
            }
        }
        let not_reached =
            |(tenant, _): &Found| TenantReport::new(tenant.clone(), Vec::new(), TenantOutcome::NotReached);
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

/// The tenants to migrate, by their places in the list of all, and the reports of the others.
struct Planned {
    /// `None` for the tenants to migrate.
    reports: Vec<Option<TenantReport>>,
    canaries: Vec<usize>,
    others: Vec<usize>,
}

impl Planned {
    fn of(found: &[Found], to_do: Vec<Vec<String>>, canaries: &[SchemaName], dry_run: bool) -> Self {
        let mut planned = Self {
            reports: Vec::with_capacity(found.len()),
            canaries: Vec::new(),
            others: Vec::new(),
        };
        for (index, ((tenant, surveyed), versions)) in found.iter().zip(to_do).enumerate() {
            // If its file can't be read, the migration will say why.
            let is_done = surveyed.is_ok() && versions.is_empty();
            planned.reports.push(match (is_done, dry_run) {
                (true, _) => Some(TenantReport::new(tenant.clone(), Vec::new(), TenantOutcome::UpToDate)),
                (false, true) => Some(TenantReport::new(tenant.clone(), versions, TenantOutcome::Pending)),
                (false, false) => {
                    let jobs = match canaries.contains(tenant) {
                        true => &mut planned.canaries,
                        false => &mut planned.others,
                    };
                    jobs.push(index);
                    None
                }
            });
        }
        planned
    }

    /// How many tenants are migrated, or would be.
    fn pending(&self) -> usize {
        let would_be = self.reports.iter().flatten();
        let would_be = would_be.filter(|report| !report.versions.is_empty()).count();
        would_be + self.canaries.len() + self.others.len()
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
fn to_do(surveyed: &Result<Surveyed, FileError>, plan: &Plan, task: Task) -> Vec<String> {
    let Ok(surveyed) = surveyed else {
        return Vec::new();
    };
    let mut applied = surveyed.applied.iter().map(|(version, _)| version);
    match task {
        Task::Migrate => {
            let applied: HashSet<&String> = applied.collect();
            plan.versions().filter(|version| !applied.contains(version)).collect()
        }
        Task::Revert(revert) => applied.by_ref().rev().take(revert.count()).cloned().collect(),
    }
}
