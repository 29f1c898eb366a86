//! Diesel's version table, `__diesel_schema_migrations`, in a schema of ours to name.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::{SchemaName, connection::IS_FINISHED};

pub(crate) fn table(schema: &SchemaName) -> String {
    format!("{}.__diesel_schema_migrations", schema.quoted())
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

pub(super) async fn schema_exists(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<bool> {
    diesel::sql_query(format!(
        "SELECT true AS answer FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 AND {IS_FINISHED}"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result::<Answer>(connection)
    .await
    .optional()
    .map(|found| found.is_some())
}

/// Whether the schema was ever migrated.
pub(super) async fn exist(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<bool> {
    let found: Answer = diesel::sql_query("SELECT pg_catalog.to_regclass($1) IS NOT NULL AS answer")
        .bind::<Text, _>(table(schema))
        .get_result(connection)
        .await?;
    Ok(found.answer)
}

/// Makes the table as Diesel does.
pub(super) async fn create(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<()> {
    let table = table(schema);
    connection
        .batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        ))
        .await
}

/// The versions applied, oldest first.
pub(super) async fn applied(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }

    if !exist(connection, schema).await? {
        return Ok(Vec::new());
    }
    let table = table(schema);
    let applied: Vec<Applied> =
        diesel::sql_query(format!("SELECT version FROM {table} ORDER BY version COLLATE \"C\""))
            .load(connection)
            .await?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// Whether one version is applied.
///
/// In a transaction this also keeps the schema from being dropped until the end, since the table is locked: a search_path
/// to a schema that is gone would build tables in the next schema on the path.
pub(super) async fn is_applied(
    connection: &mut AsyncPgConnection,
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

pub(super) async fn insert(connection: &mut AsyncPgConnection, schema: &SchemaName, version: &str) -> QueryResult<()> {
    let table = table(schema);
    diesel::sql_query(format!("INSERT INTO {table} (version) VALUES ($1)"))
        .bind::<Text, _>(version)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn delete(connection: &mut AsyncPgConnection, schema: &SchemaName, version: &str) -> QueryResult<()> {
    let table = table(schema);
    diesel::sql_query(format!("DELETE FROM {table} WHERE version = $1"))
        .bind::<Text, _>(version)
        .execute(connection)
        .await
        .map(drop)
}

/// Tries to take the advisory lock on a schema; until the end of the transaction, or of the session.
///
/// Never waits in the server: a session that waits holds a snapshot, for which another session's `CREATE INDEX
/// CONCURRENTLY` under the same lock would wait in turn.
pub(super) async fn try_lock(
    connection: &mut AsyncPgConnection,
    schema: &SchemaName,
    span: LockSpan,
) -> QueryResult<bool> {
    let sql = match span {
        LockSpan::Transaction => {
            "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) AS answer"
        }
        LockSpan::Session => "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) AS answer",
    };
    let locked: Answer = diesel::sql_query(sql)
        .bind::<Text, _>(lock_name(schema))
        .get_result(connection)
        .await?;
    Ok(locked.answer)
}

/// Gives back a lock taken for the session.
pub(super) async fn unlock(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))")
        .bind::<Text, _>(lock_name(schema))
        .execute(connection)
        .await
        .map(drop)
}

/// How long a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockSpan {
    Transaction,
    Session,
}

/// What the advisory lock on a schema is taken on.
pub(crate) fn lock_name(schema: &SchemaName) -> String {
    format!("diesel-tenants: migrations of {}", schema.quoted())
}
