//! How many locks a transaction may take: the server's table of locks is shared by all sessions, and has a fixed size.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

/// A quarter of the server's lock table, as an SQL expression: the rest is for other sessions.
pub(crate) const LOCK_COUNT_LIMIT: &str = "(pg_catalog.current_setting('max_locks_per_transaction')::bigint * \
     (pg_catalog.current_setting('max_connections')::bigint + \
     pg_catalog.current_setting('max_prepared_transactions')::bigint) / 4)";

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = Nullable<Text>)]
    sql: Option<String>,
}

/// Whether dropping the schema at once would take more locks than the limit allows. A lock is taken not only for each
/// relation, but also for each type, constraint, default, trigger, rule and function, and for the triggers of foreign
/// keys at either end.
pub(crate) async fn is_large(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = Bool)]
        is_large: bool,
    }

    let size: Size = diesel::sql_query(splice(&format!(
        "WITH {{own}} SELECT (SELECT count(*) FROM own) \
             + (SELECT 2 * count(*) FROM own_relation WHERE reltoastrelid <> 0) \
             + (SELECT 3 * count(*) FROM pg_catalog.pg_constraint \
                 WHERE contype = 'f' AND conrelid = ANY (ARRAY(SELECT oid FROM own_relation))) \
             > {LOCK_COUNT_LIMIT} AS is_large"
    )))
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await?;
    Ok(size.is_large)
}

/// The statements that drop as many of a schema's tables and views as the limit allows, and at least one, but never
/// the version table. `None` if only the version table is left.
///
/// Views come first, then tables to which few foreign keys lead, and tables with partitions or children last: dropping
/// a table takes locks on everything that is dropped with it.
pub(crate) async fn drop_some(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Option<String>> {
    let statement: Statement = diesel::sql_query(splice(&format!(
        "WITH relation AS (SELECT c.oid, c.relname, n.nspname, \
             CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' \
                 ELSE 'TABLE' END AS kind, \
             (c.relkind IN ('r', 'p'))::int + EXISTS (SELECT FROM pg_catalog.pg_inherits \
             WHERE inhparent = c.oid)::int AS rank, \
             i.incoming, 6 + (SELECT count(*) FROM pg_catalog.pg_index WHERE indrelid = c.oid) \
                 + 6 * ((SELECT count(*) FROM pg_catalog.pg_constraint WHERE conrelid = c.oid) + i.incoming) \
                 + (SELECT 2 * count(*) FROM pg_catalog.pg_attrdef WHERE adrelid = c.oid) \
                 + (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid) AS locks \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL (SELECT count(DISTINCT k.oid) AS incoming FROM pg_catalog.pg_depend d \
                 JOIN pg_catalog.pg_constraint k ON k.oid = d.objid AND k.confrelid = c.oid AND k.conrelid <> c.oid \
                 WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid \
                 AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass) i \
             WHERE {{in_schema pg_class c}} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND c.relname <> '{{version_table}}'), \
         ordered AS (SELECT *, pg_catalog.row_number() OVER position AS position, sum(locks) OVER position AS total \
             FROM relation WINDOW position AS (ORDER BY rank, incoming, oid)) \
         SELECT pg_catalog.string_agg(pg_catalog.format('DROP %s IF EXISTS %I.%I CASCADE', kind, nspname, relname), \
         '; ' \
             ORDER BY position) AS sql FROM ordered WHERE total <= {LOCK_COUNT_LIMIT} OR position = 1"
    )))
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await?;
    Ok(statement.sql)
}
