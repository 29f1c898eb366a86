//! The bytes between this client and the server, and whose answer is read next.
//!
//! No task drives a connection: whoever waits for an answer reads from the socket, and hands on what belongs to others.
//! Everything that a later request needs is kept here and not in the futures, so that any future can be dropped at any
//! time: a request that was sent in part is sent to its end by the next one, and an answer that nobody waits for any
//! more is read and discarded before the next answer.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Buf as _, BytesMut};
use diesel::{QueryResult, pg::PgNotification};
use postgres_protocol::message::{backend::Message, frontend};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::server_error::{Broken, ServerError};

/// A socket, or TLS over one.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// Where the session stands, by the server's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransactionStatus {
    Idle,
    InTransaction,
    Failed,
}

pub(super) struct Wire {
    state: Mutex<State>,
}

struct State {
    transport: Box<dyn Transport>,
    incoming: BytesMut,
    outgoing: BytesMut,
    /// The requests whose answers are not read to their end, in the order in which they were sent.
    exchanges: VecDeque<Exchange>,
    /// The number of the first of them.
    first: u64,
    /// How many of them the server has answered to the end.
    answered: usize,
    status: TransactionStatus,
    notifications: VecDeque<PgNotification>,
    listener: Option<Waker>,
    broken: Option<Broken>,
}

/// A request, and what has come of its answer.
struct Exchange {
    kind: Kind,
    /// Read by others, for this one.
    messages: VecDeque<Message>,
    waker: Option<Waker>,
    /// Nobody waits for the answer any more.
    abandoned: bool,
}

/// How a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As a text that may hold several statements.
    Simple,
    /// As Parse, Bind, Execute, with a Sync at the end.
    Extended,
}

/// How much room there is to read into.
const READ_AT_ONCE: usize = 8 * 1024;

/// A request that was sent, or will be with the next write. Dropped before its end, its answer is discarded.
pub(super) struct Sent<'a> {
    wire: &'a Wire,
    number: u64,
    finished: bool,
}

impl Wire {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            state: Mutex::new(State {
                transport,
                incoming: BytesMut::with_capacity(READ_AT_ONCE),
                outgoing: BytesMut::new(),
                exchanges: VecDeque::new(),
                first: 0,
                answered: 0,
                status: TransactionStatus::Idle,
                notifications: VecDeque::new(),
                listener: None,
                broken: None,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        state.exchanges.push_back(Exchange {
            kind,
            messages: VecDeque::new(),
            waker: None,
            abandoned: false,
        });
        Ok(Sent {
            wire: self,
            number,
            finished: false,
        })
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
            while state.broken.is_none() && state.advance(&mut context).is_ready() {}
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
            if state.advance(context).is_pending() {
                state.listener = Some(context.waker().clone());
                return Poll::Pending;
            }
        }
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

impl Sent<'_> {
    /// The next message of this request's answer; [`ReadyForQuery`](Message::ReadyForQuery) is the last one.
    pub(super) fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, Broken>> {
        let mut state = self.wire.state();
        loop {
            let index = usize::try_from(self.number - state.first).unwrap_or(usize::MAX);
            let exchange = &mut state.exchanges[index];
            if let Some(message) = exchange.messages.pop_front() {
                exchange.waker = None;
                if matches!(message, Message::ReadyForQuery(_)) {
                    self.finished = true;
                    exchange.abandoned = true;
                    state.forget_finished();
                }
                // The socket knows the waker of the last one who read. That one may not come back.
                if state.exchanges.len() > usize::from(!self.finished) {
                    state.wake_all();
                }
                return Poll::Ready(Ok(message));
            }
            if let Some(broken) = &state.broken {
                self.finished = true;
                return Poll::Ready(Err(broken.clone()));
            }
            if state.advance(context).is_pending() {
                let waker = &mut state.exchanges[index].waker;
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
        }
    }

    /// The next message of this request's answer.
    pub(super) async fn message(&mut self) -> Result<Message, Broken> {
        std::future::poll_fn(|context| self.poll_message(context)).await
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let mut state = self.wire.state();
        let index = usize::try_from(self.number - state.first).unwrap_or(usize::MAX);
        if let Some(exchange) = state.exchanges.get_mut(index) {
            exchange.abandoned = true;
            exchange.messages.clear();
            exchange.waker = None;
        }
        state.forget_finished();
        // The socket may know this request's waker only.
        state.wake_all();
    }
}

impl State {
    /// Does one step: writes what can be written, and handles one message or reads some more. Ready means that it is
    /// worth looking again.
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.poll_advance(context) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(error)) => {
                // The server's last words say more than a closed socket.
                self.broken.get_or_insert(error.into());
                self.wake_all();
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_advance(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(message) = Message::parse(&mut self.incoming)? {
            self.handle(message)?;
            return Poll::Ready(Ok(()));
        }
        // A server that waits until its answers are read takes nothing in: so this is no reason not to read.
        let _ = self.poll_flush(context)?;
        self.poll_read(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.outgoing.is_empty() {
            match Pin::new(&mut *self.transport).poll_write(context, &self.outgoing)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.outgoing.advance(written),
                Poll::Pending => return Poll::Pending,
            }
        }
        // What was sent once, in a batch of rows, need not be kept for ever.
        if self.outgoing.capacity() > 16 * READ_AT_ONCE {
            self.outgoing = BytesMut::new();
        }
        Pin::new(&mut *self.transport).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.incoming.capacity() - self.incoming.len() < 1024 {
            self.incoming.reserve(READ_AT_ONCE);
        }
        match poll_read_buf(Pin::new(&mut *self.transport), context, &mut self.incoming)? {
            Poll::Ready(0) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn handle(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::NoticeResponse(_) | Message::ParameterStatus(_) => return Ok(()),
            Message::NotificationResponse(notification) => {
                self.notifications.push_back(PgNotification {
                    process_id: notification.process_id(),
                    channel: notification.channel()?.to_owned(),
                    payload: notification.message()?.to_owned(),
                });
                wake(&mut self.listener);
                return Ok(());
            }
            _ => {}
        }
        let Some(exchange) = self.exchanges.get_mut(self.answered) else {
            // Nothing was asked: so the server ends the session, and says why.
            if let Message::ErrorResponse(body) = &message {
                self.broken
                    .get_or_insert(Broken::Server(Box::new(ServerError::of(body)?)));
                self.wake_all();
                return Ok(());
            }
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server sent an answer to no request",
            ));
        };
        match &message {
            Message::CopyInResponse(_) => {
                // Diesel has no rows to give. In the extended protocol the server ignored the Sync that came after.
                frontend::copy_fail("COPY … FROM STDIN is not supported here", &mut self.outgoing)?;
                if exchange.kind == Kind::Extended {
                    frontend::sync(&mut self.outgoing);
                }
                return Ok(());
            }
            Message::CopyOutResponse(_) | Message::CopyData(_) | Message::CopyDone => return Ok(()),
            Message::ReadyForQuery(ready) => {
                self.status = match ready.status() {
                    b'I' => TransactionStatus::Idle,
                    b'T' => TransactionStatus::InTransaction,
                    _ => TransactionStatus::Failed,
                };
                self.answered += 1;
            }
            _ => {}
        }
        if exchange.abandoned {
            self.forget_finished();
        } else {
            exchange.messages.push_back(message);
            wake(&mut exchange.waker);
        }
        Ok(())
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
            wake(&mut exchange.waker);
        }
        wake(&mut self.listener);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
