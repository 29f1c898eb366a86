//! Statements that remove everything that was left on a session.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;

use crate::PostgresConnection;

/// Removes everything that can be left on a session, outside a transaction: the session is as if it had just begun.
///
/// Loaded libraries and the internal state of extensions stay; see `Script::needs_new_session`.
pub(crate) const DISCARD: &str = "DISCARD ALL";

/// The same as far as is possible inside a transaction. Prepared statements stay, because the session may be shared
/// with other clients.
pub(crate) const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// Makes the session's own role the current one again.
pub(crate) const RESET_ROLE: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE";

/// The statements that a session prepared by `PREPARE`.
pub(crate) async fn prepared_by_sql(connection: &mut PostgresConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Prepared {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let prepared: Vec<Prepared> =
        diesel::sql_query("SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql ORDER BY name")
            .load(connection)
            .await?;
    Ok(prepared.into_iter().map(|prepared| prepared.name).collect())
}
