//! What PostgreSQL's catalog tells of a schema.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, Bool, Nullable, Oid, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{SchemaName, query::TenantType, tenancy::TenantStatus};

/// The comment on the version table of a schema `pg_namespace n`, which tells the [status](TenantStatus) of a tenant.
pub(crate) const STATUS_COMMENT: &str = "pg_catalog.obj_description(pg_catalog.to_regclass(pg_catalog.format(\
    '%I.__diesel_schema_migrations', n.nspname)), 'pg_class')";

/// The status of the tenant in a schema; `None` if there is no such schema.
pub(crate) async fn status_of(
    schema: &SchemaName,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<TenantStatus>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    diesel::sql_query(format!(
        "SELECT {STATUS_COMMENT} AS comment FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result::<Found>(connection)
    .await
    .optional()
    .map(|found| found.map(|found| TenantStatus::of_comment(found.comment.as_deref())))
}

/// Which schema it is that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaIdentity {
    pub(crate) oid: u32,
    /// Whether the server replays another one's log: then its catalog, too, is that server's of a while ago.
    pub(crate) is_replayed: bool,
}

/// What a checkout needs to know of a schema.
pub(crate) struct SchemaFacts {
    pub(crate) identity: SchemaIdentity,
    pub(crate) status: TenantStatus,
    /// The types that were made in it, sorted by name.
    pub(crate) types: Vec<TenantType>,
    /// What the session that answered finds by bare names.
    pub(crate) search_path: String,
}

/// What the catalog tells of a schema; `None` if there is no such schema.
pub(crate) async fn facts_of(
    schema: &SchemaName,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<SchemaFacts>> {
    #[derive(QueryableByName)]
    struct Facts {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Bool)]
        is_replayed: bool,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
        #[diesel(sql_type = Array<Text>)]
        names: Vec<String>,
        #[diesel(sql_type = Array<Oid>)]
        oids: Vec<u32>,
        #[diesel(sql_type = Text)]
        search_path: String,
    }

    // Enums, domains, ranges, and composites other than the row types of tables.
    let facts = diesel::sql_query(format!(
        "SELECT n.oid, pg_catalog.pg_is_in_recovery() AS is_replayed, {STATUS_COMMENT} AS comment, \
         coalesce(array_agg(t.typname::pg_catalog.text ORDER BY t.typname COLLATE \"C\") \
         FILTER (WHERE t.oid IS NOT NULL), '{{}}') AS names, \
         coalesce(array_agg(t.oid ORDER BY t.typname COLLATE \"C\") FILTER (WHERE t.oid IS NOT NULL), '{{}}') AS oids, \
         pg_catalog.current_setting('search_path') AS search_path \
         FROM pg_catalog.pg_namespace n LEFT JOIN \
         (pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid) \
         ON t.typnamespace = n.oid AND (t.typtype IN ('e', 'd', 'r', 'm') OR c.relkind = 'c') \
         WHERE n.nspname = $1 GROUP BY n.oid"
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result::<Facts>(connection)
    .await
    .optional()?;
    Ok(facts.map(|facts| SchemaFacts {
        identity: SchemaIdentity {
            oid: facts.oid,
            is_replayed: facts.is_replayed,
        },
        status: TenantStatus::of_comment(facts.comment.as_deref()),
        types: facts
            .names
            .into_iter()
            .zip(facts.oids)
            .map(|(name, oid)| TenantType { name, oid })
            .collect(),
        search_path: facts.search_path,
    }))
}
