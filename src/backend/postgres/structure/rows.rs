//! The catalog queries, and their rows.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Oid, Text},
};
use diesel_async::RunQueryDsl;

use super::names::IDENTIFIER;
use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

#[derive(QueryableByName)]
pub(super) struct Schema {
    #[diesel(sql_type = Oid)]
    pub(super) oid: u32,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
}

/// An object, with the statements that create it in its own schema.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Oid)]
    pub(super) schema: u32,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Text)]
    pub(super) parent: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    /// The catalog of the object; 0 if PostgreSQL does not count it as an object.
    #[diesel(sql_type = Oid)]
    pub(super) class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) object: u32,
    #[diesel(sql_type = Integer)]
    pub(super) sub: i32,
    #[diesel(sql_type = Array<Text>)]
    pub(super) make: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub(super) remove: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub(super) change: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub(super) details: Vec<String>,
    #[diesel(sql_type = Bool)]
    pub(super) inline: bool,
    /// Relations that the object needs beyond the catalog's dependencies; for a constraint, its table and other
    /// constraints.
    #[diesel(sql_type = Array<Oid>)]
    pub(super) needs: Vec<u32>,
}

/// Something that is created with an object, and stands for the object in dependencies.
#[derive(QueryableByName)]
pub(super) struct Alias {
    #[diesel(sql_type = Oid)]
    pub(super) class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) object: u32,
    #[diesel(sql_type = Oid)]
    pub(super) node_class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) node_object: u32,
    #[diesel(sql_type = Integer)]
    pub(super) node_sub: i32,
}

#[derive(QueryableByName)]
pub(super) struct Dependency {
    #[diesel(sql_type = Oid)]
    pub(super) class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) object: u32,
    #[diesel(sql_type = Integer)]
    pub(super) sub: i32,
    #[diesel(sql_type = Oid)]
    pub(super) needed_class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) needed_object: u32,
    #[diesel(sql_type = Integer)]
    pub(super) needed_sub: i32,
}

/// Anything in a schema, of whatever kind.
#[derive(QueryableByName)]
pub(super) struct Content {
    #[diesel(sql_type = Oid)]
    pub(super) schema: u32,
    #[diesel(sql_type = Oid)]
    pub(super) class: u32,
    #[diesel(sql_type = Oid)]
    pub(super) object: u32,
    #[diesel(sql_type = Text)]
    pub(super) description: String,
    /// Whether the object can't be created again, although it is among the objects that were read.
    #[diesel(sql_type = Bool)]
    pub(super) is_misread: bool,
}

/// The queries for objects. The schemas are the only parameter of each.
const OBJECTS: [&str; 7] = [
    include_str!("catalog/rare.sql"),
    include_str!("catalog/types.sql"),
    include_str!("catalog/relations.sql"),
    include_str!("catalog/columns.sql"),
    include_str!("catalog/constraints.sql"),
    include_str!("catalog/functions.sql"),
    include_str!("catalog/triggers.sql"),
];

pub(super) async fn schemas(connection: &mut PostgresConnection, names: &[SchemaName]) -> QueryResult<Vec<Schema>> {
    let names: Vec<&str> = names.iter().map(SchemaName::as_str).collect();
    diesel::sql_query(
        "SELECT n.oid, n.nspname::pg_catalog.text AS name FROM pg_catalog.pg_namespace n \
         WHERE n.nspname = ANY ($1::pg_catalog.text[]::pg_catalog.name[])",
    )
    .bind::<Array<Text>, _>(names)
    .load(connection)
    .await
}

/// All objects, other than comments.
pub(super) async fn objects(connection: &mut PostgresConnection, schemas: &[u32]) -> QueryResult<Vec<Row>> {
    let mut rows = Vec::new();
    for query in OBJECTS {
        let found: Vec<Row> = diesel::sql_query(splice(query))
            .bind::<Array<Oid>, _>(schemas)
            .load(connection)
            .await?;
        rows.extend(found);
    }
    let grants: Vec<Row> = diesel::sql_query(splice(include_str!("catalog/grants.sql")))
        .bind::<Array<Oid>, _>(schemas)
        .bind::<Text, _>(IDENTIFIER)
        .load(connection)
        .await?;
    rows.extend(grants);
    Ok(rows)
}

pub(super) async fn comments(
    connection: &mut PostgresConnection,
    schemas: &[u32],
    classes: &[u32],
    objects: &[u32],
) -> QueryResult<Vec<Row>> {
    diesel::sql_query(splice(include_str!("catalog/comments.sql")))
        .bind::<Array<Oid>, _>(schemas)
        .bind::<Array<Oid>, _>(classes)
        .bind::<Array<Oid>, _>(objects)
        .load(connection)
        .await
}

pub(super) async fn aliases(connection: &mut PostgresConnection, schemas: &[u32]) -> QueryResult<Vec<Alias>> {
    diesel::sql_query(splice(include_str!("catalog/aliases.sql")))
        .bind::<Array<Oid>, _>(schemas)
        .load(connection)
        .await
}

pub(super) async fn dependencies(
    connection: &mut PostgresConnection,
    classes: &[u32],
    objects: &[u32],
) -> QueryResult<Vec<Dependency>> {
    diesel::sql_query(include_str!("catalog/dependencies.sql"))
        .bind::<Array<Oid>, _>(classes)
        .bind::<Array<Oid>, _>(objects)
        .load(connection)
        .await
}

pub(super) async fn contents(connection: &mut PostgresConnection, schemas: &[u32]) -> QueryResult<Vec<Content>> {
    diesel::sql_query(splice(include_str!("catalog/contents.sql")))
        .bind::<Array<Oid>, _>(schemas)
        .load(connection)
        .await
}
