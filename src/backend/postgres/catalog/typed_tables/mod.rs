//! Reads tables from the catalogs, with their columns, types and foreign keys, for the Rust declarations of tables.
//!
//! [`structure`](crate::backend::postgres::structure) reads a schema too, but as SQL statements, in which the types of
//! columns are only text.

use diesel::{
    QueryResult,
    sql_types::{Array, Oid, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    PostgresConnection, SchemaName,
    backend::{
        postgres::{
            snapshot::{begin_reading, end_reading},
            splice,
        },
        typed_tables::{Column, Relation, TypedTables},
    },
};

/// Reads these schemas, as of one moment.
pub(crate) async fn read(connection: &mut PostgresConnection, schemas: &[&SchemaName]) -> QueryResult<TypedTables> {
    begin_reading(connection).await?;
    let read = read_in_transaction(connection, schemas).await;
    end_reading(connection, read).await
}

async fn read_in_transaction(connection: &mut PostgresConnection, schemas: &[&SchemaName]) -> QueryResult<TypedTables> {
    let schemas: Vec<&str> = schemas.iter().map(|schema| schema.as_str()).collect();
    let relations: Vec<Relation> = diesel::sql_query(splice(include_str!("relations.sql")))
        .bind::<Array<Text>, _>(schemas)
        .load(connection)
        .await?;
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let columns: Vec<Column> = diesel::sql_query(include_str!("columns.sql"))
        .bind::<Array<Oid>, _>(&oids)
        .load(connection)
        .await?;
    let type_oids: Vec<u32> = columns.iter().map(|column| column.type_oid).collect();
    let types = diesel::sql_query(include_str!("types.sql"))
        .bind::<Array<Oid>, _>(type_oids)
        .load(connection)
        .await?;
    let references = diesel::sql_query(include_str!("references.sql"))
        .bind::<Array<Oid>, _>(&oids)
        .load(connection)
        .await?;
    Ok(TypedTables {
        relations,
        columns,
        types,
        references,
    })
}
