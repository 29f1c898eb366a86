use std::marker::PhantomData;

use diesel::{QueryResult, connection::TransactionManagerStatus};
use diesel_async::{AsyncConnection, TransactionManager};

use super::{TenantConnection, Wrapped};

/// Runs transactions and savepoints on the inner connection: their statements name no table.
#[derive(Debug)]
pub struct TenantTransactionManager<TM>(PhantomData<fn() -> TM>);

impl<C, TM> TransactionManager<TenantConnection<C>> for TenantTransactionManager<TM>
where
    C: AsyncConnection<TransactionManager = TM> + Wrapped,
    TM: TransactionManager<C>,
{
    type TransactionStateData = TM::TransactionStateData;

    async fn begin_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        TM::begin_transaction(&mut conn.inner).await
    }

    async fn rollback_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        TM::rollback_transaction(&mut conn.inner).await
    }

    async fn commit_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        TM::commit_transaction(&mut conn.inner).await
    }

    fn transaction_manager_status_mut(conn: &mut TenantConnection<C>) -> &mut TransactionManagerStatus {
        TM::transaction_manager_status_mut(&mut conn.inner)
    }

    fn is_broken_transaction_manager(conn: &mut TenantConnection<C>) -> bool {
        TM::is_broken_transaction_manager(&mut conn.inner)
    }
}
