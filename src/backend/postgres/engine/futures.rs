//! What a query returns, until its answer is there.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{QueryResult, result::Error};
use postgres_protocol::message::backend::Message;

use super::{
    request::{Request, Running},
    rows::PostgresRows,
    server_error::{Broken, ServerError},
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
            match ready!(running.sent.poll_message(context)) {
                Ok(Message::CommandComplete(body)) => self.count = body.tag().map_or(0, rows_of),
                Ok(Message::ErrorResponse(body)) => match ServerError::of(&body) {
                    Ok(error) => self.error = Some(Box::new(error)),
                    Err(error) => break Some(Broken::from(error).into_diesel()),
                },
                Ok(Message::ReadyForQuery(_)) => break self.error.take().map(|error| error.into_diesel()),
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

/// The number at the end of a command's tag, as of `INSERT 0 7`.
fn rows_of(tag: &str) -> usize {
    let number = tag.rsplit(' ').next();
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
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
