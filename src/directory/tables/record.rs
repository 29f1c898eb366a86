use std::time::Duration;

use diesel_tenants_translate::quote::literal;

use super::placement::{COLUMNS, values};
use crate::{SchemaName, TenantStatus, tenancy::DirectoryChange};

/// The statements that repeat on a tenant's row what happens to its schema.
pub(super) fn sql(change: &DirectoryChange<'_>, schema: &SchemaName, reuse_after: Duration) -> String {
    format!(
        "SELECT pg_catalog.set_config('diesel_tenants.reuse_after', '{}', true);\n{}",
        reuse_after.as_secs_f64(),
        of_row(change, schema)
    )
}

/// The statement itself. PostgreSQL and SQLite understand it alike.
pub(super) fn of_row(change: &DirectoryChange<'_>, schema: &SchemaName) -> String {
    let table = format!("{}.tenants", schema.quoted());
    let set_status = |tenant, status: TenantStatus| {
        format!(
            "UPDATE {table} SET status = '{status}' WHERE name = {}",
            name_of(tenant)
        )
    };
    // The schema was renamed together with the tenant only if it is in this database and has the tenant's name.
    let rename = |from, to, status: Option<TenantStatus>| {
        let status = status.map_or_else(String::new, |status| format!(", status = '{status}'"));
        format!(
            "UPDATE {table} SET name = {to}, schema_name = CASE WHEN database_name IS NULL AND schema_name = {from} \
             THEN {to} ELSE schema_name END{status} WHERE name = {from}",
            from = name_of(from),
            to = name_of(to)
        )
    };
    match *change {
        DirectoryChange::Added { tenant } => {
            let name = name_of(tenant);
            format!("INSERT INTO {table} (name, schema_name) VALUES ({name}, {name})")
        }
        DirectoryChange::Placed {
            tenant,
            placement,
            finished,
        } => format!(
            "INSERT INTO {table} (name, {COLUMNS}, status) VALUES ({}, {}, '{}')",
            name_of(tenant),
            values(placement),
            if finished {
                TenantStatus::Active
            } else {
                TenantStatus::Unfinished
            }
        ),
        DirectoryChange::Moved { tenant, placement } => format!(
            "UPDATE {table} SET ({COLUMNS}) = ({}) WHERE name = {}",
            values(placement),
            name_of(tenant)
        ),
        DirectoryChange::Finished { tenant } => set_status(tenant, TenantStatus::Active),
        DirectoryChange::Leaving { tenant } => set_status(tenant, TenantStatus::Unfinished),
        DirectoryChange::Renamed { from, to } => rename(from, to, None),
        DirectoryChange::Suspended { tenant } => set_status(tenant, TenantStatus::Suspended),
        DirectoryChange::Resumed { tenant } => set_status(tenant, TenantStatus::Active),
        DirectoryChange::Archived { tenant, archive } => rename(tenant, archive, Some(TenantStatus::Archived)),
        DirectoryChange::Restored {
            archive,
            tenant,
            suspended,
        } => {
            let status = match suspended {
                true => TenantStatus::Suspended,
                false => TenantStatus::Active,
            };
            rename(archive, tenant, Some(status))
        }
        DirectoryChange::Removed { tenant } => format!("DELETE FROM {table} WHERE name = {}", name_of(tenant)),
    }
}

fn name_of(tenant: &SchemaName) -> String {
    literal(tenant.as_str())
}
