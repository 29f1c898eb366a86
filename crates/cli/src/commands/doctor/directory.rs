//! Whether the directory's tables and the schemas say the same.

use tokio_postgres::{Client, Error, types::Type};

use super::{Check, Finding};
use crate::output::line;

/// `d.tenants` and `d.domains` stand for the directory's tables, `schema` for the schemas with what their comments tell.
const CHECKS: [Check; 5] = [
    Check {
        name: "directory: rows without a schema",
        sql: "SELECT t.name FROM d.tenants t WHERE t.database_name IS NULL AND t.schema_name IS NOT NULL AND t.status <> 'unfinished' \
              AND NOT EXISTS (SELECT FROM schema s WHERE s.name = t.schema_name) ORDER BY 1",
        is_problem: true,
        advice: "restore the schema from a backup; or DELETE FROM tenants WHERE name = '…', and its domains go with it",
    },
    Check {
        name: "directory: schemas without a row",
        sql: "SELECT s.name FROM schema s WHERE s.is_tenant AND NOT EXISTS (SELECT FROM d.tenants t WHERE t.database_name IS NULL \
              AND t.schema_name = s.name) ORDER BY 1",
        is_problem: false,
        advice: "nobody gets them: INSERT INTO tenants (name, schema_name) VALUES ('…', '…') if it is a tenant, or \
                 `diesel-tenants tenant drop …` if it is left over",
    },
    Check {
        name: "directory: domains that lead nowhere",
        sql: "SELECT o.domain FROM d.domains o LEFT JOIN d.tenants t ON t.name = o.tenant WHERE t.name IS NULL OR \
              t.status NOT IN ('archived', 'unfinished') AND t.database_name IS NULL AND t.schema_name IS NOT NULL \
              AND NOT EXISTS (SELECT FROM schema s WHERE s.name = t.schema_name) ORDER BY 1",
        is_problem: true,
        advice: "UPDATE domains SET tenant = '…' WHERE domain = '…', or DELETE the row",
    },
    Check {
        name: "directory: tenants that share a schema",
        sql: "SELECT pg_catalog.string_agg(t.name, ' and ' ORDER BY t.name) || ' in ' || t.schema_name FROM d.tenants t \
              WHERE t.schema_name IS NOT NULL GROUP BY t.database_name, t.schema_name HAVING pg_catalog.count(*) > 1 ORDER BY 1",
        is_problem: true,
        advice: "each sees the other's rows: give one of them its own schema by UPDATE tenants SET schema_name = '…', then make the unique \
                 index tenants_place again by REINDEX, or by `prepare_directory`",
    },
    Check {
        name: "directory: statuses that differ",
        sql: "SELECT t.name || ' (' || t.status || ', schema ' || s.status || ')' FROM d.tenants t JOIN schema s ON s.name = t.schema_name \
              WHERE t.database_name IS NULL AND t.status <> s.status ORDER BY 1",
        is_problem: false,
        advice: "the stricter one counts: `diesel-tenants tenant suspend …` or `diesel-tenants tenant resume …` sets both",
    },
];

/// Schemas with a version table, other than the shared one, and spares.
const SCHEMAS: &str = "schema AS (SELECT s.name, s.status, s.has_versions AND s.status IN ('active', 'suspended', 'archived') AS is_tenant FROM \
    (SELECT n.nspname::text AS name, c.oid IS NOT NULL AND n.nspname <> $1 AS has_versions, CASE \
    WHEN o.comment = 'diesel-tenants: suspended' THEN 'suspended' WHEN o.comment LIKE 'diesel-tenants: archived%' THEN 'archived' \
    WHEN o.comment = 'diesel-tenants: spare' THEN 'spare' WHEN o.comment LIKE 'diesel-tenants: %' THEN 'unfinished' ELSE 'active' END AS status \
    FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') \
    AND c.relname = '__diesel_schema_migrations' LEFT JOIN LATERAL (SELECT pg_catalog.obj_description(c.oid, 'pg_class') AS comment) o ON true) s)";

/// Nothing, if there is no directory.
pub async fn findings(client: &Client, shared_schema: &str) -> Vec<Finding> {
    match compare(client, shared_schema).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::problem(
            "directory",
            line(&error),
            "the directory's tables `tenants` and `domains` must be there and readable: GRANT SELECT on them, or call `prepare_directory` \
             in the application",
        )],
    }
}

async fn compare(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    let sql = "SELECT pg_catalog.format('%I', n.nspname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relname = 'tenants' AND (pg_catalog.obj_description(c.oid, 'pg_class') LIKE 'diesel-tenants: directory %' \
               OR (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped \
               AND a.attname IN ('name', 'schema_name', 'tenant_id', 'database_name', 'status')) = 5)";
    let found = client.query_typed(sql, &[(&shared_schema, Type::NAME)]).await?;
    let Some(schema) = found.first().map(|row| row.get::<_, String>(0)) else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for check in CHECKS {
        let tables = check.sql.replace("d.tenants", &format!("{schema}.tenants"));
        let sql = format!(
            "WITH {SCHEMAS} {}",
            tables.replace("d.domains", &format!("{schema}.domains"))
        );
        let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        findings.push(check.finding(&names));
    }
    Ok(findings)
}
