//! The transaction of a request, which ends by the response's status.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{QueryResult, result::Error};
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager};

use super::Rejection;
use crate::{
    Checkout,
    connection::{Condition, begun_transactions},
    pool::Backend,
};

type Manager<B> = <Checkout<B> as AsyncConnection>::TransactionManager;

/// The transaction of a request. When the handler drops its connection, the connection is left here, and the middleware
/// ends the transaction.
pub(super) struct RequestTransaction<B: Backend>(Mutex<State<B>>);

enum State<B: Backend> {
    NotBegun,
    /// A handler has the connection, or is getting it.
    InUse,
    /// The handler has given the connection back.
    Idle(Box<Checkout<B>>),
    /// A handler panicked with the connection, or failed while other code had it.
    Failed,
    /// The transaction has ended, and the response is being sent.
    Finished,
}

impl<B: Backend> Default for RequestTransaction<B> {
    fn default() -> Self {
        Self(Mutex::new(State::NotBegun))
    }
}

impl<B: Backend> RequestTransaction<B> {
    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the connection, inside the transaction, which begins if it hasn't yet.
    pub(super) async fn take(
        &self,
        check_out: impl Future<Output = Result<Checkout<B>, Rejection>>,
    ) -> Result<Checkout<B>, Rejection> {
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
        Manager::<B>::begin_transaction(&mut checkout).await?;
        checkout.forget_what_was_given_up();
        mem::forget(reset);
        Ok(checkout)
    }

    /// After the response, the connection is closed, because its transaction is still open.
    pub(super) fn give_back(&self, checkout: Checkout<B>) {
        let mut state = self.state();
        if matches!(*state, State::InUse) {
            *state = State::Idle(Box::new(checkout));
        }
    }

    /// Prevents the commit: a handler panicked while it had the connection, which is closed.
    pub(super) fn fail(&self) {
        self.replace(State::Failed);
    }

    /// Closes the connection that was left here: its transaction will not be ended otherwise.
    pub(super) fn abandon(&self) {
        self.replace(State::Finished);
    }

    fn replace(&self, state: State<B>) -> State<B> {
        mem::replace(&mut *self.state(), state)
    }

    /// Rolls back everything so far. Later work is a new transaction.
    #[cfg(feature = "rocket")]
    pub(super) async fn roll_back(&self) {
        let state = match self.replace(State::Finished) {
            State::Idle(checkout) => {
                roll_back(checkout).await;
                State::NotBegun
            }
            // The code that has the connection may go on, but nothing of this transaction may be committed.
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
                "a handler failed or panicked while its connection was in use",
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

/// Commits, or returns the reason why it can't. The connection is then closed, which rolls back what is left open.
async fn commit_all<B: Backend>(checkout: &mut Checkout<B>) -> QueryResult<()> {
    if checkout.gave_up() {
        return Err(error("one of the transaction's queries was abandoned"));
    }
    // If a query failed and the handler ignored the error, PostgreSQL would answer COMMIT with a rollback, and without
    // an error.
    checkout.batch_execute("SELECT 1").await?;
    if begun_transactions(Manager::<B>::transaction_manager_status_mut(checkout))? > 1 {
        return Err(Error::AlreadyInTransaction);
    }
    Manager::<B>::commit_transaction(checkout).await
}

/// If the rollback fails, or would have to wait for an abandoned query, the connection is closed, which rolls back as
/// well.
async fn roll_back<B: Backend>(mut checkout: Box<Checkout<B>>) {
    if checkout.condition() != Condition::Interrupted {
        let _ = Manager::<B>::rollback_transaction(&mut *checkout).await;
    }
}

fn error(why: &'static str) -> Error {
    Error::QueryBuilderError(why.into())
}

/// If a transaction could not begin, or its future was dropped, the transaction can begin again later.
struct Reset<'a, B: Backend>(&'a RequestTransaction<B>);

impl<B: Backend> Drop for Reset<'_, B> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::InUse) {
            *state = State::NotBegun;
        }
    }
}
