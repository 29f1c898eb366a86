//! Keeps template and clone from being migrated while one is copied to the other.

use std::time::{Duration, Instant};

use diesel::{
    QueryResult, QueryableByName,
    result::Error as DieselError,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::{
    SchemaName, TenantPool,
    migrations::{MigrationError, Runner, SchemaOwner, lock_name},
};

/// Begins a transaction that nobody migrates the two in, nor changes the template's tables.
///
/// It has a connection of its own, so that the copying may begin after it, and so see a template that stays as it is.
pub(super) async fn hold(
    pool: &TenantPool,
    template: &SchemaName,
    tenant: &SchemaName,
) -> Result<Runner, MigrationError> {
    let mut runner = Runner::connect(pool, SchemaOwner::Tenant(tenant.clone())).await?;
    runner.begin_locked().await?;
    keep_still(runner.parts().0, template, pool.migration_lock_timeout()).await?;
    Ok(runner)
}

/// Keeps a schema from being migrated, and its tables from being changed, to the end of the transaction that is open.
pub(crate) async fn keep_still(
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
    lock_tables(connection, schema, timeout).await.map_err(failed)
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

/// Keeps the tables from being changed or dropped, as a query on them would.
async fn lock_tables(connection: &mut AsyncPgConnection, schema: &SchemaName, timeout: Duration) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Tables {
        #[diesel(sql_type = Nullable<Text>)]
        names: Option<String>,
    }

    let tables: Tables = diesel::sql_query(
        "SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) AS names \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')",
    )
    .bind::<Text, _>(schema.as_str())
    .get_result(connection)
    .await?;
    match tables.names {
        Some(names) => {
            let timeout = timeout.as_millis().clamp(1, 1 << 30);
            let lock = format!("SET LOCAL lock_timeout = {timeout}; LOCK TABLE {names} IN ACCESS SHARE MODE");
            connection.batch_execute(&lock).await
        }
        None => Ok(()),
    }
}
