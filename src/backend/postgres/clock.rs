//! The server's time.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;

use crate::PostgresConnection;

/// The query for the server's time: as seconds since 1970, and as text for names, in UTC.
pub(crate) const NOW: &str = "SELECT pg_catalog.floor(extract(epoch FROM pg_catalog.now()))::pg_catalog.int8 AS seconds, \
     pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') AS stamp";

#[derive(QueryableByName)]
pub(crate) struct Now {
    /// Seconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub(crate) seconds: i64,
    /// The time in UTC, as text for names.
    #[diesel(sql_type = Text)]
    pub(crate) stamp: String,
}

pub(crate) async fn now(connection: &mut PostgresConnection) -> QueryResult<Now> {
    diesel::sql_query(NOW).get_result(connection).await
}
