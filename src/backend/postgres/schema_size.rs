use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;

use super::splice;
use crate::{PostgresConnection, SchemaName};

/// How many tables a schema has, and how many bytes they take on the server's disk; `None` if there is no such schema.
pub(crate) async fn schema_size(
    schema: &SchemaName,
    connection: &mut PostgresConnection,
) -> QueryResult<Option<(i64, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        tables: i64,
        #[diesel(sql_type = BigInt)]
        bytes: i64,
    }

    let row: Option<Row> = diesel::sql_query(splice(
        "SELECT t.tables, t.bytes FROM pg_catalog.pg_namespace n CROSS JOIN ( \
         SELECT pg_catalog.count(c.oid) AS tables, \
         COALESCE(pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::pg_catalog.int8 AS bytes \
         FROM pg_catalog.pg_class c WHERE {in_schema pg_class c} AND c.relkind IN ('r', 'p', 'm')) t \
         WHERE n.nspname = $1",
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await
    .optional()?;
    Ok(row.map(|Row { tables, bytes }| (tables, bytes)))
}
