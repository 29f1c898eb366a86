//! Extensions of a database.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

#[cfg(feature = "schema")]
use crate::{SchemaName, backend::postgres::splice};

use crate::PostgresConnection;

#[cfg(feature = "schema")]
#[derive(QueryableByName)]
pub(crate) struct Extension {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
}

/// The extensions; each comes after the extensions that it needs. Extensions in a tenant's schema are left out: they
/// belong to that tenant.
#[cfg(feature = "schema")]
pub(crate) async fn extensions(
    connection: &mut PostgresConnection,
    shared: &SchemaName,
) -> QueryResult<Vec<Extension>> {
    diesel::sql_query(splice(
        "SELECT e.extname::text AS name, n.nspname::text AS schema FROM pg_catalog.pg_extension e \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' AND (n.nspname = $1 \
         OR NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid \
         AND c.relname = '{version_table}')) ORDER BY e.oid",
    ))
    .bind::<Text, _>(shared.as_str())
    .load(connection)
    .await
}

/// Whether the database has an extension.
pub(crate) async fn has_extension(connection: &mut PostgresConnection, name: &str) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }

    let Found { found } =
        diesel::sql_query("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1) AS found")
            .bind::<Text, _>(name)
            .get_result(connection)
            .await?;
    Ok(found)
}
