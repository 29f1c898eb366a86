//! Foreign keys that lead nowhere, because SQLite looks for their tables in the same file.

use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};
use diesel_tenants_translate::SchemaName;

/// A foreign key of the tenant's file to a table that only the shared file has: SQLite accepts it, and then refuses
/// every row. Returns the table, and the one that it refers to.
pub(super) fn leading_to(
    connection: &mut SqliteConnection,
    shared: &SchemaName,
) -> QueryResult<Option<(String, String)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        child: String,
        #[diesel(sql_type = Text)]
        parent: String,
    }

    let found: Vec<Found> = diesel::sql_query(format!(
        "SELECT t.name AS child, k.\"table\" AS parent \
         FROM main.sqlite_schema t, pragma_foreign_key_list(t.name, 'main') k \
         WHERE t.type = 'table' \
         AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema p WHERE p.type = 'table' AND p.name = k.\"table\" COLLATE NOCASE) \
         AND EXISTS (SELECT 1 FROM {}.sqlite_schema s WHERE s.type = 'table' AND s.name = k.\"table\" COLLATE NOCASE) \
         LIMIT 1",
        shared.quoted()
    ))
    .load(connection)?;
    Ok(found.into_iter().next().map(|found| (found.child, found.parent)))
}
