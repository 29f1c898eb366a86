use clap::Args;
use diesel_tenants::{FleetReport, migrations::MigrationFolder};

use super::{
    databases,
    migrate::{Fleet, Task},
};
use crate::{
    confirm::confirm,
    context::Context,
    database::AnyPool,
    interrupt::Interrupt,
    migrations::Migrations,
    options::{Consent, Count, TenantMigrations},
    output::{Ending, name, print_fleet},
};

/// How to continue with the tenants that are left: in the others the newest migration is another one now.
pub const REST: &str = "to continue, name the tenants that are left by --only: without it, further migrations of the \
                        others would be reverted";

/// Options of `revert`.
#[derive(Debug, Args)]
pub struct Revert {
    #[command(flatten)]
    migrations: TenantMigrations,
    #[command(flatten)]
    count: Count,
    #[command(flatten)]
    pub fleet: Fleet,
    #[command(flatten)]
    consent: Consent,
}

/// What was reverted, and what a `redo` needs to continue.
pub struct Reverted {
    pub pool: Box<dyn AnyPool>,
    pub migrations: MigrationFolder,
    pub report: FleetReport,
}

impl Revert {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if context.has_further_databases() {
            let (migrations, count) = self.prepare(context, "Revert").await?;
            return databases::revert(context, &self.fleet, migrations, (count, REST)).await;
        }
        let Reverted { report, .. } = self.revert(context, "Revert").await?;
        context
            .printer
            .result(&report, || print_fleet(&report, "reverted", REST))?;
        Ok(Ending::well_if(report.is_success()))
    }

    /// Which migrations, and how many, once the user has agreed; `what` begins the question.
    pub async fn prepare(
        &self,
        context: &Context,
        what: &str,
    ) -> anyhow::Result<(MigrationFolder, diesel_tenants::Revert)> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        if !self.fleet.dry_run {
            self.ask(what)?;
        }
        Ok((migrations, self.count.revert()))
    }

    /// Reverts after the user has agreed; `what` begins the question.
    pub async fn revert(&self, context: &Context, what: &str) -> anyhow::Result<Reverted> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        self.fleet.refuse_what_only_postgres_has(context)?;
        let pool = self.fleet.pool(context).await?;
        if !self.fleet.dry_run {
            self.ask(what)?;
        }
        let interrupt = Interrupt::watch();
        let task = Task::Revert(&*pool, Migrations::All(migrations.clone()), self.count.revert());
        let report = self.fleet.run(task, "reverted", &interrupt, context.printer).await?;
        Ok(Reverted {
            pool,
            migrations,
            report,
        })
    }

    /// Asks before migrations are reverted, which may drop tables.
    fn ask(&self, what: &str) -> anyhow::Result<()> {
        let migrations = match (self.count.all, self.count.number) {
            (true, _) => "all migrations".to_owned(),
            (false, 1) => "the newest migration".to_owned(),
            (false, number) => format!("the newest {number} migrations"),
        };
        let tenants = match self.fleet.only.as_slice() {
            [] => "all tenants".to_owned(),
            only => {
                let names: Vec<String> = only.iter().map(|only| name(only)).collect();
                format!("tenants {}", names.join(", "))
            }
        };
        confirm(
            &self.consent,
            &format!("{what} {migrations} of {tenants}, with the data of the tables and columns that this drops?"),
        )
    }
}
