use diesel_tenants::migrations::{DatabaseStatus, DatabasesStatus, MigrationFolder, TenantVersions};

use super::ONE_BY_ONE;
use crate::{
    chosen_databases::Databases,
    context::Context,
    output::{Ending, counted, name, print_changed, print_invalid, print_reserved, say, table, value},
};

/// Shows the versions of the tenants in all databases.
pub async fn status(
    context: &Context,
    databases: &Databases,
    (shared, tenants): (Option<MigrationFolder>, MigrationFolder),
    only: &[String],
    (behind, check): (bool, bool),
) -> anyhow::Result<Ending> {
    let (pool, _) = context.schemas("status", ONE_BY_ONE).await?;
    let mut request = databases.of(&pool).migration_status(tenants);
    if let Some(shared) = shared {
        request = request.shared(shared);
    }
    if !only.is_empty() {
        request = request.only(only);
    }
    let mut status = request.await?;
    let is_well = status.is_up_to_date();
    if behind {
        for database in &mut status.databases {
            database.tenants.retain(is_behind);
        }
    }
    context.printer.result(&status, || print(&status, is_well))?;
    let is_reached = status.databases.iter().all(|database| database.unreachable.is_none());
    Ok(Ending::well_if(is_reached && (!check || is_well)))
}

/// Whether a tenant lacks a migration, has one that isn't in the folder, or has an invalid index.
pub fn is_behind(versions: &TenantVersions) -> bool {
    !versions.pending.is_empty() || !versions.unknown.is_empty() || !versions.invalid_indexes.is_empty()
}

fn print(status: &DatabasesStatus, is_well: bool) {
    let listed = |versions: &[String]| match versions {
        [] => "-".to_owned(),
        versions => versions.join(", "),
    };
    let rows: Vec<[String; 6]> = status
        .databases
        .iter()
        .flat_map(|database| {
            database.tenants.iter().map(move |versions| {
                [
                    name(&database.database),
                    name(versions.tenant.as_str()),
                    versions.status.to_string(),
                    versions.newest().unwrap_or("-").to_owned(),
                    listed(&versions.pending),
                    listed(&versions.unknown),
                ]
            })
        })
        .collect();
    if !rows.is_empty() {
        let header = [
            "database",
            "tenant",
            "status",
            "version",
            "pending",
            "not in the folder",
        ];
        say!("{}", table(header, rows));
    }
    for database in &status.databases {
        print_database(database);
    }
    let tenants: usize = status.databases.iter().map(|database| database.tenants.len()).sum();
    say!(
        "{} in {}, {}",
        counted(tenants, "tenant"),
        counted(status.databases.len(), "database"),
        if is_well {
            "all up to date"
        } else {
            "not all up to date"
        }
    );
}

fn print_database(database: &DatabaseStatus) {
    let place = name(&database.database);
    if let Some(unreachable) = &database.unreachable {
        say!("skipped: {}", value(&unreachable.to_string()));
    }
    if let Some(shared) = &database.shared
        && !shared.pending.is_empty()
    {
        say!("{place}: the shared schema lacks {}", shared.pending.join(", "));
    }
    for tenant in &database.missing {
        say!(
            "{place}: tenant {} has no schema there, though the directory says so",
            name(tenant.as_str())
        );
    }
    print_changed(&database.changed);
    for versions in &database.tenants {
        print_invalid(Some(&database.database), &versions.tenant, &versions.invalid_indexes);
        print_reserved(Some(&database.database), &versions.tenant, versions.reserved.as_ref());
    }
}
