//! Objects of tenants that a change left unfinished, and the room for locks.

use tokio_postgres::{Client, Error, types::Type};

use crate::backend::postgres::splice;

/// `tenant` stands for the schemas with a version table other than the shared schema, `migrated` for these and the
/// shared schema.
const SCHEMAS: &str = "WITH versioned AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relname = '{version_table}' AND c.relkind IN ('r', 'p')), \
     tenant AS (SELECT oid, nspname FROM versioned WHERE nspname <> $1), \
     migrated AS (SELECT oid, nspname FROM versioned UNION SELECT oid, nspname FROM pg_catalog.pg_namespace \
     WHERE nspname = $1)";

pub(crate) const UNLOGGED: &str = "SELECT pg_catalog.format('%I.%I', t.nspname, c.relname) FROM tenant t \
     JOIN pg_catalog.pg_class c ON c.relnamespace = t.oid WHERE c.relpersistence = 'u' AND c.relkind = 'r' ORDER BY 1";

/// Indexes that are being built are left out.
pub(crate) const INVALID_INDEXES: &str = "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) \
    FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN migrated m ON m.oid = c.relnamespace \
     WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND NOT EXISTS (SELECT FROM \
     pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1";

/// From PostgreSQL 18 on, a constraint may be declared as never enforced, which is not a fault.
pub(crate) const UNCHECKED: &str = "SELECT pg_catalog.format('%I on %I.%I', k.conname, m.nspname, c.relname) \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     JOIN migrated m ON m.oid = c.relnamespace WHERE NOT k.convalidated \
     AND pg_catalog.to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false' ORDER BY 1";

/// PostgreSQL 13 has no pending detach, and no such column.
pub(crate) const HALF_DETACHED: &str = "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) \
    FROM pg_catalog.pg_inherits i \
     JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN migrated m ON m.oid = c.relnamespace \
     WHERE pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true' ORDER BY 1";

/// The names that one of these queries finds.
pub(crate) async fn names(client: &Client, query: &str, shared_schema: &str) -> Result<Vec<String>, Error> {
    let sql = splice(&format!("{SCHEMAS} {query}"));
    let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The number of locks for which the server has room, and the tenant with the most tables, indexes and sequences.
pub(crate) struct LockRoom {
    pub(crate) room: i64,
    pub(crate) largest: Option<(String, i64)>,
}

pub(crate) async fn lock_room(client: &Client, shared_schema: &str) -> Result<LockRoom, Error> {
    let sql = splice(&format!(
        "{SCHEMAS} SELECT pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 * \
         (pg_catalog.current_setting('max_connections')::pg_catalog.int8 \
         + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8), \
         largest.name, largest.relations FROM (SELECT 1) one LEFT JOIN (SELECT t.nspname::pg_catalog.text AS name, \
         pg_catalog.count(*) AS relations FROM tenant t JOIN pg_catalog.pg_class c ON c.relnamespace = t.oid \
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1) largest ON true"
    ));
    let row = client.query_typed_one(&sql, &[(&shared_schema, Type::NAME)]).await?;
    let (name, relations): (Option<String>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    Ok(LockRoom {
        room: row.try_get(0)?,
        largest: name.zip(relations),
    })
}
