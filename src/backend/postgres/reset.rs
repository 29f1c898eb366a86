//! What takes away whatever a session was left with.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Takes away all that a session can be left with, outside of a transaction: as if it had just begun.
///
/// Loaded libraries and what extensions keep to themselves stay; see `Script::needs_new_session`.
pub(crate) const DISCARD: &str = "DISCARD ALL";

/// The same as far as it can be done inside of a transaction: the statements prepared stay, on a session that others use too.
pub(crate) const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// Makes the session's own role the current one again.
pub(crate) const RESET_ROLE: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE";

/// The statements that a session prepared by `PREPARE`.
pub(crate) async fn prepared_by_sql(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
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
