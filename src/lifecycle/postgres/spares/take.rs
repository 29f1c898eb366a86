//! How a spare becomes a tenant.

use diesel::QueryResult;
use diesel_async::{SimpleAsyncConnection, TransactionManager};

use super::spares;
use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        LockSpan,
        catalog::schema::status_of,
        structure::{Followers, Texts, followers},
        try_lock, version_table,
    },
    lifecycle::postgres::operation::Transactions,
    migrations::Plan,
    tenancy::TenantStatus,
};

/// Renames a ready spare to a tenant's name, in the open transaction. The spare must have exactly the versions of the
/// plan, and no other operation may be taking it. Returns whether there was such a spare.
pub(in crate::lifecycle) async fn take_spare(
    connection: &mut PostgresConnection,
    tenant: &SchemaName,
    plan: &Plan,
) -> QueryResult<bool> {
    for (spare, status) in spares(connection).await? {
        if status != TenantStatus::Spare {
            continue;
        }
        // A savepoint, so that the lock on a spare that isn't ready is released, and a spare that is dropped meanwhile
        // does not fail the transaction.
        Transactions::begin_transaction(connection).await?;
        match take(connection, &spare, tenant, plan).await {
            Ok(true) => {
                Transactions::commit_transaction(connection).await?;
                return Ok(true);
            }
            _ => Transactions::rollback_transaction(connection).await?,
        }
    }
    Ok(false)
}

async fn take(
    connection: &mut PostgresConnection,
    spare: &SchemaName,
    tenant: &SchemaName,
    plan: &Plan,
) -> QueryResult<bool> {
    if !try_lock(connection, spare, LockSpan::Transaction).await?
        || status_of(spare, connection).await? != Some(TenantStatus::Spare)
    {
        return Ok(false);
    }
    let applied = version_table::applied(connection, spare).await?;
    if !applied
        .iter()
        .eq(plan.migrations.iter().map(|migration| &migration.version))
    {
        return Ok(false);
    }
    let sql = format!(
        "ALTER SCHEMA {} RENAME TO {}; {}",
        spare.quoted(),
        tenant.quoted(),
        version_table::mark(tenant, &TenantStatus::Active.comment())
    );
    connection.batch_execute(&sql).await?;
    let statements = followers(connection, spare, tenant, Followers::OwnOnly).await?;
    if !statements.is_empty() {
        connection.batch_execute(&statements).await?;
    }
    // If other texts contain the spare's name, they would lead nowhere, so the tenant is created from scratch.
    let is_spares = |_: &str, name: &str| name == spare.as_str();
    let texts = Texts::of(connection, &[tenant.as_str()]).await?;
    Ok(texts.holders(&is_spares).is_empty())
}
