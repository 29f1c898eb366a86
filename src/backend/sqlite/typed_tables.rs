//! Reads the tables of a file, with their columns, declared types and foreign keys, for the Rust declarations of
//! tables.

use std::path::Path;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    sql_types::{Bool, Integer, Nullable, Text},
};

use super::files::{FileError, Folder, look};
use crate::{
    SchemaName,
    backend::typed_tables::{Column, ROW_ID, Reference, Relation, Type, TypedTables},
};

/// The names by which a query finds SQLite's own key of a row, unless a column has that name.
const ROW_IDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// Adds the tables of the shared file, if there is one that was migrated.
pub(crate) fn read_shared(folder: &Folder, tables: &mut TypedTables) -> Result<bool, FileError> {
    read(folder.shared_path(), folder.shared(), tables)
}

/// Adds the tables of a tenant's file. False if there is no such tenant.
pub(crate) fn read_tenant(folder: &Folder, tenant: &SchemaName, tables: &mut TypedTables) -> Result<bool, FileError> {
    read(&folder.path_of(tenant)?, tenant, tables)
}

fn read(path: &Path, schema: &SchemaName, tables: &mut TypedTables) -> Result<bool, FileError> {
    let looked = look(path, |connection, _| {
        let relations: Vec<RelationRow> = diesel::sql_query(RELATIONS).load(connection)?;
        relations
            .into_iter()
            .map(|row| row.read(connection))
            .collect::<QueryResult<Vec<_>>>()
    })?;
    let Some((_, _, found)) = looked else {
        return Ok(false);
    };
    add(found, schema, tables);
    Ok(true)
}

/// The tables and views, without those of the library and of Diesel, and those in which a virtual table keeps its rows.
const RELATIONS: &str = "SELECT name, type = 'view' AS is_view, wr AS without_row_id FROM pragma_table_list \
    WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name";

/// The columns, without those that only a virtual table's queries name. A table with one INTEGER PRIMARY KEY has no
/// index for it: the column is the key of the row itself, and never NULL.
const COLUMNS: &str = "SELECT name, type AS declared, \"notnull\" OR pk AND (SELECT count(*) FROM \
    pragma_index_list(?1, 'main') WHERE origin = 'pk') = 0 AS is_not_null, pk, hidden > 1 AS is_generated FROM \
    pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";

const REFERENCES: &str = "SELECT id, \"table\" AS parent, \"from\" AS child_column, \"to\" AS parent_column \
    FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";

#[derive(QueryableByName)]
struct RelationRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_view: bool,
    #[diesel(sql_type = Bool)]
    without_row_id: bool,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
    #[diesel(sql_type = Bool)]
    is_not_null: bool,
    /// The place in the primary key, counted from 1, or 0.
    #[diesel(sql_type = Integer)]
    pk: i32,
    #[diesel(sql_type = Bool)]
    is_generated: bool,
}

#[derive(QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    child_column: String,
    /// None if the primary key is meant.
    #[diesel(sql_type = Nullable<Text>)]
    parent_column: Option<String>,
}

struct Table {
    relation: RelationRow,
    columns: Vec<ColumnRow>,
    references: Vec<ReferenceRow>,
}

impl RelationRow {
    fn read(self, connection: &mut SqliteConnection) -> QueryResult<Table> {
        Ok(Table {
            columns: diesel::sql_query(COLUMNS)
                .bind::<Text, _>(&self.name)
                .load(connection)?,
            references: diesel::sql_query(REFERENCES)
                .bind::<Text, _>(&self.name)
                .load(connection)?,
            relation: self,
        })
    }
}

impl Table {
    fn is_named(&self, name: &str) -> bool {
        self.relation.name.eq_ignore_ascii_case(name)
    }

    /// The numbers of the columns of the primary key.
    fn primary_key(&self) -> Vec<i16> {
        let mut key: Vec<(i32, i16)> = self
            .numbered()
            .filter(|(_, column)| column.pk > 0)
            .map(|(number, column)| (column.pk, number))
            .collect();
        key.sort_unstable();
        key.into_iter().map(|(_, number)| number).collect()
    }

