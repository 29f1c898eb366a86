//! Types, by their names.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Bool, Nullable, Oid, Text},
};
use diesel_async::RunQueryDsl;

use crate::backend::postgres::engine::PostgresConnection;

/// The OIDs of a type and of its array type. The type is looked for in this schema, and then, unless it must be in that
/// schema, along the search_path.
pub(crate) async fn type_oids(
    mut connection: &PostgresConnection,
    name: &str,
    schema: Option<&str>,
    must_be_there: bool,
) -> QueryResult<Option<(u32, u32)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Oid)]
        typarray: u32,
    }

    // Many schemas may have a type of that name.
    let found = diesel::sql_query(
        "SELECT t.oid, t.typarray FROM pg_catalog.pg_type t \
         CROSS JOIN (SELECT (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $2) AS oid) s \
         WHERE t.typname = $1 AND t.typnamespace = ANY (ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n \
         WHERE n.nspname = $2 OR NOT $3 AND n.nspname = ANY (pg_catalog.current_schemas(true)))) \
         AND (t.typnamespace = s.oid OR NOT $3 AND pg_catalog.pg_type_is_visible(t.oid)) \
         ORDER BY t.typnamespace = s.oid DESC NULLS LAST LIMIT 1",
    )
    .bind::<Text, _>(name)
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Bool, _>(must_be_there)
    .get_result::<Found>(&mut connection)
    .await
    .optional()?;
    Ok(found.map(|found| (found.oid, found.typarray)))
}
