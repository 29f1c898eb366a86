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
    /// A handler panicked that had it, or failed while something else has it.
    Failed,
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
                ended @ (State::Failed | State::Finished) => {
                    *state = ended;
                    return Err(Rejection::TransactionInUse);
                }
            }
        };
        let mut checkout = check_out.await?;
        Manager::begin_transaction(&mut checkout).await?;
        checkout.forget_what_was_given_up();
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

    /// It can't be committed any more: a handler panicked while it had the connection, which is closed.
    pub(super) fn fail(&self) {
        self.replace(State::Failed);
    }

    /// Closes the connection that was left here, whose transaction nobody ends any more.
    pub(super) fn abandon(&self) {
        self.replace(State::Finished);
    }

    fn replace(&self, state: State) -> State {
        mem::replace(&mut *self.state(), state)
    }

    /// Rolls back what was done up to now. What comes after is a transaction of its own.
    #[cfg(feature = "rocket")]
    pub(super) async fn roll_back(&self) {
        let state = match self.replace(State::Finished) {
            State::Idle(checkout) => {
                roll_back(checkout).await;
                State::NotBegun
            }
            // Whoever has the connection goes on in a transaction of which nothing may be committed.
            State::InUse => State::Failed,
            ended => ended,
        };
        self.replace(state);
    }

    /// Commits or rolls back.
    pub(super) async fn finish(&self, commit: bool) -> Result<(), Rejection> {
        match self.replace(State::Finished) {
            State::NotBegun | State::Finished => Ok(()),
            State::InUse if commit => Err(Rejection::TransactionInUse),
            State::Failed if commit => Err(Rejection::Commit(error(
                "a handler failed, and its connection was held elsewhere or by a panic",
            ))),
            State::InUse | State::Failed => Ok(()),
            State::Idle(mut checkout) if commit => commit_all(&mut checkout).await.map_err(Rejection::Commit),
            State::Idle(checkout) => {
                roll_back(checkout).await;
                Ok(())
            }
        }
    }
}

/// Commits, or says why not. Whatever is left open is rolled back, as the connection is then closed.
async fn commit_all(checkout: &mut Checkout) -> QueryResult<()> {
    if checkout.gave_up() {
        return Err(error("a query of it was given up"));
    }
    // Where a query failed, and the handler made nothing of it, PostgreSQL would answer COMMIT by a rollback, and no error.
    checkout.batch_execute("SELECT 1").await?;
    let depth = Manager::transaction_manager_status_mut(checkout).transaction_depth()?;
    if depth.is_some_and(|depth| depth.get() > 1) {
        return Err(Error::AlreadyInTransaction);
    }
    Manager::commit_transaction(checkout).await
}

/// Where it fails, or would wait for a query that nobody waits for, the connection is closed, which rolls back as well.
async fn roll_back(mut checkout: Box<Checkout>) {
    if checkout.condition() != Condition::Interrupted {
        let _ = Manager::rollback_transaction(&mut *checkout).await;
    }
}

fn error(why: &'static str) -> Error {
    Error::QueryBuilderError(why.into())
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
