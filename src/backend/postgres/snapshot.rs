//! What several sessions see alike.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// What a transaction sees.
#[derive(QueryableByName)]
pub(crate) struct Snapshot {
    /// For other sessions to see the same, as long as the transaction is open.
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Integer)]
    pub(crate) server_version: i32,
}

/// Has others see what the transaction sees that is open.
pub(crate) async fn export_snapshot(connection: &mut AsyncPgConnection) -> QueryResult<Snapshot> {
    diesel::sql_query(
        "SELECT pg_catalog.pg_export_snapshot() AS name, \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version",
    )
    .get_result(connection)
    .await
}
