use diesel_tenants::{Revert, TenantPool, migrations::MigrationFolder};
use serde_json::{Value, json};

use super::migrate::{perform, print};
use crate::{
    commands::{migrate::Fleet, redo::by_versions, revert::REST},
    context::Context,
    interrupt::Interrupt,
    migrations::Migrations,
    output::{Ending, name, say, value},
};

/// Reverts tenants' migrations in all databases, after the user has agreed, and applies them again.
pub async fn redo(
    context: &Context,
    fleet: &Fleet,
    pool: &TenantPool,
    (folder, count): (MigrationFolder, Revert),
) -> anyhow::Result<Ending> {
    let migration = fleet.databases.of(pool).revert_tenants(folder.clone(), count);
    let reverted = perform(context, fleet, migration, "reverted", &Interrupt::watch()).await?;
    let mut is_success = reverted.is_success();
    let mut applied = Vec::new();
    let databases = reverted.databases.iter().filter(|_| !fleet.dry_run);
    for database in databases {
        // Each tenant gets exactly the migrations that were reverted in it, whatever happened to other tenants.
        for (versions, tenants) in by_versions(&database.tenants) {
            let again = Fleet {
                only: tenants.iter().map(ToString::to_string).collect(),
                canary: Vec::new(),
                keep_going: true,
                first_database: None,
                ..fleet.clone()
            };
            let here = pool.all_databases().only([database.database.as_str()]);
            let chosen = Migrations::Versions(folder.clone(), versions.to_vec());
            // This runs even after Ctrl-C, and after a failure in another database, so that no tenant is left without
            // the reverted migrations.
            let report = perform(
                context,
                &again,
                here.migrate_tenants(chosen),
                "applied",
                &Interrupt::never(),
            )
            .await;
            is_success &= report.as_ref().is_ok_and(|report| report.is_success());
            applied.push((database.database.as_str(), report));
        }
    }
    let documents: Vec<Value> = applied
        .iter()
        .map(|(database, report)| match report {
            Ok(report) => json!(report),
            Err(error) => json!({ "databases": [{ "database": database, "error": format!("{error:#}") }] }),
        })
        .collect();
    let result = json!({ "reverted": reverted, "applied": documents });
    context.printer.result(&result, || {
        print(&reverted, "reverted", REST);
        let rest = "`diesel-tenants migrate` applies the rest";
        for (database, report) in &applied {
            match report {
                Ok(report) => print(report, "applied", rest),
                Err(error) => say!("{}: failed: {}; {rest}", name(database), value(&format!("{error:#}"))),
            }
        }
    })?;
    Ok(Ending::well_if(is_success))
}