    fn numbered(&self) -> impl Iterator<Item = (i16, &ColumnRow)> {
        (ROW_ID + 1..).zip(&self.columns)
    }

    fn number_of(&self, column: &str) -> Option<i16> {
        let mut columns = self.numbered();
        columns
            .find(|(_, found)| found.name.eq_ignore_ascii_case(column))
            .map(|(number, _)| number)
    }

    /// The name of SQLite's own key of a row, for a table without a primary key.
    fn row_id(&self) -> Option<&'static str> {
        let has_none = self.relation.is_view || self.relation.without_row_id || !self.primary_key().is_empty();
        let is_free = |name: &&&str| self.number_of(name).is_none();
        ROW_IDS.iter().filter(|_| !has_none).find(is_free).copied()
    }
}

fn add(found: Vec<Table>, schema: &SchemaName, tables: &mut TypedTables) {
    // SQLite has no numbers for tables: these go on where those of another file end.
    let first = u32::try_from(tables.relations.len()).unwrap_or(u32::MAX);
    for (oid, table) in (first..).zip(&found) {
        let mut column = |number, name: &str, declared: &str, is_not_null, is_generated| {
            let type_oid = oid_of_type(declared, &mut tables.types);
            tables.columns.push(Column {
                relation: oid,
                number,
                name: name.to_owned(),
                type_oid,
                is_not_null,
                is_generated,
                max_length: None,
                comment: None,
            });
        };
        let row_id = table.row_id();
        if let Some(name) = row_id {
            column(ROW_ID, name, "INTEGER", true, false);
        }
        for (number, row) in table.numbered() {
            column(
                number,
                &row.name,
                declared_type(&row.declared),
                row.is_not_null,
                row.is_generated,
            );
        }
        tables.relations.push(Relation {
            oid,
            schema: schema.as_str().to_owned(),
            name: table.relation.name.clone(),
            kind: if table.relation.is_view { "v" } else { "r" }.to_owned(),
            comment: None,
            primary_key: match row_id {
                Some(_) => vec![ROW_ID],
                None => table.primary_key(),
            },
        });
        for reference in table.references.chunk_by(|one, other| one.id == other.id) {
            tables.references.extend(resolve(oid, table, reference, first, &found));
        }
    }
}

/// A foreign key, if it leads to a table of the file.
fn resolve(child: u32, table: &Table, rows: &[ReferenceRow], first: u32, found: &[Table]) -> Option<Reference> {
    let (parent, parent_table) = (first..)
        .zip(found)
        .find(|(_, other)| other.is_named(&rows[0].parent))?;
    let child_columns = rows.iter().map(|row| table.number_of(&row.child_column));
    let named = rows
        .iter()
        .map(|row| parent_table.number_of(row.parent_column.as_deref()?));
    let parent_columns = match rows.iter().all(|row| row.parent_column.is_none()) {
        true => Some(parent_table.primary_key()),
        false => named.collect(),
    };
    Some(Reference {
        child,
        parent,
        child_columns: child_columns.collect::<Option<_>>()?,
        parent_columns: parent_columns?,
    })
}

/// The type without what SQLite takes for a part of it.
fn declared_type(declared: &str) -> &str {
    const GENERATED: &str = "GENERATED ALWAYS";
    match declared.len().checked_sub(GENERATED.len()) {
        Some(at) if declared.is_char_boundary(at) && declared[at..].eq_ignore_ascii_case(GENERATED) => {
            declared[..at].trim_end()
        }
        _ => declared,
    }
}

/// The number of a declared type, which is added if it is new.
fn oid_of_type(declared: &str, types: &mut Vec<Type>) -> u32 {
    if let Some(known) = types.iter().find(|known| known.name == declared) {
        return known.oid;
    }
    let oid = u32::try_from(types.len()).unwrap_or(u32::MAX);
    types.push(Type {
        oid,
        schema: String::new(),
        name: declared.to_owned(),
        base: 0,
        is_not_null: false,
        element: 0,
        array_oid: 0,
        is_row: false,
        comment: None,
        labels: Vec::new(),
    });
    oid
}
