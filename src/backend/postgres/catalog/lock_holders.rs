//! Sessions that have locks on a schema's relations.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

/// The locks of another session.
#[derive(QueryableByName)]
pub(crate) struct LockHolder {
    /// The server's process; `None` for a prepared transaction.
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) pid: Option<i32>,
    #[diesel(sql_type = Text)]
    pub(crate) application: String,
    #[diesel(sql_type = Text)]
    pub(crate) user: String,
    /// Whether a lock is on the schema's own relations, not only on relations that its foreign keys reference.
    #[diesel(sql_type = Bool)]
    pub(crate) own: bool,
    /// Whether the session is autovacuum, which gives way to a waiting session.
    #[diesel(sql_type = Bool)]
    pub(crate) makes_room: bool,
}

/// The sessions with locks on the relations of a schema, or on relations that its foreign keys reference.
pub(crate) async fn lock_holders(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<LockHolder>> {
    diesel::sql_query(splice(
        "WITH {own}, relation AS MATERIALIZED ( \
             SELECT o.object AS oid FROM own o WHERE o.class = 'pg_catalog.pg_class'::pg_catalog.regclass), \
         referenced AS (SELECT confrelid AS oid FROM pg_catalog.pg_constraint \
             WHERE contype = 'f' AND conrelid = ANY (ARRAY(SELECT oid FROM own_relation))) \
         SELECT l.pid, coalesce(a.application_name, '') AS application, \
             coalesce(a.usename::pg_catalog.text, '') AS user, \
             bool_or(l.relation IN (SELECT oid FROM relation)) AS own, \
             coalesce(bool_or(a.backend_type = 'autovacuum worker'), false) AS makes_room \
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
             AND (l.relation IN (SELECT oid FROM relation) OR l.relation IN (SELECT oid FROM referenced)) \
         GROUP BY 1, 2, 3 ORDER BY 1",
    ))
    .bind::<Text, _>(schema.as_str())
    .load(connection)
    .await
}

/// Ends the sessions of these processes.
pub(crate) async fn end_sessions(connection: &mut PostgresConnection, processes: &[i32]) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.unnest($1) AS pid")
        .bind::<Array<Integer>, _>(processes)
        .execute(connection)
        .await
        .map(drop)
}
