//! The queue of a connection, which leads to whatever thread works on it.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use diesel::{ConnectionError, ConnectionResult, QueryResult, SqliteConnection, result::DatabaseErrorKind};
use tokio::sync::oneshot;

use super::{
    Attached,
    job::{Job, ended, error_of, give_answer, message_of},
    threads,
    worker::Worker,
};

/// How many jobs wait at most. A statement waits only behind others whose futures were dropped.
const LONGEST: usize = 64;

/// What both sides see.
#[derive(Default)]
pub(super) struct Shared {
    /// The connection is closed, or about to be.
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

/// What is to be done on a connection: one job after the other, by one thread at a time.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Locked by the thread that works on the connection.
    connection: Mutex<Connection>,
}

struct State {
    jobs: VecDeque<Box<dyn Job>>,
    /// A thread works on the connection, or is about to. It does all that is in the queue before it leaves.
    is_worked_on: bool,
    /// Nothing is sent any more. The thread that works on the connection closes it.
    is_closed: bool,
}

enum Connection {
    Unopened(Box<dyn FnOnce() -> Option<Worker> + Send>, oneshot::Sender<()>),
    Open(Opened),
    Closed,
}

/// Fields are dropped in their order.
struct Opened {
    worker: Worker,
    /// When this is dropped, everybody learns that the connection is closed.
    _closing: oneshot::Sender<()>,
}

impl Connection {
    fn open(&mut self) {
        *self = match std::mem::replace(self, Self::Closed) {
            Self::Unopened(open, closing) => match open() {
                Some(worker) => Self::Open(Opened {
                    worker,
                    _closing: closing,
                }),
                None => Self::Closed,
            },
            other => other,
        };
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is in the queue, and closes the connection if nobody can send anything any more. The answer to the last
    /// job is left to the caller.
    pub(super) fn work(&self) -> Option<Box<dyn Job>> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.open();
        let mut last = None;
        while let Connection::Open(Opened { worker, .. }) = &mut *connection
            && !worker.is_broken()
        {
            let mut state = self.state();
            let Some(mut job) = state.jobs.pop_front() else {
                if state.is_closed {
                    break;
                }
                state.is_worked_on = false;
                return last;
            };
            drop(state);
            if let Some(done) = last.take() {
                give_answer(done);
            }
            job.run(worker);
            last = Some(job);
        }
        let mut state = self.state();
        state.is_closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        // Their futures learn that the connection is closed.
        drop(jobs);
        if let Connection::Open(Opened { worker, .. }) = &*connection {
            worker.shared().end();
        }
        *connection = Connection::Closed;
        last
    }
}

/// The right to send jobs to a connection. When it is dropped, a thread does what is in the queue, and closes the
/// connection; nobody waits for that.
pub(super) struct Sender {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
}

/// A connection that a thread is about to open.
pub(super) struct Opening {
    pub(super) sender: Sender,
    /// Whether it could be opened.
    pub(super) opened: oneshot::Receiver<ConnectionResult<()>>,
    /// Ends when the connection is closed.
    pub(super) closed: oneshot::Receiver<()>,
}

impl Sender {
    /// Has a thread open a connection.
    pub(super) fn open<F>(open: F) -> ConnectionResult<Opening>
    where
        F: FnOnce() -> ConnectionResult<SqliteConnection> + Send + 'static,
    {
        let (answer, opened) = oneshot::channel();
        let (closing, closed) = oneshot::channel();
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let open = move || {
            let (worker, result) = match catch_unwind(AssertUnwindSafe(open)) {
                Ok(Ok(connection)) => (Some(Worker::new(connection, seen)), Ok(())),
                Ok(Err(error)) => (None, Err(error)),
                Err(panic) => (None, Err(ConnectionError::BadConnection(message_of(&*panic)))),
            };
            _ = answer.send(result);
            worker
        };
        let queue = Arc::new(Queue {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                is_worked_on: true,
                is_closed: false,
            }),
            connection: Mutex::new(Connection::Unopened(Box::new(open), closing)),
        });
        threads::work_on(Arc::clone(&queue)).map_err(|error| ConnectionError::BadConnection(no_thread(&error)))?;
        Ok(Opening {
            sender: Self { queue, shared },
            opened,
            closed,
        })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Puts a job at the end of the queue.
    pub(super) fn send(&self, job: Box<dyn Job>) -> QueryResult<()> {
        let mut state = self.queue.state();
        if state.is_closed {
            return Err(ended());
        }
        if state.jobs.len() >= LONGEST {
            return Err(error_of(
                DatabaseErrorKind::UnableToSendCommand,
                "the connection is busy with statements that were given up".into(),
            ));
        }
        state.jobs.push_back(job);
        if std::mem::replace(&mut state.is_worked_on, true) {
            return Ok(());
        }
        drop(state);
        threads::work_on(Arc::clone(&self.queue)).map_err(|error| {
            let mut state = self.queue.state();
            state.is_worked_on = false;
            let jobs = std::mem::take(&mut state.jobs);
            drop(state);
            drop(jobs);
            error_of(DatabaseErrorKind::UnableToSendCommand, no_thread(&error))
        })
    }
}

fn no_thread(error: &io::Error) -> String {
    format!("the system gives no thread for the connection: {error}")
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.is_closed = true;
        if !std::mem::replace(&mut state.is_worked_on, true) {
            drop(state);
            // Without a thread, the connection is closed here.
            _ = threads::work_on(Arc::clone(&self.queue));
        }
    }
}
