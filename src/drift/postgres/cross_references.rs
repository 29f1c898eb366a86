//! Objects of one tenant that lead into another tenant's schema.

use std::collections::{BTreeSet, HashSet};

use diesel::QueryResult;

use super::structures::{ATTEMPTS, TOGETHER};
use crate::{
    CheckoutError, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        catalog::tenants::{Wanted, migrated_schemas},
        structure::Texts,
    },
    drift::CrossReference,
    pool::Target,
};

/// # Finding references between tenants
impl TenantPool {
    /// Objects of this database's tenants with texts that name another tenant's schema: settings and bodies of
    /// functions, strings in defaults, checks, views, policies and triggers, options of foreign tables. There should be
    /// none.
    ///
    /// This reads all such texts of all tenants: call it as an operator, not in a request.
    ///
    /// # Errors
    /// [`CheckoutError`], if there is no connection for the queries, or the server refuses them.
    pub async fn cross_references(&self) -> Result<Vec<CrossReference>, CheckoutError> {
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let found = all(untranslated, self.shared_schema()).await;
        waiting.answered(found.is_ok());
        found.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })
    }
}

async fn all(connection: &mut PostgresConnection, shared: &SchemaName) -> QueryResult<Vec<CrossReference>> {
    let schemas = migrated_schemas(connection, Wanted::All).await?.into_iter();
    let names: Vec<String> = schemas.map(|found| found.schema).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.retain(|name| *name != shared.as_str());
    names.sort_unstable();
    let mut found = Vec::new();
    for names in names.chunks(TOGETHER) {
        found.extend(of(connection, names, shared).await?);
    }
    Ok(found)
}

/// The objects in these schemas that lead into other tenants' schemas. They are read again if they are changed while
/// they are read.
pub(super) async fn of(
    connection: &mut PostgresConnection,
    schemas: &[&str],
    shared: &SchemaName,
) -> QueryResult<Vec<CrossReference>> {
    let mut attempt = 1;
    let texts = loop {
        match Texts::of(connection, schemas).await {
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            read => break read?,
        }
    };
    let names = texts.possible_names();
    let tenants = schemas_of_tenants(connection, &names, shared).await?;
    let holders = texts.holders(&|own, name| name != own && tenants.contains(name));
    Ok(holders
        .into_iter()
        .filter_map(|holder| {
            Some(CrossReference {
                tenant: SchemaName::new(&holder.schema).ok()?,
                object: holder.object,
                names: holder
                    .names
                    .iter()
                    .filter_map(|name| SchemaName::new(name).ok())
                    .collect(),
            })
        })
        .collect())
}

/// Those of these names that are schemas of tenants of any status, spares and archives included. Only these are looked
/// for: there may be many tenants.
async fn schemas_of_tenants(
    connection: &mut PostgresConnection,
    names: &BTreeSet<String>,
    shared: &SchemaName,
) -> QueryResult<HashSet<String>> {
    let names = names.iter().map(String::as_str);
    let names: Vec<&str> = names.filter(|name| SchemaName::new(name).is_ok()).collect();
    let schemas = migrated_schemas(connection, Wanted::These(&names)).await?.into_iter();
    let names = schemas.map(|found| found.schema);
    Ok(names.filter(|name| name != shared.as_str()).collect())
}
