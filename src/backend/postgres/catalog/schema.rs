//! One schema: its identity, whether it is a tenant's, and what a checkout needs to know about it.

use std::sync::LazyLock;

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, BigInt, Bool, Nullable, Oid, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{PreparedSql, splice},
    tenancy::TenantStatus,
};

/// The version table of a schema `pg_namespace n`; `NULL` if it has none.
pub(in crate::backend::postgres) const VERSION_TABLE_OID: &str =
    "pg_catalog.to_regclass(pg_catalog.format('%I.{version_table}', n.nspname))";

/// The comment on the version table of a schema `pg_namespace n`; `NULL` if there is none.
///
/// A tenant's first checkout waits for it. `obj_description` and `to_regclass` take three times as long as these two
/// indexes.
const VERSION_COMMENT: &str = "(SELECT d.description FROM pg_catalog.pg_class v JOIN pg_catalog.pg_description d \
     ON d.objoid = v.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0 \
     WHERE v.relnamespace = n.oid AND v.relname = '{version_table}')";

/// The query for the comment on a schema's version table, which holds the [status](TenantStatus) of a tenant. $1 is the
/// schema's name. It returns no row if there is no such schema.
pub(crate) fn status_query() -> String {
    splice(&format!(
        "SELECT {VERSION_COMMENT} AS comment FROM pg_catalog.pg_namespace n \
         WHERE n.nspname = $1"
    ))
}

/// The status of the tenant in a schema; `None` if there is no such schema.
pub(crate) async fn status_of(
    schema: &SchemaName,
    connection: &mut PostgresConnection,
) -> QueryResult<Option<TenantStatus>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    diesel::sql_query(status_query())
        .bind::<Text, _>(schema.as_str())
        .get_result::<Found>(connection)
        .await
        .optional()
        .map(|found| found.map(|found| TenantStatus::of_comment(found.comment.as_deref())))
}

/// The statuses of the tenants in several schemas. Schemas that don't exist are left out.
pub(crate) async fn statuses_of(
    schemas: &[SchemaName],
    connection: &mut PostgresConnection,
) -> QueryResult<Vec<(String, TenantStatus)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    let names: Vec<&str> = schemas.iter().map(SchemaName::as_str).collect();
    let found: Vec<Found> = diesel::sql_query(splice(&format!(
        "SELECT n.nspname::pg_catalog.text AS name, {VERSION_COMMENT} AS comment \
         FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::pg_catalog.text[]::pg_catalog.name[])"
    )))
    .bind::<Array<Text>, _>(names)
    .load(connection)
    .await?;
    let status = |found: Found| (found.name, TenantStatus::of_comment(found.comment.as_deref()));
    Ok(found.into_iter().map(status).collect())
}

/// The state of a schema, by the comment on its version table.
pub(crate) struct SchemaState {
    pub(crate) oid: u32,
    pub(crate) status: TenantStatus,
    /// The comment.
    pub(crate) comment: Option<String>,
    /// Whether the schema was ever migrated. This library leaves other schemas alone.
    pub(crate) has_versions: bool,
}

/// `None` if there is no such schema.
pub(crate) async fn state_of(
    schema: &SchemaName,
    connection: &mut PostgresConnection,
) -> QueryResult<Option<SchemaState>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
        #[diesel(sql_type = Bool)]
        has_versions: bool,
    }

    let found: Option<Found> = diesel::sql_query(splice(
        "SELECT n.oid, pg_catalog.obj_description(c.oid, 'pg_class') AS comment, c.oid IS NOT NULL AS has_versions \
         FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c \
         ON c.relnamespace = n.oid AND c.relname = '{version_table}' AND c.relkind IN ('r', 'p') \
         WHERE n.nspname = $1",
    ))
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await
    .optional()?;
    Ok(found.map(|found| SchemaState {
        oid: found.oid,
        status: TenantStatus::of_comment(found.comment.as_deref()),
        comment: found.comment,
        has_versions: found.has_versions,
    }))
}

/// Whether the schema that has this OID still has this name.
pub(crate) async fn has_name(connection: &mut PostgresConnection, oid: u32, name: &SchemaName) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        has_name: bool,
    }

    let found: Option<Found> =
        diesel::sql_query("SELECT n.nspname = $2 AS has_name FROM pg_catalog.pg_namespace n WHERE n.oid = $1")
            .bind::<Oid, _>(oid)
            .bind::<Text, _>(name.as_str())
            .get_result(connection)
            .await
            .optional()?;
    Ok(found.is_some_and(|found| found.has_name))
}

/// The query that has a row if there is a schema of the name $1.
pub(crate) const EXISTS: &str = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";

/// The identity of the schema that has a name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaIdentity {
    pub(crate) oid: u32,
    /// Whether the server replays another server's log: then its catalog is that server's catalog of a while ago.
    pub(crate) is_replayed: bool,
}

