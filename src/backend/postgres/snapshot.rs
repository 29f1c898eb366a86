//! A snapshot that several sessions share.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

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
pub(crate) async fn export_snapshot(connection: &mut AsyncPgConnection) -> QueryResult<Snapshot> {
    diesel::sql_query(
        "SELECT pg_catalog.pg_export_snapshot() AS name, \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version",
    )
    .get_result(connection)
    .await
}
