//! The tenants in which a script runs, each with its place. With a directory, the schema's name may differ from the
//! tenant's.

use super::ScriptError;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
use crate::tenancy::Tables;
use crate::{SchemaName, TenantPool, TenantStatus, pool::Backend, tenancy::Placement};

/// A tenant, and where it lives.
pub(super) type Placed = (SchemaName, Placement);

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

/// The chosen tenants, each with its place, as far as the directory knows them.
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

/// A script on SQLite or MySQL reaches tenants of the pool's own folder or server.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn in_own_schemas(placed: Vec<Placed>) -> Result<Vec<(SchemaName, SchemaName)>, ScriptError> {
    let each = placed.into_iter().map(|(tenant, placement)| match placement.parts() {
        (None, Tables::Schema(schema)) => Ok((tenant, schema.clone())),
        (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => Err(ScriptError::Elsewhere { tenant, placement }),
    });
    each.collect()
}
