use std::collections::BTreeMap;

use clap::Args;
use diesel_tenants::{SchemaName, migrations::ChosenMigrations};
use serde_json::json;

use super::{Context, migrate::Fleet, revert::ask};
use crate::{
    arguments::{Consent, Count, TenantMigrations},
    interrupt::Interrupt,
    output::{Ending, print_fleet},
};

/// Options of `redo`.
#[derive(Debug, Args)]
pub struct Redo {
    #[command(flatten)]
    migrations: TenantMigrations,
    #[command(flatten)]
    count: Count,
    #[command(flatten)]
    fleet: Fleet,
    #[command(flatten)]
    consent: Consent,
}

impl Redo {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        let pool = context.pool().await?;
        if !self.fleet.dry_run {
            ask(&self.consent, &self.count, &self.fleet, "Revert and redo")?;
        }
        let interrupt = Interrupt::watch();
        let revert = pool.revert_tenants(migrations.clone(), self.count.revert());
        let reverted = self.fleet.run(revert, "reverted", &interrupt).await?;
        let mut is_success = reverted.is_success();
        let mut applied = Vec::new();
        if !self.fleet.dry_run {
            // Each tenant gets what was taken from it, no more, and whatever became of the others.
            let mut taken: BTreeMap<&[String], Vec<&SchemaName>> = BTreeMap::new();
            for report in reverted.tenants.iter().filter(|report| !report.versions.is_empty()) {
                taken.entry(&report.versions).or_default().push(&report.tenant);
            }
            for (versions, tenants) in taken {
                let fleet = Fleet {
                    only: Vec::new(),
                    canary: Vec::new(),
                    keep_going: true,
                    ..self.fleet.clone()
                };
                let chosen = ChosenMigrations::with_versions(migrations.clone(), versions);
                let migration = pool.migrate_tenants(chosen).only(tenants);
                // Also after Ctrl-C: nobody is left without what was reverted.
                let report = fleet.run(migration, "applied", &Interrupt::never()).await?;
                is_success &= report.is_success();
                applied.push(report);
            }
        }
        let result = json!({ "reverted": reverted, "applied": applied });
        context.printer.result(&result, || {
            print_fleet(&reverted, "reverted");
            applied.iter().for_each(|report| print_fleet(report, "applied"));
        })?;
        Ok(Ending::well_if(is_success))
    }
}
