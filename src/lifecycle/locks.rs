//! How many locks a transaction may take: the server's table of locks is shared by all sessions, and has a fixed size.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::SchemaName;

/// A quarter of what the server's table of locks holds, as an expression of SQL: the rest is for everybody else.
pub(super) const BUDGET: &str = "(pg_catalog.current_setting('max_locks_per_transaction')::bigint * \
     (pg_catalog.current_setting('max_connections')::bigint + \
     pg_catalog.current_setting('max_prepared_transactions')::bigint) / 4)";

/// The statement that locks all tables of a schema against everybody. `None` if there are none, or more than the budget
/// allows.
pub(super) async fn lock_tables(
    connection: &mut AsyncPgConnection,
    schema: &SchemaName,
) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Statement {
        #[diesel(sql_type = Nullable<Text>)]
        sql: Option<String>,
    }

    let statement: Statement = diesel::sql_query(format!(
        "SELECT CASE WHEN pg_catalog.count(*) <= {BUDGET} THEN 'LOCK TABLE ' || pg_catalog.string_agg( \
             pg_catalog.format('ONLY %I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) || ' IN ACCESS EXCLUSIVE MODE' \
         END AS sql \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await?;
    Ok(statement.sql)
}
