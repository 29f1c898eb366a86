//! The bytes between this client and the server, and whose answer is read next.
//!
//! No task drives a connection: whoever waits for an answer reads from the socket, and hands on what belongs to others.
//! Everything that a later request needs is kept here and not in the futures, so that any future can be dropped at any
//! time: a request that was sent in part is sent to its end by the next one, and an answer that nobody waits for any
//! more is read and discarded before the next answer.

use std::{
    collections::VecDeque,
    io,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::{Buf as _, BufMut as _, BytesMut};
use diesel::{QueryResult, pg::PgNotification};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::{
    answer::{Answer, TransactionStatus},
    progress::{Kind, Progress},
    server_error::{Broken, Failed, ServerError},
};

/// A socket, or TLS over one.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

pub(super) struct Wire {
    state: Mutex<State>,
}

struct State {
    transport: Box<dyn Transport>,
    incoming: BytesMut,
    outgoing: BytesMut,
    /// Something was written that may be held back, by the encryption above the socket.
    is_unflushed: bool,
    /// The requests whose answers are not read to their end, in the order in which they were sent.
    exchanges: VecDeque<Exchange>,
    /// The number of the first of them.
    first: u64,
    /// How many of them the server has answered to the end.
    answered: usize,
    /// The number of the last request that may have begun or ended a transaction.
    last_transaction_change: Option<u64>,
    /// The transaction status in the last ReadyForQuery.
    status: TransactionStatus,
    notifications: VecDeque<PgNotification>,
    listener: Option<Waker>,
    /// Who is woken as soon as the state is unlocked.
    woken: Vec<Waker>,
    /// Why nothing can be written any more. What the server has said may still be read.
    write_error: Option<io::Error>,
    broken: Option<Broken>,
}

/// A request, and what has come of its answer.
struct Exchange {
    progress: Progress,
    /// Read by others, for this one.
    answers: VecDeque<Answer>,
    waker: Option<Waker>,
    /// Nobody waits for the answer any more.
    abandoned: bool,
}

const COPY_REFUSED: &str = "COPY … FROM STDIN is not possible with Diesel";

/// How much room there is to read into.
const READ_AT_ONCE: usize = 8 * 1024;

/// How much is read at once of a large message.
const MOST_AT_ONCE: usize = 64 * 1024;

/// By how much the room for a large message grows at most.
const MOST_ROOM: usize = 16 * 1024 * 1024;

/// A larger buffer than this is not kept for the next message.
const KEPT: usize = 128 * 1024;

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
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            state: Mutex::new(State {
                transport,
                incoming: BytesMut::with_capacity(READ_AT_ONCE),
                outgoing: BytesMut::new(),
                is_unflushed: false,
                exchanges: VecDeque::new(),
                first: 0,
                answered: 0,
                last_transaction_change: None,
                status: TransactionStatus::Idle,
                notifications: VecDeque::new(),
                listener: None,
                woken: Vec::new(),
                write_error: None,
                broken: None,
            }),
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
        let mut state = self.state();
        if let Some(broken) = &state.broken {
            return Err(broken.clone().into_diesel());
        }
        let before = state.outgoing.len();
        if let Err(error) = write(&mut state.outgoing) {
            state.outgoing.truncate(before);
            return Err(error);
        }
        let number = state.first + state.exchanges.len() as u64;
        if kind.may_change_transaction() {
            state.last_transaction_change = Some(number);
        }
        state.exchanges.push_back(Exchange {
            progress: Progress::new(kind),
            answers: VecDeque::new(),
            waker: None,
            abandoned: false,
        });
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

impl State {
    /// Where an exchange is that is not forgotten yet.
    fn index_of(&self, number: u64) -> usize {
        (number - self.first) as usize
    }

    /// Does one step: takes one message, or writes what can be written and reads some more. Ready means that it is worth
    /// looking again. A message that somebody waits for is returned, with the index of the exchange.
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, Answer)>> {
        match self.poll_advance(context) {
            Poll::Ready(Ok(answer)) => Poll::Ready(answer),
            Poll::Ready(Err(error)) => {
                // The server's last words say more than a closed socket.
                self.broken.get_or_insert(error.into());
                self.wake_all();
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// The wakers of all who wait, if the given one is not the only one.
    fn wakers(&self, waker: &Waker) -> Vec<Waker> {
        if self.exchanges.len() < 2 {
            return Vec::new();
        }
        let waiting = self.exchanges.iter().filter_map(|exchange| exchange.waker.clone());
        let mut wakers: Vec<Waker> = waiting.filter(|waiting| !waiting.will_wake(waker)).collect();
        if !wakers.is_empty() {
            wakers.push(waker.clone());
        }
        wakers
    }

    fn poll_advance(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<(usize, Answer)>>> {
        if let Some(answer) = Answer::take(&mut self.incoming)? {
            return Poll::Ready(self.handle(answer));
        }
        // The socket remembers one waker, and whoever has it may do something else before it polls again.
        let together;
        let waker = match self.wakers(context.waker()) {
            wakers if wakers.is_empty() => context.waker(),
            wakers => {
                together = Waker::from(Arc::new(Together(wakers)));
                &together
            }
        };
        let context = &mut Context::from_waker(waker);
        // A server that waits until its answers are read takes nothing in: so this is no reason not to read. Nor is a
        // server that takes nothing in any more, because it has closed the connection, and has said why.
        if let Poll::Ready(Err(error)) = self.poll_flush(context) {
            self.outgoing.clear();
            self.is_unflushed = false;
            self.write_error.get_or_insert(error);
        }
        match (self.poll_read(context), self.write_error.take()) {
            (Poll::Ready(Ok(())), error) => {
                self.write_error = error;
                Poll::Ready(Ok(None))
            }
            (_, Some(error)) | (Poll::Ready(Err(error)), None) => Poll::Ready(Err(error)),
            (Poll::Pending, None) => Poll::Pending,
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_large = self.outgoing.len() > KEPT;
        while !self.outgoing.is_empty() {
            self.is_unflushed = true;
            match Pin::new(&mut *self.transport).poll_write(context, &self.outgoing)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.outgoing.advance(written),
                Poll::Pending => return Poll::Pending,
            }
        }
        if is_large {
            self.outgoing = BytesMut::new();
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut *self.transport).poll_flush(context))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.incoming.is_empty() && self.incoming.capacity() > KEPT {
            self.incoming = BytesMut::with_capacity(READ_AT_ONCE);
        }
        if self.incoming.capacity() - self.incoming.len() < 1024 {
            let room = self.incoming.len().clamp(READ_AT_ONCE, MOST_ROOM);
            self.incoming.reserve(room);
        }
        // Some streams fill all the room with zeros first.
        let mut room = (&mut self.incoming).limit(MOST_AT_ONCE);
        match poll_read_buf(Pin::new(&mut *self.transport), context, &mut room)? {
            Poll::Ready(0) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn handle(&mut self, answer: Answer) -> io::Result<Option<(usize, Answer)>> {
        match answer {
            Answer::Aside => return Ok(None),
            Answer::Notification(notification) => {
                self.notifications.push_back(PgNotification {
                    process_id: notification.process_id(),
                    channel: notification.channel()?.to_owned(),
                    payload: notification.message()?.to_owned(),
                });
                self.woken.extend(self.listener.take());
                return Ok(None);
            }
            _ => {}
        }
        let index = self.answered;
        let Some(exchange) = self.exchanges.get_mut(index) else {
            // Nothing was asked: so the server ends the session, and says why.
            let Answer::Error(error) = answer else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server sent an answer to no request",
                ));
            };
            self.broken.get_or_insert(Broken::Server(error));
            self.wake_all();
            return Ok(None);
        };
        exchange.progress.note(&answer)?;
        let is_abandoned = exchange.abandoned;
        match &answer {
            // Diesel has no rows to give. The server ignores this if it has given up by itself.
            Answer::CopyIn if exchange.progress.kind() == Kind::Simple => {
                frontend::copy_fail(COPY_REFUSED, &mut self.outgoing)?;
                return Ok(None);
            }
            // Nobody knows whether the server has read the end of the request as a part of the rows, and so how many
            // answers there will be.
            Answer::CopyIn => return Err(io::Error::new(io::ErrorKind::Unsupported, COPY_REFUSED)),
            Answer::CopyOut => return Ok(None),
            // The server's last words.
            Answer::Error(error) if error.is_fatal() => {
                self.broken.get_or_insert(Broken::Server(error.clone()));
                self.wake_all();
            }
            Answer::Ready(status) => {
                self.status = *status;
                self.answered += 1;
            }
            _ => {}
        }
        if is_abandoned {
            self.forget_finished();
            return Ok(None);
        }
        Ok(Some((index, answer)))
    }

    /// Keeps a message for the one who waits for it.
    fn hand_on(&mut self, answer: Option<(usize, Answer)>) {
        if let Some((index, answer)) = answer {
            let exchange = &mut self.exchanges[index];
            exchange.answers.push_back(answer);
            self.woken.extend(exchange.waker.take());
        }
    }

    /// Forgets the requests at the front that are answered, and whose answers nobody reads.
    fn forget_finished(&mut self) {
        while self.answered > 0 && self.exchanges.front().is_some_and(|exchange| exchange.abandoned) {
            self.exchanges.pop_front();
            self.first += 1;
            self.answered -= 1;
        }
    }

    fn wake_all(&mut self) {
        for exchange in &mut self.exchanges {
            self.woken.extend(exchange.waker.take());
        }
        self.woken.extend(self.listener.take());
    }
}

/// Wakes all who wait.
struct Together(Vec<Waker>);

impl Wake for Together {
    fn wake(self: Arc<Self>) {
        for waker in &self.0 {
            waker.wake_by_ref();
        }
    }
}
