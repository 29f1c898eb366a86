//! Reads tables from the catalogs, with their columns, types and foreign keys, for the Rust declarations of tables.
//!
//! [`structure`](crate::backend::postgres::structure) reads a schema too, but as SQL statements, in which the types of
//! columns are only text.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Oid, SmallInt, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        catalog::splice,
        snapshot::{begin_reading, end_reading},
    },
};

/// A table, a view, or another relation with columns and rows.
#[derive(QueryableByName)]
pub(crate) struct Relation {
    #[diesel(sql_type = Oid)]
    pub(crate) oid: u32,
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Text)]
    pub(crate) kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) comment: Option<String>,
    /// The numbers of the columns.
    #[diesel(sql_type = Array<SmallInt>)]
    pub(crate) primary_key: Vec<i16>,
}

impl Relation {
    /// Whether the relation can have a primary key.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    /// Whether the relation's rows come from a query.
    pub(crate) fn is_view(&self) -> bool {
        matches!(self.kind.as_str(), "v" | "m")
    }
}

#[derive(QueryableByName)]
pub(crate) struct Column {
    #[diesel(sql_type = Oid)]
    pub(crate) relation: u32,
    #[diesel(sql_type = SmallInt)]
    pub(crate) number: i16,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Oid)]
    pub(crate) type_oid: u32,
    #[diesel(sql_type = Bool)]
    pub(crate) is_not_null: bool,
    #[diesel(sql_type = Bool)]
    pub(crate) is_generated: bool,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) max_length: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) comment: Option<String>,
}

#[derive(QueryableByName)]
pub(crate) struct Type {
    #[diesel(sql_type = Oid)]
    pub(crate) oid: u32,
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// The type that a domain is made of, or 0.
    #[diesel(sql_type = Oid)]
    pub(crate) base: u32,
    /// Whether a domain forbids NULL.
    #[diesel(sql_type = Bool)]
    pub(crate) is_not_null: bool,
    /// The type of an array's elements, or 0.
    #[diesel(sql_type = Oid)]
    pub(crate) element: u32,
    /// The type of arrays of this type.
    #[diesel(sql_type = Oid)]
    pub(crate) array_oid: u32,
    /// Whether this is the type of a table's rows.
    #[diesel(sql_type = Bool)]
    pub(crate) is_row: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) comment: Option<String>,
    /// The labels of an enum, in their order.
    #[diesel(sql_type = Array<Text>)]
    pub(crate) labels: Vec<String>,
}

/// A foreign key.
#[derive(QueryableByName)]
pub(crate) struct Reference {
    #[diesel(sql_type = Oid)]
    pub(crate) child: u32,
    #[diesel(sql_type = Oid)]
    pub(crate) parent: u32,
    #[diesel(sql_type = Array<SmallInt>)]
    pub(crate) child_columns: Vec<i16>,
    #[diesel(sql_type = Array<SmallInt>)]
    pub(crate) parent_columns: Vec<i16>,
}

/// Everything that was read about some schemas, in no order.
pub(crate) struct TypedTables {
    pub(crate) relations: Vec<Relation>,
    pub(crate) columns: Vec<Column>,
    pub(crate) types: Vec<Type>,
    pub(crate) references: Vec<Reference>,
}

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
