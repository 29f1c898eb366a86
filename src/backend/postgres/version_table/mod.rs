//! Diesel's version table, `__diesel_schema_migrations`, in any schema, and with one more column than Diesel's: the
//! checksum of the applied migration.

mod survey;
pub(crate) mod text;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, SchemaName, backend::postgres::own_objects::VERSION_TABLE};
pub(crate) use survey::{Alike, survey};
pub(crate) use text::mark;

/// The name of a schema's table, as SQL.
pub(crate) fn table(schema: &SchemaName) -> String {
    format!("{}.{VERSION_TABLE}", schema.quoted())
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

/// The state of a version table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionTable {
    /// The schema was never migrated.
    Missing,
    /// The table is as the `diesel` command creates it.
    WithoutChecksums,
    /// The table is as this library creates it.
    Complete,
}

pub(crate) async fn look_at(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<VersionTable> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        table: bool,
        #[diesel(sql_type = Bool)]
        checksum: bool,
    }

    let found: Found = diesel::sql_query(
        "SELECT t.oid IS NOT NULL AS table, EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid \
         AND a.attname = 'checksum' AND NOT a.attisdropped) AS checksum \
         FROM (SELECT pg_catalog.to_regclass($1) AS oid) t",
    )
    .bind::<Text, _>(table(schema))
    .get_result(connection)
    .await?;
    Ok(match found {
        Found { table: false, .. } => VersionTable::Missing,
        Found { checksum: false, .. } => VersionTable::WithoutChecksums,
        Found { .. } => VersionTable::Complete,
    })
}

/// The applied versions, oldest first.
pub(crate) async fn applied(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }

    if look_at(connection, schema).await? == VersionTable::Missing {
        return Ok(Vec::new());
    }
    let table = table(schema);
    let applied: Vec<Applied> =
        diesel::sql_query(format!("SELECT version FROM {table} ORDER BY version COLLATE \"C\""))
            .load(connection)
            .await?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// The applied versions, oldest first, with their checksums. A table of the `diesel` command has no checksums.
pub(crate) async fn applied_with_checksums(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<(String, Option<String>)>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Nullable<Text>)]
        checksum: Option<String>,
    }

    let applied: Vec<Applied> = diesel::sql_query(format!(
        "SELECT v.version, pg_catalog.to_jsonb(v) ->> 'checksum' AS checksum FROM {} v \
         ORDER BY v.version COLLATE \"C\"",
        table(schema)
    ))
    .load(connection)
    .await?;
    Ok(applied.into_iter().map(|row| (row.version, row.checksum)).collect())
}

/// Whether one version is applied.
///
/// In a transaction this also locks the table, so that the schema can't be dropped before the end: with a search_path
/// to a dropped schema, tables would be created in the next schema on the path.
pub(crate) async fn is_applied(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
    version: &str,
) -> QueryResult<bool> {
    let table = table(schema);
    let found: Answer = diesel::sql_query(format!(
        "SELECT EXISTS (SELECT FROM {table} WHERE version = $1) AS answer"
    ))
    .bind::<Text, _>(version)
    .get_result(connection)
    .await?;
    Ok(found.answer)
}

pub(crate) async fn insert(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
    version: &str,
    checksum: Option<&str>,
) -> QueryResult<()> {
    let table = table(schema);
    diesel::sql_query(format!("INSERT INTO {table} (version, checksum) VALUES ($1, $2)"))
        .bind::<Text, _>(version)
        .bind::<Nullable<Text>, _>(checksum)
        .execute(connection)
        .await
        .map(drop)
}

pub(crate) async fn delete(connection: &mut PostgresConnection, schema: &SchemaName, version: &str) -> QueryResult<()> {
    let table = table(schema);
    diesel::sql_query(format!("DELETE FROM {table} WHERE version = $1"))
        .bind::<Text, _>(version)
        .execute(connection)
        .await
        .map(drop)
}
