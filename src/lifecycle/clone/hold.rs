//! Keeps template and clone from being migrated while one is copied to the other.

use std::time::{Duration, Instant};

use diesel::{
    QueryResult, QueryableByName,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    SchemaName, TenantPool,
    migrations::{MigrationError, Runner, SchemaOwner, lock_name},
};

/// Begins a transaction that nobody migrates the two in.
///
/// It has a connection of its own, so that the copying may begin after it, and so see a template that stays as it is.
pub(super) async fn hold(
    pool: &TenantPool,
    template: &SchemaName,
    tenant: &SchemaName,
) -> Result<Runner, MigrationError> {
    let mut runner = Runner::connect(pool, SchemaOwner::Tenant(tenant.clone())).await?;
    runner.begin_locked().await?;
    keep_from_migrating(runner.parts().0, template, pool.migration_lock_timeout()).await?;
    Ok(runner)
}

/// Keeps a schema from being migrated, to the end of the transaction that is open.
pub(crate) async fn keep_from_migrating(
    connection: &mut AsyncPgConnection,
    schema: &SchemaName,
    timeout: Duration,
) -> Result<(), MigrationError> {
    let owner = || SchemaOwner::Tenant(schema.clone());
    let failed = |source: DieselError| MigrationError::Versions { owner: owner(), source };
    let started = Instant::now();
    while !try_share(connection, schema).await.map_err(failed)? {
        if started.elapsed() >= timeout {
            return Err(MigrationError::Locked {
                owner: owner(),
                waited: timeout,
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Tries to take the lock on a schema's migrations, beside others who clone it.
async fn try_share(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Lock {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }

    let lock: Lock = diesel::sql_query(
        "SELECT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended($1, 0)) AS taken",
    )
    .bind::<Text, _>(lock_name(schema))
    .get_result(connection)
    .await?;
    Ok(lock.taken)
}

/// Finds the statement that keeps a schema's tables from being changed or dropped, as a query on them would; `NULL` without any.
///
/// It is for the session that reads them, before it takes its snapshot. Held by one for another, that one would queue behind who waits
/// for the locks to change or TRUNCATE a table, and all three for ever.
pub(crate) const LOCK_TABLES: &str = "SELECT 'LOCK TABLE ' || pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) || \
    ' IN ACCESS SHARE MODE' AS lock FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')";
