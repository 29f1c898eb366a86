//! How the report of a fleet migration is printed.

use diesel_tenants::{
    FleetReport, SchemaName, SchemaNameError,
    migrations::{ChangedMigration, OutsideWork, TenantOutcome, TenantReport},
};

use super::{in_our_words, line, name, say};

/// One tenant's line: what was done to the tenant, or would be. `done` is a word such as `applied`.
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

/// Prints a report: the tenants that need attention, and a summary. `rest` says how to continue with tenants that are
/// left.
pub fn print_fleet(report: &FleetReport, done: &str, rest: &str) {
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
        say!("what succeeded stays; {rest}");
    }
}

/// Prints the migrations that were edited after they were applied.
pub fn print_changed(changed: &[ChangedMigration]) {
    for ChangedMigration { version, tenants, .. } in changed {
        say!(
            "changed: migration {version} was edited after it was applied to {}",
            match tenants.as_slice() {
                [one] => name(one.as_str()),
                [first, others @ ..] => format!("{} and {} others", name(first.as_str()), others.len()),
                [] => "some tenants".to_owned(),
            }
        );
    }
}

/// The warning about a tenants' migration that works outside the tenant's schema.
pub fn warned(work: &OutsideWork) -> String {
    format!(
        "warning: {work}: this works outside the tenant's schema, for all tenants; move it to the shared migrations"
    )
}

/// Prints why no tenant may have a tenant's name, if that is so; with the database, if there are several.
pub fn print_reserved(database: Option<&str>, tenant: &SchemaName, reserved: Option<&SchemaNameError>) {
    let place = database.map_or_else(String::new, |database| format!("{}: ", super::name(database)));
    if let Some(reserved) = reserved {
        say!(
            "{place}reserved: {}: {}; until `diesel-tenants tenant rename` gives it another name, it can't be used, and is \
             not migrated",
            name(tenant.as_str()),
            in_our_words(&reserved.to_string())
        );
    }
}

/// Prints the indexes that PostgreSQL could not build; with the database, if there are several.
pub fn print_invalid(database: Option<&str>, schema: &SchemaName, indexes: &[String]) {
    let place = database.map_or_else(String::new, |database| format!("{}: ", super::name(database)));
    for index in indexes {
        let name = format!("{}.\"{}\"", schema.quoted(), index.replace('"', "\"\""));
        say!(
            "{place}invalid: PostgreSQL could not build the index {name}, and doesn't use it: remove the cause, such as \
             duplicate rows, then run REINDEX INDEX CONCURRENTLY {name}, or drop the index"
        );
    }
}
