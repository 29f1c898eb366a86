//! The tenants in which a script runs, each with its schema. With a directory, the schema's name may differ from the
//! tenant's.

use std::sync::Arc;

use super::ScriptError;
use crate::{
    SchemaName, TenantPool, TenantStatus,
    backend::postgres::catalog::tenants::Wanted,
    pool::Backend,
    tenancy::{Placement, Tables},
};

/// A tenant, and where it lives.
type Placed = (SchemaName, Placement);

/// A tenant, the database in which it lives, and its schema there; `None` is the pool's own database.
pub(super) type InSchema = (SchemaName, Option<Arc<str>>, SchemaName);

/// All active tenants, each with its schema. A directory that lists its tenants is asked once.
pub(super) async fn of_all<B: Backend>(pool: &TenantPool<B>) -> Result<Vec<Placed>, ScriptError> {
    if let Some(listed) = pool.listed_tenants().await? {
        let active = listed
            .into_iter()
            .filter(|(_, entry)| entry.status == TenantStatus::Active);
        return Ok(active.map(|(tenant, entry)| (tenant, entry.placement)).collect());
    }
    let mut found = Vec::new();
    for tenant in pool.active_tenants().await? {
        match pool.placement_of(&tenant).await? {
            Some(placement) => found.push((tenant, placement)),
            None => return Err(ScriptError::UnknownTenant { tenant }),
        }
    }
    Ok(found)
}

/// The chosen tenants, each with its schema, as far as the directory knows them.
pub(super) async fn of_entries<B: Backend>(
    pool: &TenantPool<B>,
    chosen: Vec<SchemaName>,
) -> Result<Vec<Placed>, ScriptError> {
    let mut found = Vec::with_capacity(chosen.len());
    for tenant in chosen {
        match pool.entry_of(&tenant).await? {
            Some(entry) if entry.status.is_tenant() => found.push((tenant, entry.placement)),
            _ => return Err(ScriptError::UnknownTenant { tenant }),
        }
    }
    Ok(found)
}

/// The chosen tenants, each with its place. All of them must exist. How many other tenants there are doesn't matter.
pub(super) async fn of_chosen(pool: &TenantPool, chosen: Vec<SchemaName>) -> Result<Vec<InSchema>, ScriptError> {
    let found = in_schemas(of_entries(pool, chosen).await?)?;
    let here = || found.iter().filter(|(_, database, _)| database.is_none());
    let schemas: Vec<&str> = here().map(|(_, _, schema)| schema.as_str()).collect();
    let mut tenants = pool.catalog_tenants(Wanted::These(&schemas)).await?;
    tenants.retain(|tenant| tenant.status.is_tenant());
    let doubtful = here().filter(|(_, _, schema)| tenants.iter().all(|tenant| tenant.name != *schema));
    let doubtful: Vec<&SchemaName> = doubtful.map(|(tenant, ..)| tenant).collect();
    if !doubtful.is_empty() {
        // A schema without a version table is a tenant's if a directory lists the tenant.
        let tenants = pool.tenants().await?;
        let is_listed = |name: &SchemaName| tenants.iter().any(|tenant| tenant.name == *name);
        if let Some(unknown) = doubtful.into_iter().find(|tenant| !is_listed(tenant)) {
            return Err(ScriptError::UnknownTenant {
                tenant: unknown.clone(),
            });
        }
    }
    Ok(found)
}

/// A script reaches schemas, in whatever database: not the rows of shared tables.
pub(super) fn in_schemas(placed: Vec<Placed>) -> Result<Vec<InSchema>, ScriptError> {
    let each = placed.into_iter().map(|(tenant, placement)| match placement.parts() {
        (_, Tables::Schema(schema)) => Ok((tenant, placement.database.clone(), schema.clone())),
        (_, Tables::Rows(_)) => Err(ScriptError::Elsewhere { tenant, placement }),
    });
    each.collect()
}

/// A script on SQLite or MySQL reaches tenants of the pool's own folder or server.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn in_own_schemas(placed: Vec<Placed>) -> Result<Vec<(SchemaName, SchemaName)>, ScriptError> {
    let each = placed.into_iter().map(|(tenant, placement)| match placement.parts() {
        (None, Tables::Schema(schema)) => Ok((tenant, schema.clone())),
        (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => Err(ScriptError::Elsewhere { tenant, placement }),
    });
    each.collect()
}
