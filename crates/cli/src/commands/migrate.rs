//! `migrate`, and what it shares with `revert` and `redo`.

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use diesel_tenants::{
    FleetReport, Revert,
    migrations::{FleetEvent, TenantOutcome},
};

use super::databases;
use crate::{
    chosen_databases::Databases,
    completion::{databases as databases_of_settings, tenants},
    context::Context,
    database::{AnyPool, FleetRun, Instead},
    duration,
    interrupt::Interrupt,
    migrations::Migrations,
    options::TenantMigrations,
    output::{Ending, Printer, describe, print_fleet},
};

/// Options of `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    migrations: TenantMigrations,
    #[command(flatten)]
    fleet: Fleet,
    /// PostgreSQL, with several databases: leaves their shared schemas as they are. Default: the shared migrations of
    /// each database are applied before those of its tenants.
    #[arg(long)]
    tenants_only: bool,
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
    /// PostgreSQL: how long a migration waits for a lock that a tenant's own queries hold, before it gives way for a
    /// while: a number with ms, s, m or h. Default: 2s.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL: how often a migration tries to get the lock. Default: 10.
    #[arg(long, value_name = "COUNT")]
    pub lock_attempts: Option<u32>,
    /// PostgreSQL: after how many statements a connection is replaced. The server remembers, for each connection, all
    /// tables that it has used. Default: 4000.
    #[arg(long, value_name = "COUNT")]
    pub statements_per_connection: Option<usize>,
    /// PostgreSQL: this database first, by its name in `diesel-tenants.toml`. If anything fails there, no other
    /// database is touched. Default: all databases side by side.
    #[arg(long, value_name = "DATABASE", add = databases_of_settings())]
    pub first_database: Option<String>,
    #[command(flatten)]
    pub databases: Databases,
    /// Only shows what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

impl Fleet {
    /// Runs migrations of tenants with these options, and shows progress; `done` is a word such as `applied`.
    pub async fn run(
        &self,
        task: Task<'_>,
        done: &str,
        interrupt: &Interrupt,
        printer: Printer,
    ) -> anyhow::Result<FleetReport> {
        let progress = printer.progress();
        let watcher = |event: FleetEvent<'_>| match event {
            FleetEvent::Planned { pending, .. } => progress.begin(pending),
            FleetEvent::Tenant(report) => {
                let is_notable = matches!(report.outcome, TenantOutcome::Failed(_));
                progress.tenant(&describe(report, done), is_notable);
            }
            _ => {}
        };
        let run = FleetRun {
            only: &self.only,
            canaries: &self.canary,
            workers: self.workers,
            keep_going: self.keep_going,
            dry_run: self.dry_run,
            lock_timeout: self.lock_timeout,
            lock_attempts: self.lock_attempts,
            statements_per_connection: self.statements_per_connection,
            watcher: if self.dry_run { &|_| () } else { &watcher },
            stop: &|| interrupt.is_pressed(),
        };
        let report = match task {
            Task::Migrate(pool, migrations) => pool.migrate_tenants(migrations, run).await,
            Task::Revert(pool, migrations, revert) => pool.revert_tenants(migrations, revert, run).await,
        };
        progress.end();
        Ok(report?)
    }

    /// A pool of the one database whose tenants are meant.
    pub async fn pool(&self, context: &Context) -> anyhow::Result<Box<dyn AnyPool>> {
        if self.first_database.is_some() {
            bail!("--first-database is for several databases, under [databases] in diesel-tenants.toml");
        }
        context.pool_of("migrations", &self.databases).await
    }

    /// Nobody waits for a lock on a table of SQLite. On MySQL, a statement that gave up waiting is where the next run
    /// goes on. Neither remembers tables for each connection.
    pub fn refuse_what_only_postgres_has(&self, context: &Context) -> anyhow::Result<()> {
        let given = [
            ("--lock-timeout", self.lock_timeout.is_some()),
            ("--lock-attempts", self.lock_attempts.is_some()),
            ("--statements-per-connection", self.statements_per_connection.is_some()),
        ];
        for (option, _) in given.iter().filter(|(_, is_given)| *is_given) {
            let instead = Instead {
                on_sqlite: "leave it out: a migration waits for other writers of the tenant, and no reader waits for it",
                on_mysql: "leave it out: the server's `lock_wait_timeout` says how long a migration waits for tables, and \
                           the next run goes on behind the last statement that was applied",
            };
            context.database.needs_postgres(option, instead)?;
        }
        Ok(())
    }
}

/// What is done to each tenant.
pub enum Task<'a> {
    Migrate(&'a dyn AnyPool, Migrations),
    Revert(&'a dyn AnyPool, Migrations, Revert),
}

impl Migrate {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        self.fleet.refuse_what_only_postgres_has(context)?;
        if context.has_further_databases() {
            let shared = match self.tenants_only {
                true => None,
                false => context.settings.shared_migrations_if_any().await?,
            };
            return databases::migrate(context, &self.fleet, shared, migrations).await;
        }
        let pool = self.fleet.pool(context).await?;
        let interrupt = Interrupt::watch();
        let task = Task::Migrate(&*pool, Migrations::All(migrations));
        let report = self.fleet.run(task, "applied", &interrupt, context.printer).await?;
        let rest = "run the same command again to continue with the other tenants";
        context
            .printer
            .result(&report, || print_fleet(&report, "applied", rest))?;
        Ok(Ending::well_if(report.is_success()))
    }
}
