//! Keeps template and clone from being migrated while the template is copied.

use std::time::Duration;

use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{LockSpan, lock_name, lock_named},
    migrations::{MigrationError, Runner, SchemaOwner},
};

/// Begins a transaction during which neither schema can be migrated.
///
/// The transaction has its own connection, so that the copy begins after it and sees a template that does not change.
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

/// Keeps a schema from being migrated until the open transaction ends.
pub(crate) async fn keep_from_migrating(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
    timeout: Duration,
) -> Result<(), MigrationError> {
    let owner = || SchemaOwner::Tenant(schema.clone());
    let locked = lock_named(
        connection,
        &lock_name::of_schema(schema),
        LockSpan::SharedTransaction,
        timeout,
    )
    .await;
    match locked.map_err(|source| MigrationError::Versions { owner: owner(), source })? {
        true => Ok(()),
        false => Err(MigrationError::Locked {
            owner: owner(),
            waited: timeout,
        }),
    }
}
