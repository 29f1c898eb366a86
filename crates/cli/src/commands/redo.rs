use std::collections::BTreeMap;

use clap::Args;
use diesel_tenants::{SchemaName, migrations::TenantReport};
use serde_json::json;

use super::{
    databases,
    migrate::{Fleet, Task},
    revert::{REST, Revert, Reverted},
};
use crate::{
    context::Context,
    interrupt::Interrupt,
    migrations::Migrations,
    output::{Ending, print_fleet},
};

/// Options of `redo`.
#[derive(Debug, Args)]
pub struct Redo {
    #[command(flatten)]
    revert: Revert,
}

impl Redo {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if context.has_further_databases() {
            let pool = databases::pool(context, "redo").await?;
            let migrations = self.revert.prepare(context, "Revert and redo").await?;
            return databases::redo(context, &self.revert.fleet, &pool, migrations).await;
        }
        let Reverted {
            pool,
            migrations,
            report: reverted,
        } = self.revert.revert(context, "Revert and redo").await?;
        let fleet = self.revert.fleet;
        let mut is_success = reverted.is_success();
        let mut applied = Vec::new();
        if !fleet.dry_run {
            // Each tenant gets exactly the migrations that were reverted in it, whatever happened to other tenants.
            for (versions, tenants) in by_versions(&reverted.tenants) {
                let again = Fleet {
                    only: tenants.iter().map(ToString::to_string).collect(),
                    canary: Vec::new(),
                    keep_going: true,
                    ..fleet.clone()
                };
                let chosen = Migrations::Versions(migrations.clone(), versions.to_vec());
                let task = Task::Migrate(&*pool, chosen);
                // This runs even after Ctrl-C, so that no tenant is left without the reverted migrations.
                let report = again.run(task, "applied", &Interrupt::never(), context.printer).await?;
                is_success &= report.is_success();
                applied.push(report);
            }
        }
        let result = json!({ "reverted": reverted, "applied": applied });
        context.printer.result(&result, || {
            print_fleet(&reverted, "reverted", REST);
            let rest = "`diesel-tenants migrate` applies the rest";
            applied.iter().for_each(|report| print_fleet(report, "applied", rest));
        })?;
        Ok(Ending::well_if(is_success))
    }
}

/// The tenants in which something was reverted, by the versions of that.
pub fn by_versions(reverted: &[TenantReport]) -> BTreeMap<&[String], Vec<&SchemaName>> {
    let mut taken: BTreeMap<&[String], Vec<&SchemaName>> = BTreeMap::new();
    for report in reverted.iter().filter(|report| !report.versions.is_empty()) {
        taken.entry(&report.versions).or_default().push(&report.tenant);
    }
    taken
}
