//! What Citus adds to PostgreSQL's catalogs.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

use crate::PostgresConnection;

/// The extension's name.
pub(crate) const EXTENSION: &str = "citus";

/// Whether a table, given as SQL names it, is a reference table; `None` if there is no such table.
pub(crate) async fn is_reference_table(connection: &mut PostgresConnection, name: &str) -> QueryResult<Option<bool>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        is_reference_table: bool,
    }

    let found: Option<Found> = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition p WHERE p.logicalrelid = c.oid AND p.partmethod = 'n' \
             AND p.repmodel = 't') AS is_reference_table \
         FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)",
    )
    .bind::<Text, _>(name)
    .get_result(connection)
    .await
    .optional()?;
    Ok(found.map(|found| found.is_reference_table))
}

/// Makes a table, given as SQL names it, a reference table.
pub(crate) async fn make_reference_table(connection: &mut PostgresConnection, name: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_catalog.create_reference_table($1::pg_catalog.regclass)")
        .bind::<Text, _>(name)
        .execute(connection)
        .await
        .map(drop)
}
