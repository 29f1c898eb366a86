//! What all schemas of a database hold, and how many bytes that is.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, BigInt, Oid, Text},
};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, backend::postgres::splice};

/// What a schema holds, as far as the catalogs say so.
#[derive(QueryableByName)]
pub(crate) struct SchemaContents {
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
    #[diesel(sql_type = Oid)]
    pub(crate) oid: u32,
    /// Tables, partitions and materialized views.
    #[diesel(sql_type = BigInt)]
    pub(crate) tables: i64,
    /// About how many rows, by the server's statistics.
    #[diesel(sql_type = BigInt)]
    pub(crate) rows: i64,
    /// How many relations the server opens to measure the schema: tables, indexes, and what TOAST has of both.
    #[diesel(sql_type = BigInt)]
    pub(crate) relations: i64,
    /// How many tables have rows and no primary key.
    #[diesel(sql_type = BigInt)]
    pub(crate) keyless: i64,
}

/// All schemas but PostgreSQL's own, in any order. One pass over the catalog, which opens no table.
pub(crate) async fn all_contents(connection: &mut PostgresConnection) -> QueryResult<Vec<SchemaContents>> {
    diesel::sql_query(splice(include_str!("schema_contents.sql")))
        .load(connection)
        .await
}

/// How many bytes the tables of schemas take on disk, with their indexes, by the schemas' OIDs. A schema without tables
/// is left out.
///
/// The session keeps what it reads of each relation in its memory for as long as it lives.
pub(crate) async fn bytes_of(connection: &mut PostgresConnection, schemas: &[u32]) -> QueryResult<HashMap<u32, i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = BigInt)]
        bytes: i64,
    }

    let rows: Vec<Row> = diesel::sql_query(splice(
        "SELECT c.relnamespace AS oid, \
         COALESCE(pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::pg_catalog.int8 AS bytes \
         FROM pg_catalog.pg_class c WHERE {in_schemas pg_class c} AND c.relkind IN ('r', 'm') GROUP BY c.relnamespace",
    ))
    .bind::<Array<Oid>, _>(schemas)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|Row { oid, bytes }| (oid, bytes)).collect())
}
