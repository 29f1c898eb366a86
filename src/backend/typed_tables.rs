//! Tables with their columns, types and foreign keys, as any database has them, for the Rust declarations of tables.
//! Oids are PostgreSQL's; for SQLite, which has none, they are numbers that count up.

use diesel::{
    QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Oid, SmallInt, Text},
};

/// The number of the column that stands for SQLite's own key of a row, in tables without a primary key.
pub(crate) const ROW_ID: i16 = 0;

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
#[derive(Default)]
pub(crate) struct TypedTables {
    pub(crate) relations: Vec<Relation>,
    pub(crate) columns: Vec<Column>,
    pub(crate) types: Vec<Type>,
    pub(crate) references: Vec<Reference>,
}
