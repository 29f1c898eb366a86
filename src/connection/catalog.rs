//! What PostgreSQL's catalog tells of a schema.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, Oid, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{SchemaName, query::TenantType};

/// The comment on the version table of a schema whose creation takes more than one transaction, until it is done. To
/// checkouts and migrations such a schema does not exist.
pub(crate) const UNFINISHED: &str = "diesel-tenants: creation unfinished";

/// The same as a condition on `pg_namespace n`.
pub(crate) const IS_FINISHED: &str = "pg_catalog.obj_description(pg_catalog.to_regclass(pg_catalog.format(\
    '%I.__diesel_schema_migrations', n.nspname)), 'pg_class') IS DISTINCT FROM 'diesel-tenants: creation unfinished'";

/// The types that were made in a schema, sorted by name; `None` if there is no such schema.
pub(crate) async fn types_of(
    schema: &SchemaName,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<Vec<TenantType>>> {
    #[derive(QueryableByName)]
    struct Types {
        #[diesel(sql_type = Array<Text>)]
        names: Vec<String>,
        #[diesel(sql_type = Array<Oid>)]
        oids: Vec<u32>,
    }

    // Enums, domains, ranges, and composites other than the row types of tables.
    let types = diesel::sql_query(format!(
        "SELECT coalesce(array_agg(t.typname::pg_catalog.text ORDER BY t.typname COLLATE \"C\") \
         FILTER (WHERE t.oid IS NOT NULL), '{{}}') AS names, \
         coalesce(array_agg(t.oid ORDER BY t.typname COLLATE \"C\") FILTER (WHERE t.oid IS NOT NULL), '{{}}') AS oids \
         FROM pg_catalog.pg_namespace n LEFT JOIN \
         (pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid) \
         ON t.typnamespace = n.oid AND (t.typtype IN ('e', 'd', 'r', 'm') OR c.relkind = 'c') \
         WHERE n.nspname = $1 AND {IS_FINISHED} GROUP BY n.oid"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result::<Types>(connection)
    .await
    .optional()?;
    Ok(types.map(|Types { names, oids }| {
        names
            .into_iter()
            .zip(oids)
            .map(|(name, oid)| TenantType { name, oid })
            .collect()
    }))
}
