//! What a query returns, until its answer is there.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{QueryResult, result::Error};

use super::{
    answer::Answer,
    request::{Request, Running},
    rows::PostgresRows,
    server_error::ServerError,
};

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
    error: Option<Box<ServerError>>,
}

impl<'conn> PostgresExecute<'conn> {
    pub(super) fn new(request: Request<'conn>) -> Self {
        Self {
            request,
            running: None,
            count: 0,
            error: None,
        }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<usize>> {
        let running = match &mut self.running {
            Some(running) => running,
            running => running.insert(ready!(self.request.poll_accepted(context))?),
        };
        let error = loop {
            match ready!(running.sent.poll_answer(context)) {
                Ok(Answer::Complete(rows)) => self.count = rows,
                Ok(Answer::Error(error)) => self.error = Some(error),
                Ok(Answer::Ready(_)) => break self.error.take().map(|error| error.into_diesel()),
                Ok(_) => {}
                Err(broken) => {
                    let error = self.error.take();
                    break Some(error.map_or_else(|| broken.into_diesel(), |error| error.into_diesel()));
                }
            }
        };
        Poll::Ready(self.end(error))
    }

    fn end(&mut self, error: Option<Error>) -> QueryResult<usize> {
        if let Some(error) = &error {
            self.request.connection().note_failure(error);
        }
        self.request.finish(error.as_ref());
        error.map_or(Ok(self.count), Err)
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