/// What a checkout needs to know about a schema.
pub(crate) struct SchemaFacts {
    pub(crate) identity: SchemaIdentity,
    pub(crate) status: TenantStatus,
    /// The types that were created in the schema, each as its OID and its name, in order; `None` if they were not asked
    /// for.
    pub(crate) types: Option<Vec<String>>,
    /// The search_path of the session that answered.
    pub(crate) search_path: String,
}

/// Reads these facts from the catalog; `None` if there is no such schema.
pub(crate) async fn facts_of(
    schema: &SchemaName,
    with_types: bool,
    connection: &mut PostgresConnection,
) -> QueryResult<Option<SchemaFacts>> {
    #[derive(QueryableByName)]
    struct Facts {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Bool)]
        is_replayed: bool,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
        #[diesel(sql_type = Nullable<Array<Text>>)]
        types: Option<Vec<String>>,
        #[diesel(sql_type = Text)]
        search_path: String,
    }

    // A tenant's first checkout waits for this, so the text is put together once, and types are left out: to list them
    // takes the server longer than all else.
    static FACTS: LazyLock<String> = LazyLock::new(|| facts_query("NULL::pg_catalog.text[]"));
    // Enums, domains, ranges, and composites. The row type of a table depends on the table, not on the schema.
    static FACTS_AND_TYPES: LazyLock<String> = LazyLock::new(|| {
        facts_query(
            "ARRAY(SELECT pg_catalog.concat(t.oid, ' ', t.typname) FROM pg_catalog.pg_type t \
             WHERE {in_schema pg_type t} AND t.typtype IN ('e', 'd', 'r', 'm', 'c') ORDER BY t.oid)",
        )
    });

    let text = if with_types { &FACTS_AND_TYPES } else { &FACTS };
    let facts = PreparedSql(diesel::sql_query(text.as_str()).bind::<Text, _>(schema.as_str()))
        .get_result::<Facts>(connection)
        .await
        .optional()?;
    Ok(facts.map(|facts| SchemaFacts {
        identity: SchemaIdentity {
            oid: facts.oid,
            is_replayed: facts.is_replayed,
        },
        status: TenantStatus::of_comment(facts.comment.as_deref()),
        types: facts.types,
        search_path: facts.search_path,
    }))
}

/// `types` is the expression for the schema's types.
fn facts_query(types: &str) -> String {
    splice(&format!(
        "SELECT n.oid, pg_catalog.pg_is_in_recovery() AS is_replayed, {VERSION_COMMENT} AS comment, {types} AS types, \
         pg_catalog.current_setting('search_path') AS search_path FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
    ))
}

/// Schemas that were read from the catalog together, in the order of their names.
pub(crate) struct SchemaList {
    /// Those that can be checked out. Suspended tenants are among those that can't.
    pub(crate) active: Vec<(SchemaName, SchemaIdentity)>,
    /// How many were read in all.
    pub(crate) read: usize,
    /// The name of the last one that was read.
    pub(crate) last: Option<String>,
}

/// The schemas of the database whose names come after `after`, but not more than `most`.
pub(crate) async fn schemas_after(
    after: &str,
    most: usize,
    connection: &mut PostgresConnection,
) -> QueryResult<SchemaList> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Bool)]
        is_replayed: bool,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    // Joins, which cost a third of an index scan for each schema.
    let found: Vec<Found> = diesel::sql_query(splice(
        "SELECT n.nspname::pg_catalog.text AS name, n.oid, pg_catalog.pg_is_in_recovery() AS is_replayed, \
         d.description AS comment FROM (SELECT s.nspname, s.oid FROM pg_catalog.pg_namespace s \
         WHERE s.nspname OPERATOR(pg_catalog.!~) '^pg_' AND s.nspname OPERATOR(pg_catalog.>) $2 \
         ORDER BY s.nspname LIMIT $1) n \
         LEFT JOIN pg_catalog.pg_class v ON v.relnamespace = n.oid AND v.relname = '{version_table}' \
         LEFT JOIN pg_catalog.pg_description d ON d.objoid = v.oid \
         AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0 ORDER BY n.nspname",
    ))
    .bind::<BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
    .bind::<Text, _>(after)
    .load(connection)
    .await?;
    let read = found.len();
    let last = found.last().map(|found| found.name.clone());
    let active = found
        .into_iter()
        .filter(|found| TenantStatus::of_comment(found.comment.as_deref()) == TenantStatus::Active);
    let named = active.filter_map(|found| {
        let identity = SchemaIdentity {
            oid: found.oid,
            is_replayed: found.is_replayed,
        };
        Some((SchemaName::new(&found.name).ok()?, identity))
    });
    Ok(SchemaList {
        active: named.collect(),
        read,
        last,
    })
}

/// The comment on a relation, whose name is given as in SQL; `None` if there is no comment, or no such relation.
pub(crate) async fn comment_on(relation: &str, connection: &mut PostgresConnection) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    let found: Found =
        diesel::sql_query("SELECT pg_catalog.obj_description(pg_catalog.to_regclass($1), 'pg_class') AS comment")
            .bind::<Text, _>(relation)
            .get_result(connection)
            .await?;
    Ok(found.comment)
}
