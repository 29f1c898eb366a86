//! What waits for the thread that works on a connection.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::QueryResult;
use tokio::sync::oneshot;

use super::{
    AsyncSqliteConnection, SqliteRows,
    job::{Asker, Job, ended, job},
    load::Loaded,
    worker::Worker,
};

const READY: &str = "a future must not be polled after it is ready";

/// A job, from the first poll on in the connection's queue, and its answer.
pub(super) struct Sent<'conn, T> {
    connection: &'conn AsyncSqliteConnection,
    state: Option<State<T>>,
    /// The query, for whoever listens to the instrumentation.
    description: Option<Box<str>>,
}

enum State<T> {
    Refused(diesel::result::Error),
    Unsent(Box<dyn Job>, oneshot::Receiver<QueryResult<T>>),
    Sent(oneshot::Receiver<QueryResult<T>>),
}

impl<'conn, T: Send + 'static> Sent<'conn, T> {
    pub(super) fn new<F>(connection: &'conn AsyncSqliteConnection, work: QueryResult<F>) -> Self
    where
        F: FnOnce(&mut Worker, &mut Asker<T>) -> Option<QueryResult<T>> + Send + 'static,
    {
        let state = match work {
            Ok(work) => {
                let (job, answer) = job(work);
                State::Unsent(job, answer)
            }
            Err(error) => State::Refused(error),
        };
        Self {
            connection,
            state: Some(state),
            description: None,
        }
    }

    /// What is written in the log of queries, if there is one.
    pub(super) fn described(self, description: Option<Box<str>>) -> Self {
        Self { description, ..self }
    }

    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<T>> {
        loop {
            match self.state.take().expect(READY) {
                State::Refused(error) => return Poll::Ready(Err(error)),
                State::Unsent(job, answer) => match self.connection.sender.send(job) {
                    Ok(()) => self.state = Some(State::Sent(answer)),
                    Err(error) => return Poll::Ready(Err(error)),
                },
                State::Sent(mut answer) => {
                    let Poll::Ready(answered) = Pin::new(&mut answer).poll(context) else {
                        self.state = Some(State::Sent(answer));
                        return Poll::Pending;
                    };
                    return Poll::Ready(answered.unwrap_or_else(|_| {
                        self.connection.give_up();
                        Err(ended())
                    }));
                }
            }
        }
    }
}

impl<T: Send + 'static> Future for Sent<'_, T> {
    type Output = QueryResult<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.poll_answer(context));
        if let Some(description) = self.description.take() {
            self.connection.observer.tell_end(&description, answer.as_ref().err());
        }
        Poll::Ready(answer)
    }
}

/// The count of a statement's rows, when a thread has run it.
#[must_use = "futures do nothing unless polled"]
pub struct SqliteExecute<'conn>(pub(super) Sent<'conn, usize>);

impl Future for SqliteExecute<'_> {
    type Output = QueryResult<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

/// The rows of a query, when a thread has read the first of them.
#[must_use = "futures do nothing unless polled"]
pub struct SqliteLoad<'conn>(pub(super) Sent<'conn, Loaded>);

impl<'conn> Future for SqliteLoad<'conn> {
    type Output = QueryResult<SqliteRows<'conn>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let loaded = ready!(Pin::new(&mut self.0).poll(context))?;
        Poll::Ready(Ok(SqliteRows::new(self.0.connection, loaded)))
    }
}

impl fmt::Debug for SqliteExecute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteExecute").finish_non_exhaustive()
    }
}

impl fmt::Debug for SqliteLoad<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteLoad").finish_non_exhaustive()
    }
}
