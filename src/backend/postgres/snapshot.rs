//! Snapshots: reading as of one moment, and sharing a moment with other sessions.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Integer, Text},
};
use diesel_async::{RunQueryDsl, TransactionManager};

use crate::{PostgresConnection, backend::postgres::engine::PostgresTransactionManager};

/// What a transaction sees.
#[derive(QueryableByName)]
pub(crate) struct Snapshot {
    /// The snapshot's id, which other sessions can use as long as the transaction is open.
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Integer)]
    pub(crate) server_version: i32,
}

/// Lets other sessions see what the open transaction sees.
pub(crate) async fn export_snapshot(connection: &mut PostgresConnection) -> QueryResult<Snapshot> {
    diesel::sql_query(
        "SELECT pg_catalog.pg_export_snapshot() AS name, \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version",
    )
    .get_result(connection)
    .await
}

/// Begins a transaction that reads as of one moment.
pub(crate) async fn begin_reading(connection: &mut PostgresConnection) -> QueryResult<()> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    PostgresTransactionManager::begin_with(connection, begin).await
}

/// Ends that transaction, and returns what was read.
pub(crate) async fn end_reading<T>(connection: &mut PostgresConnection, read: QueryResult<T>) -> QueryResult<T> {
    let ended = PostgresTransactionManager::rollback_transaction(connection).await;
    let read = read?;
    ended.map(|()| read)
}
