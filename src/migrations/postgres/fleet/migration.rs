//! Starts a migration of many tenants, and runs it step by step.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use diesel::{migration::MigrationSource, pg::Pg};

use super::{
    crew::{Crew, Watcher},
    site::Site,
    to_do::ToDo,
    worker::Step,
};
use crate::{
    TenantPool,
    migrations::{
        FleetError, FleetEvent, FleetMigration, FleetReport, Plan, Revert,
        fleet::{Halt, Task},
    },
};

/// # Migrating all tenants
impl TenantPool {
    /// Applies the pending migrations of all tenants, active, suspended and spare.
    ///
    /// A handful of queries finds the tenants that lack migrations; if there are none, nothing more is sent. Each
    /// migration of a tenant is one message and one transaction with its version row, under the same advisory lock on
    /// the schema as [`migrate_tenant`](Self::migrate_tenant) takes. Another lock covers the whole fleet: if two
    /// deployers run at once, one waits, and then finds nothing to do. A run that was stopped, for whatever reason,
    /// continues when it is run again.
    ///
    /// ```no_run
    /// # use diesel_tenants::TenantPool;
    /// # use diesel_migrations::FileBasedMigrations;
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = FileBasedMigrations::from_path("tenant_migrations")?;
    /// let report = pool.migrate_tenants(migrations).workers(4).canaries(["client1"]).run().await?;
    /// println!("{report}"); // 999 migrated, 1 failed
    /// for tenant in report.failed() {
    ///     eprintln!("{}: {:?}", tenant.tenant, tenant.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate_tenants<S>(&self, migrations: S) -> FleetMigration<'_, S>
    where
        S: MigrationSource<Pg> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Migrate)
    }

    /// Reverts migrations of all tenants, each tenant's newest first; otherwise like
    /// [`migrate_tenants`](Self::migrate_tenants).
    ///
    /// After a run that was stopped, choose the tenants that are left ([`only`](FleetMigration::only)): in the others
    /// the same call would revert further migrations.
    pub fn revert_tenants<S>(&self, migrations: S, revert: Revert) -> FleetMigration<'_, S>
    where
        S: MigrationSource<Pg> + Send + Sync + 'static,
    {
        FleetMigration::new(self, migrations, Task::Revert(revert))
    }
}

impl<S: MigrationSource<Pg> + Send + Sync + 'static> FleetMigration<'_, S> {
    /// How long a migration waits for a lock that the tenant's own queries hold, before it gives up and tries again:
    /// while it waits for a table's lock, all later queries on that table wait behind it. Default: 2 seconds.
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.limits.lock_timeout = lock_timeout.max(Duration::from_millis(1));
        self
    }

    /// How often a migration tries to get the lock, with pauses of up to 2 seconds in between. Default: 10 times.
    pub fn lock_attempts(mut self, lock_attempts: u32) -> Self {
        self.limits.lock_attempts = lock_attempts;
        self
    }

    /// After how many migration statements a worker replaces its connection, once the current tenant is done: the
    /// server process remembers every table it has used, with some 15 kB each. Default: 4,000.
    pub fn statements_per_connection(mut self, statements: usize) -> Self {
        self.limits.statements_a_connection = statements.max(1);
        self
    }

    /// Runs the migration. Dropping the future stops it; the server may still finish what has been sent.
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
            limits,
            watcher,
            stop,
        } = self;
        let canaries = canaries?;
        let chosen = chosen.transpose()?;
        let plan = Plan::read(migrations).await?;

        let connection = pool.migration_connector().connect().await?;
        let mut site = Site::new(pool, connection, limits, workers).await?;
        if !dry_run {
            site.require_writable().await?;
            site.lock().await?;
        }
        let survey = site.survey(chosen, &canaries).await?;
        let changed = survey.changed(&plan).await?;
        let to_do = ToDo::find(survey, &plan, task);
        let scripts = plan.prepare(to_do.versions(&plan), task.direction()).await?;
        let outside = site.check(&scripts)?;
        watcher(FleetEvent::Planned {
            tenants: to_do.tenants.len(),
            pending: to_do.pending(),
        });
        let tenants = if dry_run {
            to_do.into_reports()
        } else {
            let steps = Step::all(&scripts, site.batched);
            let (halt, names) = (Halt::new(keep_going, &*stop), HashMap::new());
            let (count, told) = (site.workers.len(), (&halt, &*watcher as Watcher<'_>));
            let crew = Crew::new(to_do, &steps, &canaries, count, told, &names);
            crew.canaries(&mut site.workers).await;
            crew.others(&mut site.workers).await;
            crew.end()
        };
        Ok(FleetReport {
            tenants,
            changed,
            outside,
            elapsed: started.elapsed(),
        })
    }
}
