//! Whether a database has a directory's tables, and what prevents writing to them.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use super::quote::literal;
use crate::{
    PostgresConnection, SchemaName,
    backend::directory_tables::{COLUMNS, DirectoryUnusable, MADE, PREFIX},
    tenancy::LifecycleEvent,
};

/// A condition: whether the table with this OID is that of a directory. The OID is an SQL expression.
pub(crate) fn is_directory(table: &str) -> String {
    let columns = COLUMNS.map(literal).join(", ");
    format!(
        "(pg_catalog.obj_description({table}, 'pg_class') LIKE '{PREFIX}%' \
         OR (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = {table} \
         AND NOT a.attisdropped \
         AND a.attname IN ({columns})) = {})",
        COLUMNS.len()
    )
}

/// The table `tenants` of a directory, as it was found in the database.
#[derive(Debug, QueryableByName)]
pub(crate) struct FoundDirectory {
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    /// The missing tables and columns.
    #[diesel(sql_type = Array<Text>)]
    missing: Vec<String>,
    /// Columns of the application that an insert by this library can't fill.
    #[diesel(sql_type = Array<Text>)]
    needed: Vec<String>,
    /// The privileges that the role lacks.
    #[diesel(sql_type = Array<Text>)]
    denied: Vec<String>,
    /// Whether `tenants` has all columns of a directory.
    #[diesel(sql_type = Bool)]
    has_columns: bool,
}

impl FoundDirectory {
    /// Looks in the shared schema. A table of another kind that is named `tenants` as well is not a directory.
    pub(crate) async fn look(schema: &SchemaName, connection: &mut PostgresConnection) -> QueryResult<Option<Self>> {
        // A trigger of the application may fill columns without a default.
        let columns = COLUMNS.map(|column| format!("({})", literal(column))).join(", ");
        let found: Option<Self> = diesel::sql_query(format!(
            "WITH directory AS (SELECT c.oid, n.oid AS schema, n.nspname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'tenants' \
             AND c.relkind IN ('r', 'p', 'v', 'f')), \
             ours (name) AS (VALUES {columns}), \
             missing AS (SELECT o.name FROM ours o, directory d WHERE NOT EXISTS \
             (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.oid AND a.attname = o.name::pg_catalog.name \
             AND a.attnum > 0 AND NOT a.attisdropped)) \
             SELECT pg_catalog.obj_description(d.oid, 'pg_class') AS comment, \
             ARRAY(SELECT 'the column tenants.' || name FROM missing UNION ALL SELECT 'the table domains' \
             WHERE pg_catalog.to_regclass(pg_catalog.format('%I.domains', d.nspname)) IS NULL) AS missing, \
             ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t \
             ON t.oid = a.atttypid WHERE a.attrelid = d.oid AND a.attnum > 0 AND NOT a.attisdropped \
             AND (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL \
             AND NOT EXISTS (SELECT FROM ours o WHERE o.name = a.attname::pg_catalog.text) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = d.oid AND NOT g.tgisinternal \
             AND g.tgtype::pg_catalog.int4 & 7 = 7) ORDER BY a.attnum) AS needed, \
             ARRAY(SELECT p.name FROM (VALUES ('SELECT', 1), ('INSERT', 2), ('UPDATE', 3), ('DELETE', 4)) \
             p (name, place) \
             WHERE NOT pg_catalog.has_schema_privilege(d.schema, 'USAGE') \
             OR NOT pg_catalog.has_table_privilege(d.oid, p.name) \
             AND CASE WHEN p.name = 'DELETE' THEN true ELSE NOT pg_catalog.has_any_column_privilege(d.oid, p.name) END \
             ORDER BY p.place) AS denied, \
             NOT EXISTS (SELECT FROM missing) AS has_columns FROM directory d",
        ))
        .bind::<Text, _>(schema.as_str())
        .get_result(connection)
        .await
        .optional()?;
        Ok(found.filter(|found| found.has_columns || found.version().is_some()))
    }

    fn version(&self) -> Option<&str> {
        self.comment.as_deref().filter(|comment| comment.starts_with(PREFIX))
    }

    /// Fails unless the tables can be read.
    pub(crate) fn require_readable(&self, schema: &SchemaName) -> Result<(), DirectoryUnusable> {
        if let Some(comment) = self.version().filter(|comment| *comment != MADE) {
            return Err(DirectoryUnusable::OtherVersion {
                schema: schema.clone(),
                comment: comment.to_owned(),
            });
        }
        if !self.missing.is_empty() {
            return Err(DirectoryUnusable::Incomplete {
                schema: schema.clone(),
                missing: self.missing.clone(),
            });
        }
        self.require_privileges(schema, &["SELECT"])
    }

    /// Fails unless a change to a tenant can be recorded.
    pub(crate) fn require_writable(
        &self,
        schema: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<(), DirectoryUnusable> {
        self.require_readable(schema)?;
        let adds = matches!(
            event,
            LifecycleEvent::Create { .. } | LifecycleEvent::Clone { .. } | LifecycleEvent::Import { .. }
        );
        let removes = matches!(event, LifecycleEvent::Drop { .. } | LifecycleEvent::Purge { .. });
        let privilege = match (adds, removes) {
            (true, _) => "INSERT",
            (_, true) => "DELETE",
            _ => "UPDATE",
        };
        self.require_privileges(schema, &[privilege])?;
        if adds && !self.needed.is_empty() {
            return Err(DirectoryUnusable::NeedsValues {
                schema: schema.clone(),
                columns: self.needed.clone(),
            });
        }
        Ok(())
    }

    fn require_privileges(&self, schema: &SchemaName, privileges: &[&str]) -> Result<(), DirectoryUnusable> {
        let lacking = self
            .denied
            .iter()
            .filter(|denied| privileges.contains(&denied.as_str()));
        let privileges: Vec<String> = lacking.cloned().collect();
        if privileges.is_empty() {
            return Ok(());
        }
        Err(DirectoryUnusable::Denied {
            schema: schema.clone(),
            privileges,
        })
    }
}
