//! The thread of a connection, and the queue that leads to it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
};

use diesel::{
    ConnectionError, ConnectionResult, QueryResult, SqliteConnection,
    result::{DatabaseErrorKind, Error},
};
use tokio::sync::oneshot;

use super::{Attached, worker::Worker};

/// What the thread does next. It answers by itself.
pub(super) type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// How many jobs wait at most. A statement waits only behind others whose futures were dropped.
const QUEUE: usize = 64;

/// What both sides see.
#[derive(Default)]
pub(super) struct Shared {
    /// The thread has ended, or is about to.
    has_ended: AtomicBool,
    /// Raw SQL has begun a transaction that is still open.
    is_begun_by_hand: AtomicBool,
    attached: Mutex<Vec<Attached>>,
}

impl Shared {
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Relaxed)
    }

    pub(super) fn end(&self) {
        self.has_ended.store(true, Relaxed);
    }

    pub(super) fn is_begun_by_hand(&self) -> bool {
        self.is_begun_by_hand.load(Relaxed)
    }

    pub(super) fn set_begun_by_hand(&self, is_begun: bool) {
        self.is_begun_by_hand.store(is_begun, Relaxed);
    }

    /// The attached files, in the order of their attachment. Held for a moment only: nothing is run meanwhile.
    pub(super) fn attached(&self) -> MutexGuard<'_, Vec<Attached>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to a connection's thread. When it is dropped, the thread finishes what it does, closes the connection and
/// ends; nobody waits for that.
pub(super) struct Thread {
    queue: SyncSender<Job>,
    shared: Arc<Shared>,
    /// Ends when the connection is closed.
    closed: oneshot::Receiver<()>,
}

impl Thread {
    /// Starts a thread, which opens the connection.
    pub(super) async fn start<F>(open: F) -> ConnectionResult<Self>
    where
        F: FnOnce() -> ConnectionResult<SqliteConnection> + Send + 'static,
    {
        let (queue, jobs) = sync_channel::<Job>(QUEUE);
        let (opened, answer) = oneshot::channel();
        let (closing, closed) = oneshot::channel();
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let work = move || {
            let connection = match catch_unwind(AssertUnwindSafe(open)) {
                Ok(Ok(connection)) => connection,
                Ok(Err(error)) => return drop(opened.send(Err(error))),
                Err(panic) => return drop(opened.send(Err(ConnectionError::BadConnection(message_of(&*panic))))),
            };
            if opened.send(Ok(())).is_ok() {
                Worker::new(connection, seen).work(&jobs);
            }
            drop(closing);
        };
        std::thread::Builder::new()
            .name("sqlite".into())
            .spawn(work)
            .map_err(|error| ConnectionError::BadConnection(format!("no thread for the connection: {error}")))?;
        let ended = || Err(ConnectionError::BadConnection(ENDED.into()));
        answer.await.unwrap_or_else(|_| ended())?;
        Ok(Self { queue, shared, closed })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Puts a job at the end of the queue.
    pub(super) fn send(&self, job: Job) -> QueryResult<()> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => error_of(
                DatabaseErrorKind::UnableToSendCommand,
                "the connection is busy with statements that were given up".into(),
            ),
            TrySendError::Disconnected(_) => ended(),
        })
    }

    /// Waits until the connection is closed.
    pub(super) async fn close(self) {
        drop(self.queue);
        _ = self.closed.await;
    }
}

const ENDED: &str = "the connection's thread has ended";

/// The error of everything that is sent to a thread that has ended.
pub(super) fn ended() -> Error {
    error_of(DatabaseErrorKind::ClosedConnection, ENDED.into())
}

pub(super) fn error_of(kind: DatabaseErrorKind, message: String) -> Error {
    Error::DatabaseError(kind, Box::new(message))
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

/// A job, and where its answer arrives. If the answer's receiver is dropped before the job begins, it never does.
pub(super) fn job<T, F>(work: F) -> (Job, oneshot::Receiver<QueryResult<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Worker, &mut Asker<T>) + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let job = move |worker: &mut Worker| {
        let mut asker = Asker(Some(sender));
        if asker.has_gone() {
            return;
        }
        let worked = catch_unwind(AssertUnwindSafe(|| work(worker, &mut asker)));
        if let Err(panic) = worked {
            worker.break_down();
            let message = format!("a panic on the connection's thread: {}", message_of(&*panic));
            asker.answer(Err(error_of(DatabaseErrorKind::Unknown, message)));
        }
    };
    (Box::new(job), receiver)
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("not told why").to_owned()
}
