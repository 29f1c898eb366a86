use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error},
};
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{rows::Rows, session::Waiting, wrapped::Resend};

pin_project! {
    /// The answer to a statement that returns a count: an error of the translation, or the inner connection's answer.
    ///
    /// If this future is dropped before the answer, it leaves a mark on the connection, so that a pool doesn't hand out
    /// a connection that is busy with an abandoned query.
    #[must_use = "futures do nothing unless polled"]
    pub struct ExecuteFuture<'conn, F> {
        #[pin]
        sent: Sent<'conn, F>,
        waiting: Option<Waiting<'conn>>,
    }
}

pin_project! {
    /// The answer to a query that returns rows, which are then [watched](Rows).
    #[must_use = "futures do nothing unless polled"]
    pub struct LoadFuture<'conn, F> {
        #[pin]
        sent: Sent<'conn, F>,
        waiting: Option<Waiting<'conn>>,
    }
}

pin_project! {
    #[project = SentProjection]
    enum Sent<'conn, F> {
        Refused { error: Option<Error> },
        Sent { #[pin] future: F, resend: Option<Resend<'conn, F>>, first_error: Option<Error> },
    }
}

const READY: &str = "a future must not be polled after it is ready";

impl<'conn, F> From<QueryResult<(F, Option<Resend<'conn, F>>)>> for Sent<'conn, F> {
    fn from(sent: QueryResult<(F, Option<Resend<'conn, F>>)>) -> Self {
        match sent {
            Ok((future, resend)) => Self::Sent {
                future,
                resend,
                first_error: None,
            },
            Err(error) => Self::Refused { error: Some(error) },
        }
    }
}

impl<F: Future<Output: Answer>> Sent<'_, F> {
    fn poll(
        mut self: Pin<&mut Self>,
        waiting: Option<&mut Waiting<'_>>,
        context: &mut Context<'_>,
    ) -> Poll<QueryResult<<F::Output as Answer>::Success>> {
        let waiting = match self.as_mut().project() {
            SentProjection::Refused { error } => return Poll::Ready(Err(error.take().expect(READY))),
            SentProjection::Sent { .. } => waiting.expect(READY),
        };
        waiting.begun();
        loop {
            let SentProjection::Sent {
                mut future,
                resend,
                first_error,
            } = self.as_mut().project()
            else {
                unreachable!("a refused query returned above");
            };
            let error = match ready!(future.as_mut().poll(context)).into_result() {
                Ok(success) => return Poll::Ready(Ok(success)),
                Err(error) => error,
            };
            let is_outdated = waiting.failed(&error);
            match resend.take() {
                Some(resend) if is_outdated => {
                    *first_error = Some(error);
                    future.set(resend());
                }
                // The second attempt could not succeed, in a transaction that was begun by raw SQL, or for a type that
                // no longer exists.
                _ => {
                    return Poll::Ready(Err(first_error
                        .take()
                        .filter(|_| tells_nothing(&error))
                        .unwrap_or(error)));
                }
            }
        }
    }
}

/// Whether an error of the second attempt is only a consequence of the first attempt's error.
fn tells_nothing(error: &Error) -> bool {
    match error {
        Error::NotFound => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            information.message().contains("current transaction is aborted")
        }
        _ => false,
    }
}

impl<'conn, F> ExecuteFuture<'conn, F> {
    pub(super) fn new(waiting: Waiting<'conn>, sent: QueryResult<(F, Option<Resend<'conn, F>>)>) -> Self {
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
    pub(super) fn new(waiting: Waiting<'conn>, sent: QueryResult<(F, Option<Resend<'conn, F>>)>) -> Self {
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
