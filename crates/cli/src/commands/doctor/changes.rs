//! Changes to tables that were begun and not finished: in tenants' schemas and the shared one.

use tokio_postgres::{Client, Error, types::Type};

use super::{Check, Finding};

/// The schemas with a version table, and the shared one.
const SCHEMAS: &str = "migrated AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 OR EXISTS (SELECT FROM \
     pg_catalog.pg_class c WHERE c.relname = '__diesel_schema_migrations' AND c.relnamespace = n.oid AND c.relkind IN ('r', 'p')))";

/// `migrated` stands for those schemas.
const CHECKS: [Check; 3] = [
    Check {
        name: "invalid indexes",
        sql: "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) FROM pg_catalog.pg_index i \
              JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN migrated m ON m.oid = c.relnamespace \
              WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND NOT EXISTS (SELECT FROM \
              pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1",
        is_problem: false,
        advice: "PostgreSQL could not build them, and doesn't use them; unique ones let duplicates in. Mend what keeps them from being \
                 built, then REINDEX INDEX CONCURRENTLY, or drop them (those named …_ccnew and …_ccold are left of such a REINDEX); a \
                 partitioned table's waits for ALTER INDEX … ATTACH PARTITION",
    },
    Check {
        name: "unchecked constraints",
        // From PostgreSQL 18 on some are declared never to be enforced, which is no fault.
        sql: "SELECT pg_catalog.format('%I on %I.%I', k.conname, m.nspname, c.relname) FROM pg_catalog.pg_constraint k \
              JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN migrated m ON m.oid = c.relnamespace WHERE NOT k.convalidated \
              AND pg_catalog.to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false' ORDER BY 1",
        is_problem: false,
        advice: "they were added as NOT VALID, and rows from before may break them: ALTER TABLE … VALIDATE CONSTRAINT",
    },
    Check {
        name: "partitions half detached",
        // PostgreSQL 13 knows no such thing.
        sql: "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) FROM pg_catalog.pg_inherits i \
              JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN migrated m ON m.oid = c.relnamespace \
              WHERE pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true' ORDER BY 1",
        is_problem: false,
        advice: "DETACH PARTITION … CONCURRENTLY was interrupted: ALTER TABLE … DETACH PARTITION … FINALIZE",
    },
];

pub async fn findings(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for check in CHECKS {
        let sql = format!("WITH {SCHEMAS} {}", check.sql);
        let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        findings.push(check.finding(&names));
    }
    Ok(findings)
}
