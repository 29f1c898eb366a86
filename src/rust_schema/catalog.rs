//! What the database's catalogs say about the tables: their columns, types and foreign keys.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Oid, SmallInt, Text},
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager};

use crate::SchemaName;

/// A table, a view, or another relation with columns and rows.
#[derive(QueryableByName)]
pub(super) struct Relation {
    #[diesel(sql_type = Oid)]
    pub(super) oid: u32,
    #[diesel(sql_type = Text)]
    pub(super) schema: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    /// The numbers of the columns.
    #[diesel(sql_type = Array<SmallInt>)]
    pub(super) primary_key: Vec<i16>,
}

impl Relation {
    /// Whether the relation can have a primary key.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    /// Whether the relation's rows come from a query.
    pub(super) fn is_view(&self) -> bool {
        matches!(self.kind.as_str(), "v" | "m")
    }
}

#[derive(QueryableByName)]
pub(super) struct Column {
    #[diesel(sql_type = Oid)]
    pub(super) relation: u32,
    #[diesel(sql_type = SmallInt)]
    pub(super) number: i16,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Oid)]
    pub(super) type_oid: u32,
    #[diesel(sql_type = Bool)]
    pub(super) is_not_null: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_generated: bool,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(super) max_length: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
}

#[derive(QueryableByName)]
pub(super) struct Type {
    #[diesel(sql_type = Oid)]
    pub(super) oid: u32,
    #[diesel(sql_type = Text)]
    pub(super) schema: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    /// The type that a domain is made of, or 0.
    #[diesel(sql_type = Oid)]
    pub(super) base: u32,
    /// Whether a domain forbids NULL.
    #[diesel(sql_type = Bool)]
    pub(super) is_not_null: bool,
    /// The type of an array's elements, or 0.
    #[diesel(sql_type = Oid)]
    pub(super) element: u32,
    /// The type of arrays of this type.
    #[diesel(sql_type = Oid)]
    pub(super) array_oid: u32,
    /// Whether this is the type of a table's rows.
    #[diesel(sql_type = Bool)]
    pub(super) is_row: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) comment: Option<String>,
    /// The labels of an enum, in their order.
    #[diesel(sql_type = Array<Text>)]
    pub(super) labels: Vec<String>,
}

/// A foreign key.
#[derive(QueryableByName)]
pub(super) struct Reference {
    #[diesel(sql_type = Oid)]
    pub(super) child: u32,
    #[diesel(sql_type = Oid)]
    pub(super) parent: u32,
    #[diesel(sql_type = Array<SmallInt>)]
    pub(super) child_columns: Vec<i16>,
    #[diesel(sql_type = Array<SmallInt>)]
    pub(super) parent_columns: Vec<i16>,
}

/// Everything that was read about some schemas, in no order.
pub(super) struct Catalog {
    pub(super) relations: Vec<Relation>,
    pub(super) columns: Vec<Column>,
    pub(super) types: Vec<Type>,
    pub(super) references: Vec<Reference>,
}

/// Reads these schemas, as of one moment.
pub(super) async fn read(connection: &mut AsyncPgConnection, schemas: &[&SchemaName]) -> QueryResult<Catalog> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    AnsiTransactionManager::begin_transaction_sql(connection, begin).await?;
    let read = read_in_transaction(connection, schemas).await;
    let ended = AnsiTransactionManager::rollback_transaction(connection).await;
    let catalog = read?;
    ended.map(|()| catalog)
}

async fn read_in_transaction(connection: &mut AsyncPgConnection, schemas: &[&SchemaName]) -> QueryResult<Catalog> {
    let schemas: Vec<&str> = schemas.iter().map(|schema| schema.as_str()).collect();
    let relations: Vec<Relation> = diesel::sql_query(include_str!("catalog/relations.sql"))
        .bind::<Array<Text>, _>(schemas)
        .load(connection)
        .await?;
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let columns: Vec<Column> = diesel::sql_query(include_str!("catalog/columns.sql"))
        .bind::<Array<Oid>, _>(&oids)
        .load(connection)
        .await?;
    let type_oids: Vec<u32> = columns.iter().map(|column| column.type_oid).collect();
    let types = diesel::sql_query(include_str!("catalog/types.sql"))
        .bind::<Array<Oid>, _>(type_oids)
        .load(connection)
        .await?;
    let references = diesel::sql_query(include_str!("catalog/references.sql"))
        .bind::<Array<Oid>, _>(&oids)
        .load(connection)
        .await?;
    Ok(Catalog {
        relations,
        columns,
        types,
        references,
    })
}
