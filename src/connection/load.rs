//! The futures of statements and queries. Each marks the session if it is dropped before its answer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{QueryResult, result::Error};
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{rows::Rows, session::Waiting};

pin_project! {
    /// The answer to a statement that returns a count: an error of the translation, or the inner connection's answer.
    ///
    /// If this future is dropped before the answer, it leaves a mark on the connection, so that a pool doesn't hand out
    /// a connection that is busy with an abandoned query.
    #[must_use = "futures do nothing unless polled"]
    pub struct ExecuteFuture<'conn, F> {
        #[pin]
        sent: Sent<F>,
        waiting: Option<Waiting<'conn>>,
    }
}

pin_project! {
    /// The answer to a query that returns rows, which are then [watched](Rows).
    #[must_use = "futures do nothing unless polled"]
    pub struct LoadFuture<'conn, F> {
        #[pin]
        sent: Sent<F>,
        waiting: Option<Waiting<'conn>>,
    }
}

pin_project! {
    #[project = SentProjection]
    enum Sent<F> {
        Refused { error: Option<Error> },
        Sent { #[pin] future: F },
    }
}

const READY: &str = "a future must not be polled after it is ready";

impl<F> From<QueryResult<F>> for Sent<F> {
    fn from(sent: QueryResult<F>) -> Self {
        match sent {
            Ok(future) => Self::Sent { future },
            Err(error) => Self::Refused { error: Some(error) },
        }
    }
}

impl<F: Future<Output: Answer>> Sent<F> {
    fn poll(
        self: Pin<&mut Self>,
        waiting: Option<&mut Waiting<'_>>,
        context: &mut Context<'_>,
    ) -> Poll<QueryResult<<F::Output as Answer>::Success>> {
        match self.project() {
            SentProjection::Refused { error } => Poll::Ready(Err(error.take().expect(READY))),
            SentProjection::Sent { future } => {
                let waiting = waiting.expect(READY);
                waiting.begun();
                let answer = {
                    let _span = waiting.span().enter();
                    ready!(future.poll(context)).into_result()
                };
                if let Err(error) = &answer {
                    waiting.failed(error);
                }
                Poll::Ready(answer)
            }
        }
    }
}

impl<'conn, F> ExecuteFuture<'conn, F> {
    pub(super) fn new(waiting: Waiting<'conn>, sent: QueryResult<F>) -> Self {
        Self {
            sent: sent.into(),
            waiting: Some(waiting),
        }
    }
}

impl<F: Future<Output: Answer>> Future for ExecuteFuture<'_, F> {
    type Output = QueryResult<<F::Output as Answer>::Success>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.sent.poll(this.waiting.as_mut(), context));
        this.waiting.take().expect(READY).answered(answer.is_ok());
        Poll::Ready(answer)
    }
}

impl<'conn, F> LoadFuture<'conn, F> {
    pub(super) fn new(waiting: Waiting<'conn>, sent: QueryResult<F>) -> Self {
        Self {
            sent: sent.into(),
            waiting: Some(waiting),
        }
    }
}

impl<'conn, F> Future for LoadFuture<'conn, F>
where
    F: Future<Output: Answer<Success: Stream>>,
{
    type Output = QueryResult<Rows<'conn, <F::Output as Answer>::Success>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.sent.poll(this.waiting.as_mut(), context));
        let waiting = this.waiting.take().expect(READY);
        Poll::Ready(match answer {
            Ok(rows) => Ok(Rows::new(rows, waiting)),
            Err(error) => {
                waiting.answered(false);
                Err(error)
            }
        })
    }
}

/// A result that Diesel's connections return.
///
/// It keeps the success type out of the futures' own types: named there, its lifetimes make nested transactions "not
/// general enough" to the compiler.
#[doc(hidden)]
pub trait Answer {
    type Success;

    fn into_result(self) -> QueryResult<Self::Success>;
}

impl<T> Answer for QueryResult<T> {
    type Success = T;

    fn into_result(self) -> QueryResult<T> {
        self
    }
}
