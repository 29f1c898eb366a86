//! The shared schemas of all databases: `shared migrate`, `shared revert` and `shared status`.

use anyhow::bail;
use diesel_tenants::{
    TenantPool,
    migrations::{DatabasesStatus, MigrationFolder, NoMigrations, SharedVersions},
    pool::OWN_DATABASE,
};
use serde_json::{Value, json};

use super::{ONE_BY_ONE, migrate::print_database};
use crate::{
    chosen_databases::Databases,
    confirm::confirm,
    context::Context,
    options::{Consent, Count},
    output::{Ending, line, name, print_invalid, say, table, value},
};

/// Applies shared migrations only.
pub async fn migrate(
    context: &Context,
    databases: &Databases,
    migrations: MigrationFolder,
    dry_run: bool,
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("shared migrate", ONE_BY_ONE).await?;
    let migration = databases
        .of(&pool)
        .migrate_tenants(NoMigrations)
        .without_tenants()
        .shared_first(migrations);
    let migration = match dry_run {
        true => migration.dry_run(),
        false => migration,
    };
    let report = migration.run().await?;
    let shared: Vec<_> = report
        .databases
        .iter()
        .map(|report| {
            json!({
                "database": report.database,
                "error": report.unreachable.as_ref().map(ToString::to_string),
                "shared": report.shared,
            })
        })
        .collect();
    context
        .printer
        .result(&json!({ "databases": shared, "dry_run": dry_run }), || {
            for database in &report.databases {
                print_database(database, "applied", true);
            }
        })?;
    let is_well = report.databases.iter().all(|report| {
        report.unreachable.is_none() && report.shared.as_ref().is_none_or(|shared| shared.outcome.is_success())
    });
    Ok(Ending::well_if(is_well))
}

/// Shows which shared migrations each database has, and which are pending.
pub async fn status(
    context: &Context,
    databases: &Databases,
    migrations: MigrationFolder,
    check: bool,
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("shared status", ONE_BY_ONE).await?;
    let status = read(&pool, databases, migrations).await?;
    let documents: Vec<Value> = status
        .databases
        .iter()
        .map(|database| {
            json!({
                "database": database.database,
                "error": database.unreachable.as_ref().map(ToString::to_string),
                "shared": database.shared,
            })
        })
        .collect();
    context
        .printer
        .result(&json!({ "databases": documents }), || print_status(&pool, &status))?;
    let is_well = |shared: &SharedVersions| shared.pending.is_empty() && shared.invalid_indexes.is_empty();
    let are_well = status
        .databases
        .iter()
        .all(|database| database.shared.as_ref().is_none_or(is_well));
    Ok(Ending::well_if(are_reached(&status) && (!check || are_well)))
}

/// What the shared schemas have and lack. A database that belongs to one tenant has none.
async fn read(
    pool: &TenantPool,
    databases: &Databases,
    migrations: MigrationFolder,
) -> anyhow::Result<DatabasesStatus> {
    let request = databases.of(pool).migration_status(NoMigrations).without_tenants();
    Ok(request.shared(migrations).await?)
}

fn are_reached(status: &DatabasesStatus) -> bool {
    status.databases.iter().all(|database| database.unreachable.is_none())
}

fn print_status(pool: &TenantPool, status: &DatabasesStatus) {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for database in &status.databases {
        let Some(shared) = &database.shared else { continue };
        let applied = shared
            .applied
            .iter()
            .map(|version| match shared.unknown.contains(version) {
                true => (version, "applied, not in the folder"),
                false => (version, "applied"),
            });
        let pending = shared.pending.iter().map(|version| (version, "pending"));
        let mut here: Vec<(&String, &str)> = applied.chain(pending).collect();
        here.sort();
        let row = |(version, status): (&String, &str)| [name(&database.database), version.clone(), status.to_owned()];
        rows.extend(here.into_iter().map(row));
    }
    say!("{}", table(["database", "migration", "status"], rows));
    print_unreached(status);
    for database in &status.databases {
        let Some(shared) = &database.shared else { continue };
        print_invalid(Some(&database.database), pool.shared_schema(), &shared.invalid_indexes);
    }
}

fn print_unreached(status: &DatabasesStatus) {
    for unreachable in status
        .databases
        .iter()
        .filter_map(|database| database.unreachable.as_ref())
    {
        say!("skipped: {}", value(&unreachable.to_string()));
    }
}

/// What became of one database's shared schema.
struct Reverted {
    database: String,
    /// Those that were reverted, or else those that are to be.
    versions: Vec<String>,
    outcome: &'static str,
    error: Option<String>,
}

