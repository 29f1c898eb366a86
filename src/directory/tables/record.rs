use diesel_tenants_translate::quote::literal;

use super::placement::{COLUMNS, values};
use crate::{SchemaName, TenantStatus, tenancy::DirectoryChange};

/// How a kind of database writes the shared schema, and strings.
pub(super) struct Notation {
    pub(super) shared: String,
    pub(super) literal: fn(&str) -> String,
}

impl Notation {
    /// As PostgreSQL and SQLite write them.
    pub(super) fn standard(shared: &SchemaName) -> Self {
        Self {
            shared: shared.quoted().to_owned(),
            literal,
        }
    }
}

/// The statement that repeats on a tenant's row what happens to its schema. All kinds of database understand it alike.
pub(super) fn of_row(change: &DirectoryChange<'_>, notation: &Notation) -> String {
    let Notation { shared, literal } = notation;
    let table = format!("{shared}.tenants");
    let name_of = |tenant: &SchemaName| literal(tenant.as_str());
    let set_status = |tenant: &SchemaName, status: TenantStatus| {
        format!(
            "UPDATE {table} SET status = '{status}' WHERE name = {}",
            name_of(tenant)
        )
    };
    // The schema was renamed together with the tenant only if it is in this database and has the tenant's name.
    let rename = |from: &SchemaName, to: &SchemaName, status: Option<TenantStatus>| {
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
            values(placement, *literal).join(", "),
            if finished {
                TenantStatus::Active
            } else {
                TenantStatus::Unfinished
            }
        ),
        DirectoryChange::Moved { tenant, placement } => {
            let columns = COLUMNS.split(", ").zip(values(placement, *literal));
            let set: Vec<String> = columns.map(|(column, value)| format!("{column} = {value}")).collect();
            format!("UPDATE {table} SET {} WHERE name = {}", set.join(", "), name_of(tenant))
        }
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
