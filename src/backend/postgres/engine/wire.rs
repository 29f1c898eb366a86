//! The bytes between this client and the server, and whose answer is read next.
//!
//! No task drives a connection: whoever waits for an answer reads from the socket, and hands on what belongs to others.
//! Everything that a later request needs is kept here and not in the futures, so that any future can be dropped at any
//! time: a request that was sent in part is sent to its end by the next one, and an answer that nobody waits for any
//! more is read and discarded before the next answer.

use std::{
    io,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::{Mutex, MutexGuard},
    task::{Context, Poll, Waker, ready},
};

use bytes::BytesMut;
use diesel::{QueryResult, pg::PgNotification};
use postgres_protocol::message::frontend;

use super::{
    answer::Answer,
    binds::not_sendable,
    progress::Kind,
    server_error::{Broken, Failed, ServerError},
    settings::Settings,
    transaction_state::TransactionStatus,
    wire_state::{Exchange, State, Transport},
};

pub(super) struct Wire {
    state: Mutex<State>,
}

/// How many messages of abandoned answers are read to find out whether a connection is well.
const MOST_STEPS: usize = 1000;

/// A request that was sent, or will be with the next write. Dropped before its end, its answer is discarded.
pub(super) struct Sent<'a> {
    wire: &'a Wire,
    number: u64,
    /// Told when the server is ready for the next request: until then it may still be at work.
    error: Option<Box<ServerError>>,
    finished: bool,
}

impl Wire {
    pub(super) fn new(transport: Box<dyn Transport>, settings: Settings) -> Self {
        Self {
            state: Mutex::new(State::new(transport, settings)),
        }
    }