/// Reverts the newest shared migrations in all databases, one database after the other, after the user has agreed. A
/// failure leaves the databases after it as they are.
pub async fn revert(
    context: &Context,
    databases: &Databases,
    migrations: MigrationFolder,
    (count, consent, dry_run): (&Count, &Consent, bool),
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("shared revert", ONE_BY_ONE).await?;
    let status = read(&pool, databases, migrations.clone()).await?;
    let number = if count.all { usize::MAX } else { count.number };
    let mut all: Vec<Reverted> = Vec::new();
    for database in &status.databases {
        let Some(shared) = &database.shared else { continue };
        all.push(Reverted {
            database: database.database.clone(),
            versions: shared.applied.iter().rev().take(number).cloned().collect(),
            outcome: "pending",
            error: None,
        });
    }
    if !dry_run && all.iter().any(|reverted| !reverted.versions.is_empty()) {
        let planned = all.iter().filter(|reverted| !reverted.versions.is_empty());
        let planned: Vec<String> = planned
            .map(|reverted| format!("{} in {}", reverted.versions.join(", "), name(&reverted.database)))
            .collect();
        require_revertible(&pool, databases, (&status, &all)).await?;
        let question = format!(
            "Revert of the shared schemas {}, with the data of the tables that this drops?",
            planned.join("; ")
        );
        confirm(consent, &question)?;
        for reverted in &mut all {
            match in_database(&pool, &reverted.database, &migrations, count).await {
                Ok(versions) => (reverted.versions, reverted.outcome) = (versions, "reverted"),
                Err(error) => {
                    (reverted.outcome, reverted.error) = ("failed", Some(error));
                    reverted.versions = gone(&pool, &migrations, reverted).await;
                    break;
                }
            }
        }
    }
    let mut documents: Vec<Value> = all
        .iter()
        .map(|reverted| {
            json!({
                "database": reverted.database, "versions": reverted.versions, "outcome": reverted.outcome,
                "error": reverted.error,
            })
        })
        .collect();
    documents.extend(status.databases.iter().filter_map(|database| {
        let unreachable = database.unreachable.as_ref()?;
        Some(json!({ "database": database.database, "error": unreachable.to_string() }))
    }));
    let is_well = |reverted: &Reverted| {
        let is_done = reverted.versions.is_empty() || reverted.outcome == "reverted";
        dry_run || (is_done && reverted.error.is_none())
    };
    let are_well = are_reached(&status) && all.iter().all(is_well);
    context
        .printer
        .result(&json!({ "databases": documents, "dry_run": dry_run }), || {
            all.iter().for_each(|reverted| print_reverted(reverted, dry_run));
            print_unreached(&status);
        })?;
    Ok(Ending::well_if(are_well))
}

/// Fails, before anything is done in any database, if one of them would refuse.
async fn require_revertible(
    pool: &TenantPool,
    databases: &Databases,
    (status, all): (&DatabasesStatus, &[Reverted]),
) -> anyhow::Result<()> {
    for reverted in all {
        let found = status
            .databases
            .iter()
            .find(|database| database.database == reverted.database);
        let unknown = found
            .and_then(|database| database.shared.as_ref())
            .map(|shared| &shared.unknown);
        let is_unknown = |version: &&String| unknown.is_some_and(|unknown| unknown.contains(version));
        if let Some(version) = reverted.versions.iter().find(is_unknown) {
            bail!(
                "can't revert {version} in database {:?}: it is not in the folder, which must contain what it created \
                 and its down.sql; nothing was reverted in any database",
                reverted.database
            );
        }
    }
    for info in databases.of(pool).inspect().await? {
        let is_concerned = all
            .iter()
            .any(|reverted| reverted.database == info.database && !reverted.versions.is_empty());
        if is_concerned && info.state.is_some_and(|state| state.is_standby) {
            bail!(
                "can't revert in database {:?}: its URL leads to a standby, which accepts no writes; nothing was reverted \
                 in any database",
                info.database
            );
        }
    }
    Ok(())
}

/// Those of the versions to be reverted that a database does not have any more. None if it can't be asked.
async fn gone(pool: &TenantPool, migrations: &MigrationFolder, reverted: &Reverted) -> Vec<String> {
    let here = pool.all_databases().only([&reverted.database]);
    let request = here.migration_status(NoMigrations).without_tenants();
    let Ok(status) = request.shared(migrations.clone()).await else {
        return Vec::new();
    };
    let Some(shared) = status.databases.first().and_then(|found| found.shared.as_ref()) else {
        return Vec::new();
    };
    let versions = reverted.versions.iter();
    versions
        .filter(|version| !shared.applied.contains(version))
        .cloned()
        .collect()
}

fn print_reverted(reverted: &Reverted, dry_run: bool) {
    let database = name(&reverted.database);
    let versions = reverted.versions.join(", ");
    match (&reverted.error, reverted.versions.is_empty()) {
        (Some(error), true) => say!("{database}: failed: {error}"),
        (Some(error), false) => say!("{database}: reverted {versions}, and then failed: {error}"),
        (None, true) => say!("{database}: nothing to be reverted"),
        (None, false) if dry_run => say!("{database}: would be reverted: {versions}"),
        (None, false) if reverted.outcome == "pending" => say!("{database}: left as it is: {versions}"),
        (None, false) => say!("{database}: reverted {versions}"),
    }
}

async fn in_database(
    pool: &TenantPool,
    database: &str,
    migrations: &MigrationFolder,
    count: &Count,
) -> Result<Vec<String>, String> {
    let here = match database {
        OWN_DATABASE => pool.clone(),
        name => pool.using_database(name).pool().await.map_err(|error| line(&error))?,
    };
    let reverted = here.revert_shared(migrations.clone(), count.revert()).await;
    let reverted = reverted.map_err(|error| line(&error))?;
    Ok(reverted.iter().map(ToString::to_string).collect())
}
