use diesel_tenants::{
    FleetReport, SchemaName,
    migrations::{ChangedMigration, OutsideWork, TenantOutcome, TenantReport},
};

use super::{line, name, say};

/// One tenant's line: what was, or would be, done to it. `done` is a word such as `applied`.
pub fn describe(report: &TenantReport, done: &str) -> String {
    let TenantReport {
        tenant,
        versions,
        outcome,
        ..
    } = report;
    let tenant = name(tenant.as_str());
    let versions = versions.join(", ");
    match outcome {
        TenantOutcome::Migrated | TenantOutcome::Reverted => format!("{tenant}: {done} {versions}"),
        TenantOutcome::Pending => format!("{tenant}: would be {done}: {versions}"),
        TenantOutcome::Failed(error) if versions.is_empty() => format!("{tenant}: failed: {}", line(error)),
        TenantOutcome::Failed(error) => format!("{tenant}: {done} {versions}, then failed: {}", line(error)),
        outcome => format!("{tenant}: {outcome}"),
    }
}

/// Prints a report: those tenants that ask for attention, and a summary.
pub fn print_fleet(report: &FleetReport, done: &str) {
    for tenant in &report.tenants {
        match tenant.outcome {
            TenantOutcome::Failed(_) | TenantOutcome::Pending => say!("{}", describe(tenant, done)),
            _ => {}
        }
    }
    print_changed(&report.changed);
    report.outside.iter().for_each(|work| say!("{}", warned(work)));
    say!("{report}, in {:.1?}", report.elapsed);
    if !report.is_success() {
        say!("what succeeded stays; run the same command again to go on with the others");
    }
}

/// Tells of migrations that were changed after they were applied.
pub fn print_changed(changed: &[ChangedMigration]) {
    for ChangedMigration { version, tenants, .. } in changed {
        say!(
            "changed: migration {version} is another one now than when it was applied to {}",
            match tenants.as_slice() {
                [one] => name(one.as_str()),
                [first, others @ ..] => format!("{} and {} others", name(first.as_str()), others.len()),
                [] => "some tenants".to_owned(),
            }
        );
    }
}

/// Warns of a migration of tenants that works outside of their schemas.
pub fn warned(work: &OutsideWork) -> String {
    format!(
        "warning: {work}: this works outside of the tenant's schema, for all tenants; it belongs to the shared migrations"
    )
}

/// Tells of indexes that PostgreSQL could not build.
pub fn print_invalid(schema: &SchemaName, indexes: &[String]) {
    for index in indexes {
        let name = format!("{}.\"{}\"", schema.quoted(), index.replace('"', "\"\""));
        say!(
            "invalid: the index {name} could not be built, and is not used: mend what keeps it from being built, then \
             REINDEX INDEX CONCURRENTLY {name}, or drop it"
        );
    }
}
