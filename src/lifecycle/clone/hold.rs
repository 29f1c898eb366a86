//! Keeps template and clone from being migrated while one is copied to the other.

use std::time::Duration;

use diesel_async::AsyncPgConnection;

use crate::{
    SchemaName, TenantPool,
    backend::postgres::{LockSpan, lock_name, lock_named},
    migrations::{MigrationError, Runner, SchemaOwner},
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
    let locked = lock_named(connection, &lock_name(schema), LockSpan::SharedTransaction, timeout).await;
    match locked.map_err(|source| MigrationError::Versions { owner: owner(), source })? {
        true => Ok(()),
        false => Err(MigrationError::Locked {
            owner: owner(),
            waited: timeout,
        }),
    }
}
