use std::marker::PhantomData;

use diesel::{QueryResult, connection::TransactionManagerStatus, result::Error};
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
        conn.session.must_not_be_undone()?;
        let done = TM::begin_transaction(&mut conn.inner).await;
        note_depth(conn);
        done.inspect_err(|_| conn.session.doubt())
    }

    async fn rollback_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        let done = TM::rollback_transaction(&mut conn.inner).await;
        note_depth(conn);
        match done {
            // With the transaction, the server has undone this savepoint.
            Err(_) if conn.session.is_undone() => Ok(()),
            done => done.inspect_err(|_| conn.session.doubt()),
        }
    }

    async fn commit_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        if let Err(undone) = conn.session.must_not_be_undone() {
            // Nothing is left to commit.
            let rolled_back = TM::rollback_transaction(&mut conn.inner).await;
            note_depth(conn);
            let _ = rolled_back.inspect_err(|_| conn.session.doubt());
            return Err(undone);
        }
        let done = TM::commit_transaction(&mut conn.inner).await;
        note_depth(conn);
        done.inspect_err(|_| conn.session.doubt())
    }

    fn transaction_manager_status_mut(conn: &mut TenantConnection<C>) -> &mut TransactionManagerStatus {
        TM::transaction_manager_status_mut(&mut conn.inner)
    }

    fn is_broken_transaction_manager(conn: &mut TenantConnection<C>) -> bool {
        TM::is_broken_transaction_manager(&mut conn.inner)
    }
}

/// How many transactions the connection's users have begun and not ended, one inside of the other. The transaction in
/// which all of a test runs is none of them.
#[cfg(feature = "_web")]
pub(crate) fn begun_transactions(status: &mut TransactionManagerStatus) -> QueryResult<u32> {
    let transaction = &status.transaction_state()?.in_transaction;
    Ok(transaction.as_ref().map_or(0, |transaction| {
        transaction.transaction_depth.get() - u32::from(transaction.test_transaction)
    }))
}

/// Has the session know whether the connection is in a transaction.
fn note_depth<C, TM>(conn: &mut TenantConnection<C>)
where
    C: AsyncConnection<TransactionManager = TM>,
    TM: TransactionManager<C>,
{
    let depth = TM::transaction_manager_status_mut(&mut conn.inner).transaction_depth();
    conn.session.set_in_transaction(!matches!(depth, Ok(None)));
}

/// Ends the transaction in which a callback came to this result: commits on `Ok`, rolls back on `Err`.
pub(super) async fn end_transaction<C, T, E>(connection: &mut C, result: Result<T, E>) -> Result<T, E>
where
    C: AsyncConnection,
    E: From<Error>,
{
    match &result {
        Ok(_) => C::TransactionManager::commit_transaction(connection).await?,
        Err(_) => C::TransactionManager::rollback_transaction(connection).await?,
    }
    result
}

/// An async closure whose future has a name, so that a bound can ask for `Send`: `AsyncFnOnce` offers none yet.
#[doc(hidden)]
pub trait SendAsyncFn<Argument, Output>:
    AsyncFnOnce(Argument) -> Output + FnOnce(Argument) -> <Self as SendAsyncFn<Argument, Output>>::Future
{
    type Future: Future<Output = Output>;
}

impl<F, Argument, Output, Fut> SendAsyncFn<Argument, Output> for F
where
    F: AsyncFnOnce(Argument) -> Output + FnOnce(Argument) -> Fut,
    Fut: Future<Output = Output>,
{
    type Future = Fut;
}
