use std::time::Duration;

use clap::Args;
use diesel::{migration::MigrationSource, pg::Pg};
use diesel_tenants::{
    FleetReport,
    migrations::{FleetEvent, FleetMigration, TenantOutcome},
};

use crate::{
    completion::tenants,
    context::Context,
    duration,
    interrupt::Interrupt,
    options::TenantMigrations,
    output::{Ending, Progress, describe, print_fleet},
};

/// Options of `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    migrations: TenantMigrations,
    #[command(flatten)]
    fleet: Fleet,
}

/// Which tenants, how many at a time, and what to do if one fails: the same for `migrate`, `revert` and `redo`.
#[derive(Debug, Clone, Args)]
pub struct Fleet {
    /// Only this tenant; may be given more than once. Default: all tenants, including suspended ones and spares.
    #[arg(long, value_name = "TENANT", add = tenants())]
    pub only: Vec<String>,
    /// This tenant first; may be given more than once. If it fails, no other tenant is touched.
    #[arg(long, value_name = "TENANT", add = tenants())]
    pub canary: Vec<String>,
    /// How many tenants at a time, each on a connection of its own.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub workers: usize,
    /// Continues with the other tenants when one fails. Default: no further tenant is begun.
    #[arg(long)]
    pub keep_going: bool,
    /// How long a migration waits for a lock that a tenant's own queries hold, before it gives way for a while: a
    /// number with ms, s, m or h.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub lock_timeout: Duration,
    /// How often a migration tries to get the lock.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub lock_attempts: u32,
    /// After how many statements a connection is replaced. The server remembers, for each connection, all tables that
    /// it has used.
    #[arg(long, value_name = "COUNT", default_value_t = 4_000)]
    pub statements_per_connection: usize,
    /// Only shows what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

impl Fleet {
    /// Runs a migration of tenants with these options, and shows progress; `done` is a word such as `applied`.
    pub async fn run<S: MigrationSource<Pg> + Send + Sync + 'static>(
        &self,
        migration: FleetMigration<'_, S>,
        done: &str,
        interrupt: &Interrupt,
    ) -> anyhow::Result<FleetReport> {
        let mut migration = migration
            .canaries(&self.canary)
            .workers(self.workers)
            .lock_timeout(self.lock_timeout)
            .lock_attempts(self.lock_attempts)
            .statements_per_connection(self.statements_per_connection)
            .stop_when(|| interrupt.is_pressed());
        if !self.only.is_empty() {
            migration = migration.only(&self.only);
        }
        if self.keep_going {
            migration = migration.keep_going();
        }
        if self.dry_run {
            return Ok(migration.dry_run().run().await?);
        }
        let progress = Progress::new();
        let report = migration
            .on_progress(|event| match event {
                FleetEvent::Planned { pending, .. } => progress.begin(pending),
                FleetEvent::Tenant(report) => {
                    let is_notable = matches!(report.outcome, TenantOutcome::Failed(_));
                    progress.tenant(&describe(report, done), is_notable);
                }
                _ => {}
            })
            .run()
            .await;
        progress.end();
        Ok(report?)
    }
}

impl Migrate {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        let pool = context.pool().await?;
        let interrupt = Interrupt::watch();
        let report = self
            .fleet
            .run(pool.migrate_tenants(migrations), "applied", &interrupt)
            .await?;
        let rest = "run the same command again to continue with the other tenants";
        context
            .printer
            .result(&report, || print_fleet(&report, "applied", rest))?;
        Ok(Ending::well_if(report.is_success()))
    }
}
