//! Objects of one tenant that lead into another tenant's schema.

use std::{collections::HashSet, fmt};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use super::structures::{ATTEMPTS, TOGETHER};
use crate::{
    CheckoutError, SchemaName, TenantPool,
    backend::postgres::{
        catalog::tenants::{Wanted, migrated_schemas},
        structure::texts,
    },
    pool::Target,
};

/// An object in a tenant's schema with a text that names another tenant's schema, which PostgreSQL reads anew each
/// time: a function in the schema of client2 with `SET search_path = client1`, or with `client1.orders` in its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossReference {
    /// The tenant that has the object.
    pub tenant: SchemaName,
    /// The object, without the schema: `function log_note()`.
    pub object: String,
    /// The tenants whose schemas the object names.
    pub names: Vec<SchemaName>,
}

impl fmt::Display for CrossReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("{:?}", name.as_str())).collect();
        write!(
            f,
            "{} of {:?} leads to {}",
            self.object,
            self.tenant.as_str(),
            names.join(", ")
        )
    }
}

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

async fn all(connection: &mut AsyncPgConnection, shared: &SchemaName) -> QueryResult<Vec<CrossReference>> {
    let schemas = schemas_of_tenants(connection, shared).await?;
    let mut names: Vec<&str> = schemas.iter().map(String::as_str).collect();
    names.sort_unstable();
    let mut found = Vec::new();
    for names in names.chunks(TOGETHER) {
        found.extend(of(connection, names, &schemas).await?);
    }
    Ok(found)
}

/// The schemas of all tenants of every status, spares and archives included.
pub(super) async fn schemas_of_tenants(
    connection: &mut AsyncPgConnection,
    shared: &SchemaName,
) -> QueryResult<HashSet<String>> {
    let schemas = migrated_schemas(connection, Wanted::All).await?.into_iter();
    let names = schemas.map(|found| found.schema);
    Ok(names.filter(|name| name != shared.as_str()).collect())
}

/// The objects in these schemas that lead into other tenants' schemas. They are read again if they are changed while
/// they are read.
pub(super) async fn of(
    connection: &mut AsyncPgConnection,
    schemas: &[&str],
    tenants: &HashSet<String>,
) -> QueryResult<Vec<CrossReference>> {
    let is_others = |own: &str, name: &str| name != own && tenants.contains(name);
    let mut attempt = 1;
    let holders = loop {
        match texts(connection, schemas, &is_others).await {
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            read => break read?,
        }
    };
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
