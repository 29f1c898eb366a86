//! Reads the tables of a database, with their columns, types and foreign keys, for the Rust declarations of tables.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use diesel_tenants_translate::SchemaName;

use super::{Session, quote};
use crate::backend::typed_tables::{Column, Reference, Relation, Type, TypedTables};

#[derive(QueryableByName)]
struct RelationRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_view: bool,
    #[diesel(sql_type = Text)]
    comment: String,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    relation: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    column_type: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
    #[diesel(sql_type = Bool)]
    is_generated: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    max_length: Option<i64>,
    #[diesel(sql_type = Text)]
    comment: String,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    relation: String,
    /// `PRIMARY`, or the name of a foreign key.
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Nullable<Text>)]
    parent_database: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    parent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    parent_column: Option<String>,
}

/// The tables of some databases, each read under the name of a schema.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) tables: TypedTables,
    /// The tables' numbers, by the names of database and table.
    relations: HashMap<(String, String), u32>,
    /// The columns' numbers, by the table's number and the column's name.
    columns: HashMap<(u32, String), i16>,
    types: HashMap<String, u32>,
    foreign_keys: Vec<(String, Vec<KeyRow>)>,
}

impl Reader {
    /// Adds the tables of a database, as those of this schema. False if there is no such database.
    pub(crate) async fn read(
        &mut self,
        session: &mut Session,
        database: &SchemaName,
        schema: &SchemaName,
    ) -> QueryResult<bool> {
        let name = quote::literal(database.as_str());
        // The catalog compares names without regard to case.
        let is_there = format!(
            "SELECT COUNT(*) AS number FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {name} \
             AND BINARY SCHEMA_NAME = BINARY {name}"
        );
        if session.number(&is_there).await? == 0 {
            return Ok(false);
        }
        let relations: Vec<RelationRow> = session.rows(&relations(&name)).await?;
        let columns: Vec<ColumnRow> = session.rows(&columns(&name)).await?;
        let keys: Vec<KeyRow> = session.rows(&keys(&name)).await?;
        self.add(database, schema, relations, columns, keys);
        Ok(true)
    }

    /// Everything that was read.
    pub(crate) fn finish(mut self) -> TypedTables {
        for (database, rows) in std::mem::take(&mut self.foreign_keys) {
            let reference = self.reference(&database, &rows);
            self.tables.references.extend(reference);
        }
        self.tables
    }

    fn add(
        &mut self,
        database: &SchemaName,
        schema: &SchemaName,
        relations: Vec<RelationRow>,
        columns: Vec<ColumnRow>,
        keys: Vec<KeyRow>,
    ) {
        let database = database.as_str();
        for RelationRow { name, is_view, comment } in relations {
            let oid = u32::try_from(self.tables.relations.len()).unwrap_or(u32::MAX);
            self.relations.insert((database.to_owned(), name.clone()), oid);
            self.tables.relations.push(Relation {
                oid,
                schema: schema.as_str().to_owned(),
                name,
                kind: if is_view { "v" } else { "r" }.to_owned(),
                comment: Some(comment).filter(|comment| !is_view && !comment.is_empty()),
                primary_key: Vec::new(),
            });
        }
        for row in columns {
            let Some(&relation) = self.relations.get(&(database.to_owned(), row.relation)) else {
                continue;
            };
            let number = i16::try_from(row.number).unwrap_or(i16::MAX);
            self.columns.insert((relation, row.name.clone()), number);
            let type_oid = self.oid_of_type(&row.column_type);
            self.tables.columns.push(Column {
                relation,
                number,
                name: row.name,
                type_oid,
                is_not_null: !row.is_nullable,
                is_generated: row.is_generated,
                max_length: row.max_length.and_then(|length| i32::try_from(length).ok()),
                comment: Some(row.comment).filter(|comment| !comment.is_empty()),
            });
        }
        for rows in chunked(keys) {
            match rows[0].parent.is_some() {
                true => self.foreign_keys.push((database.to_owned(), rows)),
                false => self.primary_key(database, &rows),
            }
        }
    }

