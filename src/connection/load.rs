use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use diesel::{QueryResult, result::Error};
use pin_project_lite::pin_project;

use super::session::Waiting;

pin_project! {
    /// The answer to a query: an error of the translation, or what the connection below answers.
    ///
    /// Dropped before the answer, it leaves a note on the connection, so that a pool doesn't hand out one that is busy
    /// with a query that nobody waits for.
    #[must_use = "futures do nothing unless polled"]
    pub struct LoadFuture<'conn, F> {
        #[pin]
        state: State<F>,
        waiting: Waiting<'conn>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Refused { error: Option<Error> },
        Sent { #[pin] future: F },
    }
}

impl<'conn, F> LoadFuture<'conn, F> {
    pub(super) fn new(waiting: Waiting<'conn>, sent: QueryResult<F>) -> Self {
        let state = match sent {
            Ok(future) => State::Sent { future },
            Err(error) => State::Refused { error: Some(error) },
        };
        Self { state, waiting }
    }
}

impl<F> Future for LoadFuture<'_, F>
where
    F: Future<Output: FromError>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.state.project() {
            StateProjection::Refused { error } => {
                let error = error.take().expect("a future must not be polled after it is ready");
                Poll::Ready(F::Output::from_error(error))
            }
            StateProjection::Sent { future } => {
                this.waiting.begun();
                let answer = ready!(future.poll(context));
                this.waiting.answered();
                Poll::Ready(answer)
            }
        }
    }
}

/// A result that can be an error of Diesel's.
///
/// It keeps the type of the success out of the future's own: named there, its lifetimes make nested transactions "not
/// general enough" to the compiler.
pub trait FromError {
    #[doc(hidden)]
    fn from_error(error: Error) -> Self;
}

impl<T> FromError for QueryResult<T> {
    fn from_error(error: Error) -> Self {
        Err(error)
    }
}
