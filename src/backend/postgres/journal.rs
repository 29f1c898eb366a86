//! The objects that a move creates in a tenant's schema: a table, a function and triggers, all with one name. They
//! don't belong to the tenant, and are removed when the move is done.

use super::catalog::schema::VERSION_TABLE_OID;
use super::splice;
use crate::{SchemaName, backend::postgres::own_objects::JOURNAL};

/// The name of a schema's table, as SQL.
pub(crate) fn table(schema: &SchemaName) -> String {
    format!("{}.{JOURNAL}", schema.quoted())
}

/// The statement that ends the recording of writes to a schema.
pub(crate) fn stop(schema: &SchemaName) -> String {
    format!("DROP FUNCTION IF EXISTS {}() CASCADE", table(schema))
}

/// The query for the comment on the version table of schema $1, the comment on its journal, and whether it has a
/// version table. No row, if there is no such schema.
pub(crate) fn state_query() -> String {
    splice(&format!(
        "SELECT pg_catalog.obj_description({VERSION_TABLE_OID}, 'pg_class'), \
         pg_catalog.obj_description(pg_catalog.to_regclass(pg_catalog.format('%I.{{journal}}', n.nspname)), \
         'pg_class'), \
         {VERSION_TABLE_OID} IS NOT NULL FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
    ))
}

/// The query for the name of the schema whose journal has the comment $1.
pub(crate) fn schema_query() -> String {
    splice(
        "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid = c.relnamespace \
         WHERE c.relname = '{journal}' AND pg_catalog.obj_description(c.oid, 'pg_class') = $1",
    )
}

/// The query for the foreign keys that are recorded in the journal of a schema, whose name is also $1: the tables and
/// names of those keys that still exist and are not checked.
pub(crate) fn unchecked_query(schema: &SchemaName) -> String {
    // `conenforced` exists from PostgreSQL 18 on.
    format!(
        "SELECT j.name, c.conname::pg_catalog.text FROM {} j CROSS JOIN LATERAL (SELECT * \
         FROM pg_catalog.pg_constraint c \
         WHERE c.conrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1::pg_catalog.text, j.name)) \
         AND c.conname = j.key #>> '{{}}' OFFSET 0) c WHERE NOT c.convalidated \
         AND COALESCE(pg_catalog.to_jsonb(c) ->> 'conenforced', 'true') = 'true'",
        table(schema)
    )
}
