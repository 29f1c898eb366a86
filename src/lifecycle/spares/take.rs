//! How a spare becomes a tenant's.

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, TransactionManager};

use super::{super::operation::Transactions, spares};
use crate::{
    SchemaName,
    backend::postgres::{
        LockSpan,
        catalog::schema::status_of,
        structure::{Followers, followers, texts},
        try_lock, version_table,
    },
    migrations::Plan,
    tenancy::TenantStatus,
};

/// Gives a spare that is ready the name of a tenant, in a transaction that is open: one that has exactly the versions of the
/// plan, and that nobody else is about to take. Tells whether there was one.
pub(in crate::lifecycle) async fn take_spare(
    connection: &mut AsyncPgConnection,
    tenant: &SchemaName,
    plan: &Plan,
) -> QueryResult<bool> {
    for (spare, status) in spares(connection).await? {
        if status != TenantStatus::Spare {
            continue;
        }
        // So that the lock on one that isn't ready is given back, and one that is dropped meanwhile spoils nothing.
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
    connection: &mut AsyncPgConnection,
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
    // What holds the spare's name otherwise would lead nowhere: the tenant is made from nothing then.
    let is_spares = |_: &str, name: &str| name == spare.as_str();
    Ok(texts(connection, &[tenant.as_str()], &is_spares).await?.is_empty())
}
