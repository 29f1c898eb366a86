use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{QueryResult, result::Error};
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager};

use super::Rejection;
use crate::{Checkout, connection::Condition};

type Manager = <Checkout as AsyncConnection>::TransactionManager;

/// The transaction of a request: whoever drops its connection leaves it here, for the middleware to end it.
#[derive(Default)]
pub(super) struct RequestTransaction(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    NotBegun,
    /// A handler has the connection, or gets it.
    InUse,
    /// It has given it back.
    Idle(Box<Checkout>),
    /// The response is on its way.
    Finished,
}

impl RequestTransaction {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, in the transaction.
    pub(super) async fn take(
        &self,
        check_out: impl Future<Output = Result<Checkout, Rejection>>,
    ) -> Result<Checkout, Rejection> {
        let reset = {
            let mut state = self.state();
            match mem::replace(&mut *state, State::InUse) {
                State::NotBegun => Reset(self),
                State::Idle(checkout) => return Ok(*checkout),
                State::InUse => return Err(Rejection::TransactionInUse),
                State::Finished => {
                    *state = State::Finished;
                    return Err(Rejection::TransactionInUse);
                }
            }
        };
        let mut checkout = check_out.await?;
        Manager::begin_transaction(&mut checkout).await?;
        mem::forget(reset);
        Ok(checkout)
    }

    /// Later than the response, the connection is closed, for its transaction is still open.
    pub(super) fn give_back(&self, checkout: Checkout) {
        let mut state = self.state();
        if matches!(*state, State::InUse) {
            *state = State::Idle(Box::new(checkout));
        }
    }

    /// Closes the connection that was left here, whose transaction nobody ends any more.
    pub(super) fn abandon(&self) {
        let state = mem::replace(&mut *self.state(), State::Finished);
        drop(state);
    }

    /// Commits or rolls back.
    pub(super) async fn finish(&self, commit: bool) -> Result<(), Rejection> {
        let state = mem::replace(&mut *self.state(), State::Finished);
        match state {
            State::NotBegun | State::Finished => Ok(()),
            State::InUse if commit => Err(Rejection::TransactionInUse),
            State::InUse => Ok(()),
            State::Idle(mut checkout) if commit => commit_all(&mut checkout).await.map_err(Rejection::Commit),
            State::Idle(mut checkout) => {
                // Where it fails, the connection is closed, which rolls back as well.
                let _ = Manager::rollback_transaction(&mut *checkout).await;
                Ok(())
            }
        }
    }
}

/// Commits, or says why not. Whatever is left open is rolled back, as the connection is then closed.
async fn commit_all(checkout: &mut Checkout) -> QueryResult<()> {
    if checkout.condition() == Condition::Interrupted {
        return Err(Error::QueryBuilderError("a query of it was given up".into()));
    }
    // Where a query failed, and the handler made nothing of it, PostgreSQL would answer COMMIT by a rollback, and no error.
    checkout.batch_execute("SELECT 1").await?;
    let depth = Manager::transaction_manager_status_mut(checkout).transaction_depth()?;
    if depth.is_some_and(|depth| depth.get() > 1) {
        return Err(Error::AlreadyInTransaction);
    }
    Manager::commit_transaction(checkout).await
}

/// A transaction that could not begin, or was not waited for, can begin another time.
struct Reset<'a>(&'a RequestTransaction);

impl Drop for Reset<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::InUse) {
            *state = State::NotBegun;
        }
    }
}
