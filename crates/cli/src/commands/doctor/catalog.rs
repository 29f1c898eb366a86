//! The tenants' schemas.

use diesel_tenants::{CheckoutError, TenantPool, TenantStatus};
use tokio_postgres::{Client, Error, types::Type};

use super::Finding;
use crate::output::name;

/// The schemas with a version table, other than the shared one.
const TENANTS: &str = "tenant AS (SELECT n.oid, n.nspname::text AS name FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relname = '__diesel_schema_migrations' AND c.relkind IN ('r', 'p') AND n.nspname <> $1)";

pub async fn findings(client: &Client, shared_schema: &str) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        unlogged(client, shared_schema).await?,
        locks(client, shared_schema).await?,
    ])
}

async fn unlogged(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "unlogged tables";
    let sql = format!(
        "WITH {TENANTS} SELECT pg_catalog.format('%I.%I', t.name, c.relname) FROM tenant t \
         JOIN pg_catalog.pg_class c ON c.relnamespace = t.oid WHERE c.relpersistence = 'u' AND c.relkind = 'r' ORDER BY 1"
    );
    let tables: Vec<String> = client
        .query_typed(&sql, &[(&shared_schema, Type::NAME)])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    Ok(match some(&tables) {
        None => Finding::fine(CHECK, "none"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "they are empty after a crash, and on replicas: ALTER TABLE … SET LOGGED",
        ),
    })
}

/// A transaction that touches all of a schema, as dropping it does, takes a lock for each relation at least.
async fn locks(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "max_locks_per_transaction";
    let sql = format!(
        "WITH {TENANTS} SELECT pg_catalog.current_setting('max_locks_per_transaction')::int8 * \
         (pg_catalog.current_setting('max_connections')::int8 + pg_catalog.current_setting('max_prepared_transactions')::int8), \
         largest.name, largest.relations FROM (SELECT 1) one LEFT JOIN (SELECT t.name, pg_catalog.count(*) AS relations \
         FROM tenant t JOIN pg_catalog.pg_class c ON c.relnamespace = t.oid GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1) largest ON true"
    );
    let row = client.query_typed_one(&sql, &[(&shared_schema, Type::NAME)]).await?;
    let (room, tenant, relations): (i64, Option<String>, Option<i64>) = (row.get(0), row.get(1), row.get(2));
    let (Some(tenant), Some(relations)) = (tenant, relations) else {
        return Ok(Finding::fine(CHECK, format!("room for {room} locks, and no tenants")));
    };
    let found = format!(
        "room for {room} locks; the largest tenant, {}, has {relations} tables, indexes and sequences",
        name(&tenant)
    );
    Ok(if relations * 4 <= room {
        Finding::fine(CHECK, found)
    } else {
        Finding::warning(
            CHECK,
            found,
            "to dump, clone or rename it may fail for want of locks, and it is dropped in parts: raise \
             max_locks_per_transaction, and restart the server",
        )
    })
}

/// What a crash left half-made, or half-dropped.
pub async fn unfinished(pool: &TenantPool) -> Result<Finding, CheckoutError> {
    const CHECK: &str = "unfinished tenants";
    let tenants = pool.all_tenants().await?.into_iter();
    let unfinished = tenants.filter(|tenant| tenant.status == TenantStatus::Unfinished);
    let names: Vec<String> = unfinished.map(|tenant| name(tenant.name.as_str())).collect();
    Ok(match some(&names) {
        None => Finding::fine(CHECK, "none"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "what began there was never finished: `tenant create` makes it anew, `tenant drop` removes it",
        ),
    })
}

/// What of a tenant leads into another one.
pub async fn cross_references(pool: &TenantPool) -> Result<Finding, CheckoutError> {
    const CHECK: &str = "tenants apart";
    let found = pool.cross_references().await?;
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    Ok(match some(&found) {
        None => Finding::fine(CHECK, "no function, default or option leads into another tenant"),
        Some(found) => Finding::problem(
            CHECK,
            found,
            "it reads or writes another tenant's rows: write it without a tenant's name, functions with SET search_path FROM CURRENT",
        ),
    })
}

/// The first few of some names; `None` if there are none.
pub(super) fn some(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [_, _, _, _, others @ ..] if !others.is_empty() => {
            Some(format!("{} and {} more", names[..4].join(", "), others.len()))
        }
        names => Some(names.join(", ")),
    }
}