    fn primary_key(&mut self, database: &str, rows: &[KeyRow]) {
        let Some(&oid) = self.relations.get(&(database.to_owned(), rows[0].relation.clone())) else {
            return;
        };
        let numbers = rows
            .iter()
            .filter_map(|row| self.columns.get(&(oid, row.column.clone())));
        let numbers: Vec<i16> = numbers.copied().collect();
        if let Some(relation) = self.tables.relations.iter_mut().find(|relation| relation.oid == oid) {
            relation.primary_key = numbers;
        }
    }

    /// A foreign key, if it leads to a table that was read.
    fn reference(&self, database: &str, rows: &[KeyRow]) -> Option<Reference> {
        let first = rows.first()?;
        let child = *self.relations.get(&(database.to_owned(), first.relation.clone()))?;
        let parent = (first.parent_database.clone()?, first.parent.clone()?);
        let parent = *self.relations.get(&parent)?;
        let child_columns = rows
            .iter()
            .map(|row| self.columns.get(&(child, row.column.clone())).copied());
        let parent_columns = rows
            .iter()
            .map(|row| self.columns.get(&(parent, row.parent_column.clone()?)).copied());
        Some(Reference {
            child,
            parent,
            child_columns: child_columns.collect::<Option<_>>()?,
            parent_columns: parent_columns.collect::<Option<_>>()?,
        })
    }

    /// The number of a type, which is added if it is new.
    fn oid_of_type(&mut self, column_type: &str) -> u32 {
        let next = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        let oid = *self.types.entry(column_type.to_owned()).or_insert(next);
        if oid == next {
            self.tables.types.push(Type {
                oid,
                schema: String::new(),
                name: column_type.to_owned(),
                base: 0,
                is_not_null: false,
                element: 0,
                array_oid: 0,
                is_row: false,
                comment: None,
                labels: Vec::new(),
            });
        }
        oid
    }
}

/// The rows of each key for themselves. They come in the order of their tables and keys.
fn chunked(keys: Vec<KeyRow>) -> Vec<Vec<KeyRow>> {
    let mut chunks: Vec<Vec<KeyRow>> = Vec::new();
    for row in keys {
        match chunks.last_mut() {
            Some(chunk) if (&chunk[0].relation, &chunk[0].key) == (&row.relation, &row.key) => chunk.push(row),
            _ => chunks.push(vec![row]),
        }
    }
    chunks
}

/// The tables and views, without those of the library and of Diesel, and without sequences.
fn relations(database: &str) -> String {
    format!(
        "SELECT TABLE_NAME AS name, TABLE_TYPE = 'VIEW' AS is_view, COALESCE(TABLE_COMMENT, '') AS comment \
         FROM information_schema.TABLES WHERE TABLE_SCHEMA = {database} AND BINARY TABLE_SCHEMA = BINARY {database} \
         AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND TABLE_NAME NOT LIKE '\\\\_\\\\_%' \
         ORDER BY TABLE_NAME"
    )
}

fn columns(database: &str) -> String {
    format!(
        "SELECT TABLE_NAME AS relation, COLUMN_NAME AS name, CAST(ORDINAL_POSITION AS SIGNED) AS number, \
         CAST(COLUMN_TYPE AS CHAR) AS column_type, IS_NULLABLE = 'YES' AS is_nullable, \
         EXTRA LIKE '%GENERATED%' AND EXTRA NOT LIKE '%DEFAULT_GENERATED%' AS is_generated, \
         CAST(IF(DATA_TYPE IN ('char', 'varchar', 'binary', 'varbinary'), CHARACTER_MAXIMUM_LENGTH, NULL) AS SIGNED) \
         AS max_length, COALESCE(COLUMN_COMMENT, '') AS comment \
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {database} AND BINARY TABLE_SCHEMA = BINARY {database} \
         ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
}

fn keys(database: &str) -> String {
    format!(
        "SELECT TABLE_NAME AS relation, CONSTRAINT_NAME AS `key`, COLUMN_NAME AS `column`, \
         REFERENCED_TABLE_SCHEMA AS parent_database, REFERENCED_TABLE_NAME AS parent, \
         REFERENCED_COLUMN_NAME AS parent_column FROM information_schema.KEY_COLUMN_USAGE \
         WHERE TABLE_SCHEMA = {database} AND BINARY TABLE_SCHEMA = BINARY {database} \
         AND (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL) \
         ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION"
    )
}
