//! The schemas in which a script runs, in whatever database.

use std::sync::Arc;

use crate::{
    SchemaName, TenantPool,
    backend::postgres::catalog::tenants::Wanted,
    script::{
        ScriptError,
        schemas::{Placed, of_entries},
    },
    tenancy::Tables,
};

/// A tenant, the database in which it lives, and its schema there; `None` is the pool's own database.
pub(super) type InSchema = (SchemaName, Option<Arc<str>>, SchemaName);

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
