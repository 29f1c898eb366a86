//! Where the directory's tables and the schemas disagree.

use tokio_postgres::{Client, Error, types::Type};

use crate::{
    backend::postgres::{is_directory, splice},
    tenancy::{COMMENT_PREFIX, TenantStatus},
};

/// Tenants whose schema is gone.
pub(crate) const MISSING_SCHEMAS: &str = "SELECT t.name FROM d.tenants t WHERE t.database_name IS NULL \
    AND t.schema_name IS NOT NULL AND t.status <> '{unfinished}' \
    AND NOT EXISTS (SELECT FROM schema s WHERE s.name = t.schema_name) ORDER BY 1";

/// Tenants' schemas without a row.
pub(crate) const UNLISTED_SCHEMAS: &str = "SELECT s.name FROM schema s WHERE s.is_tenant AND NOT EXISTS (SELECT \
    FROM d.tenants t WHERE t.database_name IS NULL AND t.schema_name = s.name) ORDER BY 1";

/// Domains that belong to no tenant, or to a tenant whose schema is gone.
pub(crate) const LOST_DOMAINS: &str = "SELECT o.domain FROM d.domains o LEFT JOIN d.tenants t ON t.name = o.tenant \
    WHERE t.name IS NULL OR t.status NOT IN ('{archived}', '{unfinished}') AND t.database_name IS NULL \
    AND t.schema_name IS NOT NULL AND NOT EXISTS (SELECT FROM schema s WHERE s.name = t.schema_name) ORDER BY 1";

/// Tenants that share a schema, with the schema's name.
pub(crate) const SHARED_PLACES: &str = "SELECT pg_catalog.string_agg(t.name, ' and ' ORDER BY t.name) \
    || ' in ' || t.schema_name FROM d.tenants t \
    WHERE t.schema_name IS NOT NULL GROUP BY t.database_name, t.schema_name HAVING pg_catalog.count(*) > 1 \
    ORDER BY 1";

/// Tenants whose schema has another status than their row, with both statuses.
pub(crate) const DIFFERENT_STATUSES: &str = "SELECT t.name || ' (' || t.status || ', schema ' || s.status || ')' \
    FROM d.tenants t JOIN schema s ON s.name = t.schema_name \
    WHERE t.database_name IS NULL AND t.status <> s.status ORDER BY 1";

/// Schemas with the status in their comments. A tenant's schema has a version table, and is neither the shared schema
/// nor a spare.
fn schemas() -> String {
    use TenantStatus::{Active, Archived, Spare, Suspended, Unfinished};

    let [suspended, spare] = [Suspended, Spare].map(TenantStatus::comment);
    splice(&format!(
        "schema AS (SELECT s.name, s.status, s.has_versions \
         AND s.status IN ('{Active}', '{Suspended}', '{Archived}') AS is_tenant \
         FROM (SELECT n.nspname::text AS name, c.oid IS NOT NULL AND n.nspname <> $1 AS has_versions, CASE \
         WHEN o.comment = {suspended} THEN '{Suspended}' \
         WHEN o.comment LIKE '{COMMENT_PREFIX}{Archived}%' THEN '{Archived}' \
         WHEN o.comment = {spare} THEN '{Spare}' WHEN o.comment LIKE '{COMMENT_PREFIX}%' THEN '{Unfinished}' \
         ELSE '{Active}' END AS status \
         FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid \
         AND c.relkind IN ('r', 'p') AND c.relname = '{{version_table}}' \
         LEFT JOIN LATERAL (SELECT pg_catalog.obj_description(c.oid, 'pg_class') AS comment) o ON true) s)"
    ))
}

/// The schema of the directory's tables, quoted; `None` if there is no directory.
pub(crate) async fn find_directory(client: &Client, shared_schema: &str) -> Result<Option<String>, Error> {
    let sql = format!(
        "SELECT pg_catalog.format('%I', n.nspname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'tenants' \
         AND {}",
        is_directory("c.oid")
    );
    let found = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
    found.first().map(|row| row.try_get(0)).transpose()
}

/// The names that one of these queries finds. In the query, `d.tenants` and `d.domains` stand for the directory's
/// tables, `schema` for the schemas with the status in their comments, and `{archived}` for the word of that status.
pub(crate) async fn names_in_directory(
    client: &Client,
    query: &str,
    shared_schema: &str,
    directory: &str,
) -> Result<Vec<String>, Error> {
    let query = query.replace("{archived}", TenantStatus::Archived.word());
    let query = query.replace("{unfinished}", TenantStatus::Unfinished.word());
    // From here on the name of a schema is in the query, which may look like a placeholder.
    let query = query.replace("d.tenants", &format!("{directory}.tenants"));
    let query = query.replace("d.domains", &format!("{directory}.domains"));
    let sql = format!("WITH {} {query}", schemas());
    let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
