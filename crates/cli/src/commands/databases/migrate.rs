//! Migrations of all databases: `migrate` and `revert`.

use diesel_tenants::{
    Revert,
    migrations::{
        DatabaseReport, DatabasesEvent, DatabasesMigration, DatabasesReport, MigrationFolder, SharedReport,
        TenantOutcome,
    },
};

use super::ONE_BY_ONE;
use crate::{
    commands::migrate::Fleet,
    context::Context,
    interrupt::Interrupt,
    output::{Ending, describe, line, name, print_changed, say, value, warned},
};

/// Applies shared migrations, and then tenants'.
pub async fn migrate(
    context: &Context,
    fleet: &Fleet,
    shared: Option<MigrationFolder>,
    tenants: MigrationFolder,
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("migrate", ONE_BY_ONE).await?;
    let migration = fleet.databases.of(&pool).migrate_tenants(tenants);
    let migration = match shared {
        Some(shared) => migration.shared_first(shared),
        None => migration,
    };
    let rest = "run the same command again to continue with the other tenants";
    run(context, fleet, migration, "applied", rest).await
}

/// Reverts tenants' migrations, after the user has agreed.
pub async fn revert(
    context: &Context,
    fleet: &Fleet,
    tenants: MigrationFolder,
    (count, rest): (Revert, &str),
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("revert", ONE_BY_ONE).await?;
    let migration = fleet.databases.of(&pool).revert_tenants(tenants, count);
    run(context, fleet, migration, "reverted", rest).await
}

/// Prints a report as a result of its own.
async fn run(
    context: &Context,
    fleet: &Fleet,
    migration: DatabasesMigration<'_>,
    done: &str,
    rest: &str,
) -> anyhow::Result<Ending> {
    let report = perform(context, fleet, migration, done, &Interrupt::watch()).await?;
    context.printer.result(&report, || print(&report, done, rest))?;
    Ok(Ending::well_if(report.is_success()))
}

/// Runs a migration with the user's options, and shows progress; `done` is a word such as `applied`.
pub(super) async fn perform(
    context: &Context,
    fleet: &Fleet,
    migration: DatabasesMigration<'_>,
    done: &str,
    interrupt: &Interrupt,
) -> anyhow::Result<DatabasesReport> {
    let progress = context.printer.progress();
    let watcher = |event: DatabasesEvent<'_>| match event {
        DatabasesEvent::Planned { pending, .. } => progress.begin(pending),
        DatabasesEvent::Shared { database, report } => progress.note(&shared_line(database, report, done)),
        DatabasesEvent::Tenant { database, report } => {
            let is_notable = matches!(report.outcome, TenantOutcome::Failed(_));
            progress.tenant(&format!("{}: {}", name(database), describe(report, done)), is_notable);
        }
        _ => {}
    };
    let mut migration = migration
        .workers(fleet.workers)
        .canaries(&fleet.canary)
        .stop_when(|| interrupt.is_pressed());
    if !fleet.only.is_empty() {
        migration = migration.only(&fleet.only);
    }
    if let Some(database) = &fleet.first_database {
        migration = migration.first_database(database);
    }
    if fleet.keep_going {
        migration = migration.keep_going();
    }
    if let Some(lock_timeout) = fleet.lock_timeout {
        migration = migration.lock_timeout(lock_timeout);
    }
    if let Some(lock_attempts) = fleet.lock_attempts {
        migration = migration.lock_attempts(lock_attempts);
    }
    if let Some(statements) = fleet.statements_per_connection {
        migration = migration.statements_per_connection(statements);
    }
    migration = match fleet.dry_run {
        true => migration.dry_run(),
        false => migration.on_progress(watcher),
    };
    let report = migration.run().await;
    progress.end();
    Ok(report?)
}

/// Prints what happened in all databases.
pub(super) fn print(report: &DatabasesReport, done: &str, rest: &str) {
    for database in &report.databases {
        print_database(database, done, false);
        for tenant in &database.tenants {
            if let TenantOutcome::Failed(_) | TenantOutcome::Pending = tenant.outcome {
                say!("{}: {}", name(&database.database), describe(tenant, done));
            }
        }
        print_changed(&database.changed);
    }
    report.outside.iter().for_each(|work| say!("{}", warned(work)));
    say!("{report}, in {:.1?}", report.elapsed);
    if !report.is_success() {
        say!("what succeeded stays; {rest}");
    }
}

/// Prints what happened to the shared schema, unless nothing did; `always` is whether that is said too.
pub(super) fn print_database(report: &DatabaseReport, done: &str, always: bool) {
    if let Some(unreachable) = &report.unreachable {
        say!("skipped: {}", value(&unreachable.to_string()));
    }
    if let Some(shared) = &report.shared
        && (always || !matches!(shared.outcome, TenantOutcome::UpToDate))
    {
        say!("{}", shared_line(&report.database, shared, done));
    }
}

fn shared_line(database: &str, report: &SharedReport, done: &str) -> String {
    let database = name(database);
    let versions = report.versions.join(", ");
    match &report.outcome {
        TenantOutcome::Failed(error) => format!("{database}: the shared schema failed: {}", line(error)),
        TenantOutcome::Pending => format!("{database}: the shared schema: would be {done}: {versions}"),
        TenantOutcome::Migrated => format!("{database}: the shared schema: {done} {versions}"),
        outcome => format!("{database}: the shared schema: {outcome}"),
    }
}
