//! The statements that copy what tables and sequences hold.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{SchemaName, backend::postgres::structure::moved};

/// A table of the template, with the columns to copy.
#[derive(QueryableByName)]
pub(super) struct Table {
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    quoted: String,
    #[diesel(sql_type = Array<Text>)]
    columns: Vec<String>,
    /// Of each column the type to convert to, or nothing: those that the template has itself, the clone has anew.
    #[diesel(sql_type = Array<Text>)]
    types: Vec<String>,
}

impl Table {
    /// The tables of a schema that hold rows themselves. The search_path must be empty.
    pub(super) async fn all_of(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<Vec<Self>> {
        diesel::sql_query(include_str!("tables.sql"))
            .bind::<Text, _>(schema.as_str())
            .load(connection)
            .await
    }

    /// The statement that copies all rows. A value of a type of the template's becomes text, and a value of the clone's.
    pub(super) fn copy(&self, from: &SchemaName, to: &SchemaName) -> String {
        let values = self
            .columns
            .iter()
            .zip(&self.types)
            .map(|(column, data_type)| match &data_type[..] {
                "" => column.clone(),
                data_type => format!("{column}::pg_catalog.text::{}", moved(data_type, from, to)),
            });
        let values = values.collect::<Vec<_>>().join(", ");
        let columns = match &self.columns[..] {
            [] => String::new(),
            columns => format!("({}) OVERRIDING SYSTEM VALUE ", columns.join(", ")),
        };
        let Self { quoted, .. } = self;
        let (from, to) = (from.quoted(), to.quoted());
        format!("INSERT INTO {to}.{quoted} {columns}SELECT {values} FROM ONLY {from}.{quoted}")
    }
}

/// The statement that brings the clone's sequences to where the template's are; nothing if there are none.
pub(super) async fn sequences(
    connection: &mut AsyncPgConnection,
    from: &SchemaName,
    to: &SchemaName,
) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Statements {
        #[diesel(sql_type = Text)]
        statements: String,
    }

    let found: Statements = diesel::sql_query(
        "SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('SELECT pg_catalog.setval(%L, last_value, is_called) \
         FROM %I.%I', pg_catalog.format('%I.%I', $2::pg_catalog.text, c.relname), n.nspname, c.relname), '; '), '') \
         AS statements \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e \
         WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')",
    )
    .bind::<Text, _>(from.as_str())
    .bind::<Text, _>(to.as_str())
    .get_result(connection)
    .await?;
    Ok(found.statements)
}

/// What was made in this transaction and depends on something in the schema `from`.
pub(super) async fn dependents(connection: &mut AsyncPgConnection, from: &SchemaName) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Dependent {
        #[diesel(sql_type = Text)]
        description: String,
    }

    let found: Vec<Dependent> = diesel::sql_query(include_str!("dependents.sql"))
        .bind::<Text, _>(from.as_str())
        .load(connection)
        .await?;
    Ok(found.into_iter().map(|dependent| dependent.description).collect())
}