    fn state(&self) -> Locked<'_> {
        Locked(Some(self.state.lock().unwrap_or_else(|poisoned| {
            // Nobody knows what was sent.
            let mut state = poisoned.into_inner();
            let reason = io::Error::other("a panic interrupted the connection");
            state.broken.get_or_insert(reason.into());
            state
        })))
    }

    /// Queues a request, which `write` puts into the protocol's form. Nothing is queued if that fails.
    pub(super) fn send(
        &self,
        kind: Kind,
        write: impl FnOnce(&mut BytesMut) -> QueryResult<()>,
    ) -> QueryResult<Sent<'_>> {
        self.send_behind(|_| None, kind, write)
    }

    /// Queues a request behind statements that the status of the transaction asks for, and whose answer nobody reads.
    pub(super) fn send_behind(
        &self,
        ahead: impl FnOnce(TransactionStatus) -> Option<&'static str>,
        kind: Kind,
        write: impl FnOnce(&mut BytesMut) -> QueryResult<()>,
    ) -> QueryResult<Sent<'_>> {
        let mut state = self.state();
        if let Some(broken) = &state.broken {
            return Err(broken.clone().into_diesel());
        }
        let before = state.outgoing.len();
        // What is on its way is taken to succeed: if it fails, this request fails too, and nothing is undone unseen.
        let is_answered = state.exchanges.len() == state.answered;
        let ahead = ahead(if is_answered {
            state.status
        } else {
            TransactionStatus::InTransaction
        });
        let written = match ahead {
            Some(sql) => frontend::query(sql, &mut state.outgoing).map_err(not_sendable),
            None => Ok(()),
        };
        if let Err(error) = written.and_then(|()| write(&mut state.outgoing)) {
            state.outgoing.truncate(before);
            return Err(error);
        }
        if ahead.is_some() {
            state.exchanges.push_back(Exchange::of_nobody(Kind::Simple));
        }
        let number = state.first + state.exchanges.len() as u64;
        if kind.may_change_transaction() {
            state.last_transaction_change = Some(number);
        }
        state.exchanges.push_back(Exchange::new(kind));
        Ok(Sent {
            wire: self,
            number,
            error: None,
            finished: false,
        })
    }

    /// Whether a transaction may have begun or ended by a request that was sent after the one with this number.
    pub(super) fn may_have_changed_transaction_since(&self, number: u64) -> bool {
        self.state()
            .last_transaction_change
            .is_some_and(|changed| changed > number)
    }

    /// Whether a request that was given up may begin or end a transaction, and is not answered yet.
    pub(super) fn is_in_doubt(&self) -> bool {
        let state = self.state();
        let mut unanswered = state.exchanges.iter().skip(state.answered);
        unanswered.any(|exchange| exchange.progress.kind().may_change_transaction())
    }

    pub(super) fn status(&self) -> TransactionStatus {
        self.state().status
    }

    /// The status before the last request that was answered.
    pub(super) fn status_before(&self) -> TransactionStatus {
        self.state().status_before
    }

    /// Whether everything that was sent is answered, and the answers are read, or never will be.
    pub(super) fn is_at_rest(&self) -> bool {
        let state = self.state();
        state.exchanges.is_empty() || state.broken.is_some()
    }

    /// Takes the settings that the session has now for its own.
    pub(super) fn take_over_settings(&self) {
        self.state().settings.take_over();
    }

    /// Whether the server has told of another setting since then, or of news from a channel that nobody took.
    pub(super) fn has_leftovers(&self) -> bool {
        let state = self.state();
        state.settings.have_changed() || !state.notifications.is_empty()
    }

    /// Whether nothing can be sent any more, as far as has been heard.
    pub(super) fn is_broken(&self) -> bool {
        let mut state = self.state();
        let mut context = Context::from_waker(Waker::noop());
        // Someone who waits for an answer reads for themselves, and would lose their waker here.
        if state.exchanges.iter().all(|exchange| exchange.abandoned) {
            for _ in 0..MOST_STEPS {
                match state.advance(&mut context) {
                    Poll::Ready(other) if state.broken.is_none() => state.hand_on(other),
                    _ => break,
                }
            }
        }
        state.broken.is_some()
    }

    /// The next notification of a channel that the session listens to.
    pub(super) fn poll_notification(&self, context: &mut Context<'_>) -> Poll<Result<PgNotification, Broken>> {
        let mut state = self.state();
        loop {
            if let Some(notification) = state.notifications.pop_front() {
                return Poll::Ready(Ok(notification));
            }
            if let Some(broken) = &state.broken {
                return Poll::Ready(Err(broken.clone()));
            }
            match state.advance(context) {
                Poll::Ready(other) => state.hand_on(other),
                Poll::Pending => {
                    state.listener = Some(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }

    /// Gives the connection up, because the server's messages make no sense.
    pub(super) fn give_up(&self, reason: &str) -> Broken {
        let mut state = self.state();
        let error = io::Error::new(io::ErrorKind::InvalidData, reason);
        let broken = state.broken.get_or_insert(error.into()).clone();
        state.wake_all();
        broken
    }

    /// Tells the server that the session ends, without waiting.
    pub(super) fn terminate(&self) {
        let mut state = self.state();
        if state.broken.is_some() || !state.exchanges.is_empty() {
            return;
        }
        frontend::terminate(&mut state.outgoing);
        let mut context = Context::from_waker(Waker::noop());
        let _ = state.poll_flush(&mut context);
        let _ = Pin::new(&mut *state.transport).poll_shutdown(&mut context);
    }
}

/// The state while it is locked. Wakers are woken afterwards: who is woken may want the state.
struct Locked<'a>(Option<MutexGuard<'a, State>>);

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.0.as_ref().expect("it is locked until it is dropped")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.0.as_mut().expect("it is locked until it is dropped")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let woken = std::mem::take(&mut self.woken);
        self.0 = None;
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Sent<'_> {
    /// Stands for this request in [`Wire::may_have_changed_transaction_since`].
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next message of the answer to this request; [`Ready`](Answer::Ready), or why the request failed, is the last
    /// one.
    pub(super) fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer, Failed>> {
        loop {
            let message = ready!(self.poll_message(context));
            return Poll::Ready(match (message, self.error.take()) {
                (Ok(Answer::Error(error)), first) => {
                    self.error = Some(first.unwrap_or(error));
                    continue;
                }
                (Ok(Answer::Ready(status)), Some(error)) => Err(Failed::Refused(error, Some(status))),
                (Err(_), Some(error)) => Err(Failed::Refused(error, None)),
                (Err(broken), None) => Err(Failed::Broken(broken)),
                (Ok(answer), error) => {
                    self.error = error;
                    Ok(answer)
                }
            });
        }
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Answer, Broken>> {
        let mut state = self.wire.state();
        loop {
            let index = state.index_of(self.number);
            let answer = match state.exchanges[index].answers.pop_front() {
                Some(answer) => answer,
                None => {
                    if let Some(broken) = &state.broken {
                        self.finished = true;
                        return Poll::Ready(Err(broken.clone()));
                    }
                    match state.advance(context) {
                        Poll::Ready(Some((to, answer))) if to == index => answer,
                        Poll::Ready(other) => {
                            state.hand_on(other);
                            continue;
                        }
                        Poll::Pending => {
                            let waker = &mut state.exchanges[index].waker;
                            match waker {
                                Some(waker) => waker.clone_from(context.waker()),
                                None => *waker = Some(context.waker().clone()),
                            }
                            return Poll::Pending;
                        }
                    }
                }
            };
            state.exchanges[index].waker = None;
            if let Answer::Ready(_) = answer {
                self.finished = true;
                state.exchanges[index].abandoned = true;
                state.forget_finished();
            }
            // The socket knows the waker of the last one who read. That one may not come back.
            if state.exchanges.len() > usize::from(!self.finished) {
                state.wake_all();
            }
            return Poll::Ready(Ok(answer));
        }
    }

    /// The next message of the answer to this request.
    pub(super) async fn answer(&mut self) -> Result<Answer, Failed> {
        std::future::poll_fn(|context| self.poll_answer(context)).await
    }

    /// Waits until the server is ready for the next request, whatever it answers to this one.
    pub(super) async fn end(mut self) -> Result<(), Failed> {
        while !matches!(self.answer().await?, Answer::Ready(_)) {}
        Ok(())
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let mut state = self.wire.state();
        let index = state.index_of(self.number);
        let exchange = &mut state.exchanges[index];
        exchange.abandoned = true;
        exchange.answers.clear();
        exchange.waker = None;
        state.forget_finished();
        // The socket may know this request's waker only.
        state.wake_all();
    }
}

#[cfg(test)]
mod tests;
