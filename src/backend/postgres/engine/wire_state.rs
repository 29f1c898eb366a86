//! What is on its way between this client and the server: one step reads one message, or writes and reads some bytes.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::{Buf as _, BufMut as _, BytesMut};
use diesel::pg::PgNotification;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::{
    answer::Answer,
    progress::{Kind, Progress},
    server_error::Broken,
    settings::Settings,
    transaction_state::TransactionStatus,
};

/// A socket, or TLS over one.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// What is known of the connection, and what is on its way.
pub(super) struct State {
    pub(super) transport: Box<dyn Transport>,
    pub(super) incoming: BytesMut,
    pub(super) outgoing: BytesMut,
    /// Something was written that may be held back, by the encryption above the socket.
    pub(super) is_unflushed: bool,
    /// The requests whose answers are not read to their end, in the order in which they were sent.
    pub(super) exchanges: VecDeque<Exchange>,
    /// The number of the first of them.
    pub(super) first: u64,
    /// How many of them the server has answered to the end.
    pub(super) answered: usize,
    /// The number of the last request that may have begun or ended a transaction.
    pub(super) last_transaction_change: Option<u64>,
    /// The transaction status in the last ReadyForQuery.
    pub(super) status: TransactionStatus,
    /// The one in the ReadyForQuery before that.
    pub(super) status_before: TransactionStatus,
    pub(super) settings: Settings,
    pub(super) notifications: VecDeque<PgNotification>,
    pub(super) listener: Option<Waker>,
    /// Who is woken as soon as the state is unlocked.
    pub(super) woken: Vec<Waker>,
    /// What waits to be written took more room than is kept.
    pub(super) outgoing_was_large: bool,
    /// Why nothing can be written any more. What the server has said may still be read.
    pub(super) write_error: Option<io::Error>,
    pub(super) broken: Option<Broken>,
}

/// A request, and what has come of its answer.
pub(super) struct Exchange {
    pub(super) progress: Progress,
    /// Read by others, for this one.
    pub(super) answers: VecDeque<Answer>,
    pub(super) waker: Option<Waker>,
    /// Nobody waits for the answer any more.
    pub(super) abandoned: bool,
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

impl Exchange {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            progress: Progress::new(kind),
            answers: VecDeque::new(),
            waker: None,
            abandoned: false,
        }
    }

    /// A request whose answer nobody waits for.
    pub(super) fn of_nobody(kind: Kind) -> Self {
        Self {
            abandoned: true,
            ..Self::new(kind)
        }
    }
}

impl State {
    pub(super) fn new(transport: Box<dyn Transport>, settings: Settings) -> Self {
        Self {
            transport,
            incoming: BytesMut::with_capacity(READ_AT_ONCE),
            outgoing: BytesMut::new(),
            is_unflushed: false,
            exchanges: VecDeque::new(),
            first: 0,
            answered: 0,
            last_transaction_change: None,
            status: TransactionStatus::Idle,
            status_before: TransactionStatus::Idle,
            settings,
            notifications: VecDeque::new(),
            listener: None,
            woken: Vec::new(),
            outgoing_was_large: false,
            write_error: None,
            broken: None,
        }
    }

    /// Where an exchange is that is not forgotten yet.
    pub(super) fn index_of(&self, number: u64) -> usize {
        (number - self.first) as usize
    }

    /// Does one step: takes one message, or writes what can be written and reads some more. Ready means that it is
    /// worth looking again. A message that somebody waits for is returned, with the index of the exchange.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, Answer)>> {
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
        let before = self.incoming.len();
        if let Some(answer) = Answer::take(&mut self.incoming)? {
            if before > KEPT && self.incoming.len() <= KEPT {
                // The room for a large message goes with the message.
                self.incoming = BytesMut::from(&*self.incoming);
            }
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
            self.write_error = Some(error);
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

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.write_error.is_some() {
            // A message may be written in part, which the next one would complete.
            self.outgoing.clear();
            return Poll::Pending;
        }
        self.outgoing_was_large |= self.outgoing.capacity() > KEPT;
        while !self.outgoing.is_empty() {
            self.is_unflushed = true;
            match Pin::new(&mut *self.transport).poll_write(context, &self.outgoing)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.outgoing.advance(written),
                Poll::Pending => return Poll::Pending,
            }
        }
        if std::mem::take(&mut self.outgoing_was_large) {
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
            Answer::Setting(setting) => {
                self.settings.note(setting.name()?, setting.value()?);
                return Ok(None);
            }
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
                self.status_before = std::mem::replace(&mut self.status, *status);
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
    pub(super) fn hand_on(&mut self, answer: Option<(usize, Answer)>) {
        if let Some((index, answer)) = answer {
            let exchange = &mut self.exchanges[index];
            exchange.answers.push_back(answer);
            self.woken.extend(exchange.waker.take());
        }
    }

    /// Forgets the requests at the front that are answered, and whose answers nobody reads.
    pub(super) fn forget_finished(&mut self) {
        while self.answered > 0 && self.exchanges.front().is_some_and(|exchange| exchange.abandoned) {
            self.exchanges.pop_front();
            self.first += 1;
            self.answered -= 1;
        }
    }

    pub(super) fn wake_all(&mut self) {
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
