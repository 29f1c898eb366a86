use clap::Args;

use super::{Context, migrate::Fleet};
use crate::{
    arguments::{Consent, Count, TenantMigrations},
    confirm::confirm,
    interrupt::Interrupt,
    output::{Ending, name, print_fleet},
};

/// Options of `revert`.
#[derive(Debug, Args)]
pub struct Revert {
    #[command(flatten)]
    migrations: TenantMigrations,
    #[command(flatten)]
    count: Count,
    #[command(flatten)]
    fleet: Fleet,
    #[command(flatten)]
    consent: Consent,
}

impl Revert {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        let pool = context.pool().await?;
        if !self.fleet.dry_run {
            ask(&self.consent, &self.count, &self.fleet, "Revert")?;
        }
        let interrupt = Interrupt::watch();
        let revert = pool.revert_tenants(migrations, self.count.revert());
        let report = self.fleet.run(revert, "reverted", &interrupt).await?;
        context.printer.result(&report, || print_fleet(&report, "reverted"))?;
        Ok(Ending::well_if(report.is_success()))
    }
}

/// Asks before migrations are reverted, and tables dropped by it.
pub fn ask(consent: &Consent, count: &Count, fleet: &Fleet, what: &str) -> anyhow::Result<()> {
    let migrations = match (count.all, count.number) {
        (true, _) => "all migrations".to_owned(),
        (false, 1) => "the newest migration".to_owned(),
        (false, number) => format!("the newest {number} migrations"),
    };
    let tenants = match fleet.only.as_slice() {
        [] => "all tenants".to_owned(),
        only => {
            let names: Vec<String> = only.iter().map(|only| name(only)).collect();
            format!("tenants {}", names.join(", "))
        }
    };
    confirm(
        consent,
        &format!("{what} {migrations} of {tenants}, with the data of the tables and columns that this drops?"),
    )
}
