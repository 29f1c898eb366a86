//! Temporary databases.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Text},
};
use diesel_async::RunQueryDsl;

use crate::PostgresConnection;

/// A role, and whether it may create databases.
#[derive(QueryableByName)]
pub(crate) struct Role {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Bool)]
    pub(crate) may_create: bool,
}

/// The session's role.
pub(crate) async fn role(connection: &mut PostgresConnection) -> QueryResult<Role> {
    diesel::sql_query(
        "SELECT rolname::text AS name, rolsuper OR rolcreatedb AS may_create FROM pg_roles WHERE rolname = current_user",
    )
    .get_result(connection)
    .await
}

/// Whether any session runs a statement that begins like this.
pub(crate) async fn is_under_way(connection: &mut PostgresConnection, beginning: &str) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        is_under_way: bool,
    }

    let found: Found = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' \
         AND starts_with(query, $1)) AS is_under_way",
    )
    .bind::<Text, _>(beginning)
    .get_result(connection)
    .await?;
    Ok(found.is_under_way)
}

/// The role's databases whose names begin like this, and that have no connections.
pub(crate) async fn unused_databases(connection: &mut PostgresConnection, prefix: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Names {
        #[diesel(sql_type = Array<Text>)]
        names: Vec<String>,
    }

    let found: Names = diesel::sql_query(
        "SELECT coalesce(array_agg(d.datname::text), '{}') AS names FROM pg_database d \
         JOIN pg_roles r ON r.oid = d.datdba AND r.rolname = current_user \
         WHERE starts_with(d.datname::text, $1) \
         AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)",
    )
    .bind::<Text, _>(prefix)
    .get_result(connection)
    .await?;
    Ok(found.names)
}
