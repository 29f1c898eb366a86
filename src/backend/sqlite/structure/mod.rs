//! What a file consists of: its tables with their columns, indexes, views and triggers.

mod words;

use std::collections::BTreeMap;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Nullable, Text},
};

use self::words::words;
use super::files::NOTE_TABLE;
use crate::backend::migration_sql::VERSION_TABLE;

/// The structure of a file, by the names of its objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) objects: BTreeMap<String, Object>,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    Index,
    View,
    Trigger,
}

/// An object of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    /// The table that the object is on; a table's own name.
    pub(crate) table: String,
    /// The statement that created it, as SQLite keeps it.
    pub(crate) sql: String,
    /// The columns of a table, in their order.
    pub(crate) columns: Vec<Column>,
}

/// A column, as SQLite describes it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(crate) struct Column {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = BigInt)]
    not_null: i64,
    #[diesel(sql_type = Nullable<Text>)]
    default: Option<String>,
    /// Its place in the primary key, from 1 on.
    #[diesel(sql_type = BigInt)]
    key: i64,
    /// 0 unless it is hidden or generated.
    #[diesel(sql_type = BigInt)]
    hidden: i64,
}

impl Object {
    /// Whether two objects are the same, whatever spaces and comments their statements have.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.columns == other.columns && words(&self.sql) == words(&other.sql)
    }
}

impl Column {
    /// The column, in the words of its definition.
    pub(crate) fn describe(&self) -> String {
        let Self {
            name,
            data_type,
            not_null,
            default,
            key,
            hidden,
        } = self;
        let mut text = format!("{name} {data_type}");
        if *not_null != 0 {
            text += " NOT NULL";
        }
        if let Some(default) = default {
            text += " DEFAULT ";
            text += default;
        }
        if *key > 0 {
            text += &format!(" PRIMARY KEY ({key})");
        }
        if *hidden > 1 {
            text += " GENERATED";
        }
        text
    }
}

/// Reads the structure of a connection's `main`. What SQLite makes by itself, and the library's own tables, are left
/// out.
pub(crate) fn read(connection: &mut SqliteConnection) -> QueryResult<Structure> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        table: String,
        #[diesel(sql_type = Text)]
        sql: String,
    }

    // Automatic indexes have no statement.
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT s.type AS kind, s.name AS name, s.tbl_name AS \"table\", s.sql AS sql FROM main.sqlite_schema s \
         LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.tbl_name AND l.type = 'shadow' \
         WHERE s.sql IS NOT NULL AND l.name IS NULL AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND s.tbl_name NOT IN ('{NOTE_TABLE}', '{VERSION_TABLE}')"
    ))
    .load(connection)?;
    let mut structure = Structure::default();
    for Row { kind, name, table, sql } in rows {
        let kind = match &*kind {
            "table" => Kind::Table,
            "index" => Kind::Index,
            "view" => Kind::View,
            _ => Kind::Trigger,
        };
        let columns = match kind {
            Kind::Table => columns(connection, &name)?,
            _ => Vec::new(),
        };
        let object = Object {
            kind,
            table,
            sql,
            columns,
        };
        structure.objects.insert(name, object);
    }
    Ok(structure)
}

fn columns(connection: &mut SqliteConnection, table: &str) -> QueryResult<Vec<Column>> {
    diesel::sql_query(
        "SELECT name, type AS data_type, \"notnull\" AS not_null, dflt_value AS \"default\", pk AS key, hidden \
         FROM pragma_table_xinfo(?, 'main') ORDER BY cid",
    )
    .bind::<Text, _>(table)
    .load(connection)
}
