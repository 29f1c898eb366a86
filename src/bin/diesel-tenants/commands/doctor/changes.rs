//! Changes to tables that were begun and not finished: in tenants' schemas and the shared one.

use tokio_postgres::{Client, Error, types::Type};

use super::{Finding, catalog::some};

/// The schemas with a version table, and the shared one.
const SCHEMAS: &str = "migrated AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 OR EXISTS (SELECT FROM \
     pg_catalog.pg_class c WHERE c.relname = '__diesel_schema_migrations' AND c.relnamespace = n.oid AND c.relkind IN ('r', 'p')))";

pub async fn findings(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        invalid_indexes(client, shared_schema).await?,
        unchecked_constraints(client, shared_schema).await?,
        detached_partitions(client, shared_schema).await?,
    ])
}

async fn invalid_indexes(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "invalid indexes";
    let found = names(
        client,
        shared_schema,
        "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN migrated m ON m.oid = c.relnamespace \
         WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND NOT EXISTS (SELECT FROM \
         pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1",
    )
    .await?;
    Ok(match some(&found) {
        None => Finding::fine(CHECK, "none"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "PostgreSQL could not build them, and doesn't use them; unique ones let duplicates in. Mend what keeps them from being \
             built, then REINDEX INDEX CONCURRENTLY, or drop them (those named …_ccnew and …_ccold are left of such a REINDEX); a \
             partitioned table's waits for ALTER INDEX … ATTACH PARTITION",
        ),
    })
}

async fn unchecked_constraints(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "unchecked constraints";
    // From PostgreSQL 18 on some are declared never to be enforced, which is no fault.
    let found = names(
        client,
        shared_schema,
        "SELECT pg_catalog.format('%I on %I.%I', k.conname, m.nspname, c.relname) FROM pg_catalog.pg_constraint k \
         JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN migrated m ON m.oid = c.relnamespace WHERE NOT k.convalidated \
         AND pg_catalog.to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false' ORDER BY 1",
    )
    .await?;
    Ok(match some(&found) {
        None => Finding::fine(CHECK, "none"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "they were added as NOT VALID, and rows from before may break them: ALTER TABLE … VALIDATE CONSTRAINT",
        ),
    })
}

async fn detached_partitions(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "partitions half detached";
    // PostgreSQL 13 knows no such thing.
    let found = names(
        client,
        shared_schema,
        "SELECT pg_catalog.format('%I.%I', m.nspname, c.relname) FROM pg_catalog.pg_inherits i \
         JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN migrated m ON m.oid = c.relnamespace \
         WHERE pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true' ORDER BY 1",
    )
    .await?;
    Ok(match some(&found) {
        None => Finding::fine(CHECK, "none"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "DETACH PARTITION … CONCURRENTLY was interrupted: ALTER TABLE … DETACH PARTITION … FINALIZE",
        ),
    })
}

async fn names(client: &Client, shared_schema: &str, query: &str) -> Result<Vec<String>, Error> {
    let sql = format!("WITH {SCHEMAS} {query}");
    let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
