//! What a query returns, until its answer is there.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{QueryResult, pg::Pg, query_builder::QueryFragment};

use super::{
    PostgresConnection,
    answer::Answer,
    attempt::Statement,
    request::{Request, Running},
    rows::PostgresRows,
};

impl PostgresConnection {
    /// Loads the rows of a query, which was made into this statement.
    pub(crate) fn load_statement<Q>(&self, query: &Q, statement: QueryResult<Statement>) -> PostgresLoad<'_>
    where
        Q: QueryFragment<Pg>,
    {
        PostgresLoad(Request::of_query(self, query, statement))
    }

    /// Runs a query, which was made into this statement, and counts its rows.
    pub(crate) fn execute_statement<Q>(&self, query: &Q, statement: QueryResult<Statement>) -> PostgresExecute<'_>
    where
        Q: QueryFragment<Pg>,
    {
        PostgresExecute::new(Request::of_query(self, query, statement))
    }
}

/// The answer to a query that returns rows.
#[must_use = "futures do nothing unless polled"]
pub struct PostgresLoad<'conn>(pub(super) Request<'conn>);

impl<'conn> Future for PostgresLoad<'conn> {
    type Output = QueryResult<PostgresRows<'conn>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Running { sent, columns } = ready!(self.0.poll_accepted(context))?;
        self.0.finish(None);
        Poll::Ready(Ok(PostgresRows::new(self.0.connection(), sent, columns)))
    }
}

/// The answer to a statement that returns a count.
#[must_use = "futures do nothing unless polled"]
pub struct PostgresExecute<'conn> {
    request: Request<'conn>,
    running: Option<Running<'conn>>,
    count: usize,
}

impl<'conn> PostgresExecute<'conn> {
    pub(super) fn new(request: Request<'conn>) -> Self {
        Self {
            request,
            running: None,
            count: 0,
        }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<usize>> {
        let running = match &mut self.running {
            Some(running) => running,
            running => running.insert(ready!(self.request.poll_accepted(context))?),
        };
        let ended = loop {
            match ready!(running.sent.poll_answer(context)) {
                Ok(Answer::Complete(rows)) => self.count = rows,
                Ok(Answer::Ready(_)) => break Ok(self.count),
                Ok(_) => {}
                Err(failed) => break Err(failed.into_diesel()),
            }
        };
        self.request.finish(ended.as_ref().err());
        Poll::Ready(ended)
    }
}

impl Future for PostgresExecute<'_> {
    type Output = QueryResult<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(context)
    }
}

impl fmt::Debug for PostgresLoad<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLoad").finish_non_exhaustive()
    }
}

impl fmt::Debug for PostgresExecute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresExecute").finish_non_exhaustive()
    }
}
