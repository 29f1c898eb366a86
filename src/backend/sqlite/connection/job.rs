//! What a connection is asked to do, and how the answer gets to whoever asks.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error},
};
use tokio::sync::oneshot;

use super::worker::Worker;

/// What a connection is asked to do. The answer is given apart, so that the thread is free when it comes.
pub(super) trait Job: Send {
    /// Does it, unless nobody waits for the answer any more.
    fn run(&mut self, worker: &mut Worker);

    /// Gives the answer, unless it was given.
    fn answer(self: Box<Self>);
}

/// Whoever waits for a job's answer, if still there.
pub(super) struct Asker<T>(Option<oneshot::Sender<QueryResult<T>>>);

impl<T> Asker<T> {
    /// Whether the future that waited for the answer was dropped.
    pub(super) fn has_gone(&self) -> bool {
        self.0.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Gives the answer, the first time it is called. Whether somebody got it.
    pub(super) fn answer(&mut self, answer: QueryResult<T>) -> bool {
        self.0.take().is_some_and(|sender| sender.send(answer).is_ok())
    }
}

/// Work whose answer somebody waits for.
struct Asked<T, F> {
    work: Option<F>,
    asker: Asker<T>,
    answer: Option<QueryResult<T>>,
}

/// A job, and where its answer arrives. If the answer's receiver is dropped before the job begins, it never does. Work
/// that has given its answer to the [`Asker`] returns none.
pub(super) fn job<T, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<QueryResult<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Worker, &mut Asker<T>) -> Option<QueryResult<T>> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let job = Asked {
        work: Some(work),
        asker: Asker(Some(sender)),
        answer: None,
    };
    (Box::new(job), receiver)
}

impl<T, F> Job for Asked<T, F>
where
    T: Send,
    F: FnOnce(&mut Worker, &mut Asker<T>) -> Option<QueryResult<T>> + Send,
{
    fn run(&mut self, worker: &mut Worker) {
        let Self { work, asker, answer } = self;
        let Some(work) = work.take().filter(|_| !asker.has_gone()) else {
            return;
        };
        *answer = catch_unwind(AssertUnwindSafe(|| work(worker, asker))).unwrap_or_else(|panic| {
            worker.break_down();
            let message = format!("a panic on the connection's thread: {}", message_of(&*panic));
            Some(Err(error_of(DatabaseErrorKind::Unknown, message)))
        });
    }

    fn answer(mut self: Box<Self>) {
        if let Some(answer) = self.answer.take() {
            self.asker.answer(answer);
        }
    }
}

/// Gives a job's answer. That wakes a task, by code that isn't ours.
pub(super) fn give_answer(job: Box<dyn Job>) {
    _ = catch_unwind(AssertUnwindSafe(|| job.answer()));
}

struct Unasked<F>(Option<F>);

/// A job that nobody waits for.
pub(super) fn unasked(work: impl FnOnce(&mut Worker) + Send + 'static) -> Box<dyn Job> {
    Box::new(Unasked(Some(work)))
}

impl<F: FnOnce(&mut Worker) + Send> Job for Unasked<F> {
    fn run(&mut self, worker: &mut Worker) {
        if let Some(work) = self.0.take() {
            work(worker);
        }
    }

    fn answer(self: Box<Self>) {}
}

const ENDED: &str = "the connection is closed";

/// The error of everything that is sent to a connection that is closed.
pub(super) fn ended() -> Error {
    error_of(DatabaseErrorKind::ClosedConnection, ENDED.into())
}

pub(super) fn error_of(kind: DatabaseErrorKind, message: String) -> Error {
    Error::DatabaseError(kind, Box::new(message))
}

pub(super) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("not told why").to_owned()
}
