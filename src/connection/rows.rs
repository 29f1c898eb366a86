//! The rows of a query. They mark the session if they are dropped before the last row.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use diesel::{QueryResult, result::Error};
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::session::Waiting;

pin_project! {
    /// The rows of a query, as they come from the server.
    ///
    /// They keep the connection in use until the last row. If they are dropped before that, they leave a mark on the
    /// connection: the server may still be sending, and the next checkout should not have to wait.
    #[must_use = "streams do nothing unless polled"]
    pub struct Rows<'conn, S>
    where
        S: Stream,
    {
        #[pin]
        rows: S,
        waiting: Option<Waiting<'conn>>,
    }

    impl<S> PinnedDrop for Rows<'_, S>
    where
        S: Stream,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.waiting.is_none() {
                return;
            }
            // A caller that wants one row stops reading there, when the end of the result has usually arrived as well.
            // But millions of rows may be left.
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..MOST_ROWS_READ {
                match this.rows.as_mut().poll_next(&mut context) {
                    Poll::Ready(Some(_)) => {}
                    Poll::Ready(None) => return this.waiting.take().map_or((), |waiting| waiting.answered(true)),
                    Poll::Pending => return,
                }
            }
        }
    }
}

/// How many rows are read to find the end of a result that the caller has dropped.
const MOST_ROWS_READ: usize = 100;

impl<'conn, S: Stream> Rows<'conn, S> {
    pub(super) fn new(rows: S, mut waiting: Waiting<'conn>) -> Self {
        waiting.between_rows(true);
        Self {
            rows,
            waiting: Some(waiting),
        }
    }
}

impl<S: Stream<Item: RowAnswer>> Stream for Rows<'_, S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = {
            let _span = this.waiting.as_ref().map(|waiting| waiting.span().enter());
            this.rows.poll_next(context)
        };
        if let Some(waiting) = this.waiting {
            waiting.between_rows(polled.is_ready());
        }
        let row = ready!(polled);
        if let (Some(row), Some(waiting)) = (&row, &this.waiting)
            && let Some(error) = row.error()
        {
            waiting.failed_among_rows(error);
        }
        if row.is_none()
            && let Some(waiting) = this.waiting.take()
        {
            waiting.answered(true);
        }
        Poll::Ready(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// A row, or the error in its place.
#[doc(hidden)]
pub trait RowAnswer {
    fn error(&self) -> Option<&Error>;
}

impl<T> RowAnswer for QueryResult<T> {
    fn error(&self) -> Option<&Error> {
        self.as_ref().err()
    }
}
