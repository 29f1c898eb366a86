//! The threads on which connections work: one for each connection that is at work, and none for one that is idle.
//!
//! A thread that has nothing to do any more looks for more work for a moment before it sleeps. To wake a thread costs
//! more than most statements, and the next statement often comes within microseconds. One thread at a time looks.

use std::{
    io,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{job::give_answer, queue::Queue};

/// How long a thread without work is kept.
const KEPT: Duration = Duration::from_secs(10);

static THREADS: LazyLock<Threads> = LazyLock::new(|| Threads {
    idle: Mutex::default(),
    is_one_looking: AtomicBool::new(false),
    looks: match thread::available_parallelism() {
        // While a thread looks for work, nobody could bring any.
        Ok(cores) if cores.get() == 1 => 0,
        _ => 1_000,
    },
});

struct Threads {
    /// The one that was busy last at the end: it is the most likely to be awake, and its memory to be in the cache.
    idle: Mutex<Vec<Arc<Seat>>>,
    is_one_looking: AtomicBool,
    looks: u32,
}

/// How often a thread lets others go first before it sleeps.
const YIELDS: u32 = 2;

/// The place where a thread waits for a connection to work on.
struct Seat {
    thread: Thread,
    is_given: AtomicBool,
    queue: Mutex<Option<Arc<Queue>>>,
}

/// Has a thread do what is in a connection's queue.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn work_on(queue: Arc<Queue>) -> io::Result<()> {
    let idle = THREADS.idle().pop();
    match idle {
        Some(seat) => {
            seat.give(queue);
            Ok(())
        }
        None => thread::Builder::new()
            .name("sqlite".into())
            .spawn(move || work(queue))
            .map(drop),
    }
}

fn work(mut queue: Arc<Queue>) {
    let seat = Arc::new(Seat {
        thread: thread::current(),
        is_given: AtomicBool::new(false),
        queue: Mutex::default(),
    });
    loop {
        let last = queue.work();
        drop(queue);
        // Whoever gets the answer finds a thread that is free.
        THREADS.idle().push(Arc::clone(&seat));
        if let Some(done) = last {
            give_answer(done);
        }
        queue = match THREADS.wait(&seat) {
            Some(queue) => queue,
            None => return,
        };
    }
}

impl Threads {
    fn idle(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next connection to work on; `None` if there is none for a long time.
    fn wait(&self, seat: &Arc<Seat>) -> Option<Arc<Queue>> {
        self.look(seat);
        let until = Instant::now() + KEPT;
        while !seat.is_given() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() && self.leave(seat) {
                return None;
            }
            // Whoever has taken the seat is about to give it something.
            thread::park_timeout(left.max(Duration::from_millis(1)));
        }
        seat.take()
    }

    /// Waits for a moment without going to sleep.
    fn look(&self, seat: &Seat) {
        if self.is_one_looking.swap(true, Acquire) {
            return;
        }
        for _ in 0..self.looks {
            if seat.is_given() {
                break;
            }
            std::hint::spin_loop();
        }
        for _ in 0..YIELDS {
            if seat.is_given() {
                break;
            }
            thread::yield_now();
        }
        self.is_one_looking.store(false, Release);
    }

    /// Whether nobody has taken the seat, which nobody can take any more.
    fn leave(&self, seat: &Arc<Seat>) -> bool {
        let mut idle = self.idle();
        let place = idle.iter().position(|other| Arc::ptr_eq(other, seat));
        place.map(|place| idle.remove(place)).is_some()
    }
}

impl Seat {
    fn give(&self, queue: Arc<Queue>) {
        *self.queue() = Some(queue);
        self.is_given.store(true, Release);
        // Costs nothing while the thread is awake.
        self.thread.unpark();
    }

    fn is_given(&self) -> bool {
        self.is_given.load(Acquire)
    }

    fn take(&self) -> Option<Arc<Queue>> {
        self.is_given.store(false, Release);
        self.queue().take()
    }

    fn queue(&self) -> MutexGuard<'_, Option<Arc<Queue>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
