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
        let begun = TM::begin_transaction(&mut conn.inner).await;
        conn.note_transaction();
        begun
    }

    async fn rollback_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        let ended = TM::rollback_transaction(&mut conn.inner).await;
        conn.note_transaction();
        ended
    }

    async fn commit_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        let ended = TM::commit_transaction(&mut conn.inner).await;
        conn.note_transaction();
        ended
    }

    fn transaction_manager_status_mut(conn: &mut TenantConnection<C>) -> &mut TransactionManagerStatus {
        TM::transaction_manager_status_mut(&mut conn.inner)
    }

    fn is_broken_transaction_manager(conn: &mut TenantConnection<C>) -> bool {
        TM::is_broken_transaction_manager(&mut conn.inner)
    }
}

impl<C: AsyncConnection> TenantConnection<C> {
    /// Records whether a transaction is open now.
    pub(super) fn note_transaction(&mut self) {
        let status = C::TransactionManager::transaction_manager_status_mut(&mut self.inner);
        self.session
            .set_in_transaction(!matches!(status.transaction_depth(), Ok(None)));
    }
}
