//! The replicas of one database, and which of them serves the next checkout.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// How long a server is left alone after it could not be connected to.
const REST: Duration = Duration::from_secs(5);

/// The replicas of one database.
pub(crate) struct Replicas<U> {
    all: Vec<Replica<U>>,
    next: AtomicUsize,
    /// The rest of the database itself, after it could not be asked.
    pub(crate) rest: Rest,
}

pub(crate) struct Replica<U> {
    pub(crate) name: Arc<str>,
    pub(crate) url: U,
    pub(crate) rest: Rest,
}

/// How long a server that could not be connected to is still left alone.
#[derive(Default)]
pub(crate) struct Rest(Mutex<Option<Instant>>);

impl<U> Replicas<U> {
    pub(crate) fn new(name: &str, urls: Vec<U>) -> Self {
        let replica = |(index, url)| Replica {
            name: format!("{name} {}", index + 1).into(),
            url,
            rest: Rest::default(),
        };
        Self {
            all: urls.into_iter().enumerate().map(replica).collect(),
            next: AtomicUsize::new(0),
            rest: Rest::default(),
        }
    }

    /// Each replica that isn't resting, once; each call starts with another replica.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = (&Self, &Replica<U>)> {
        let first = self.next.fetch_add(1, Relaxed);
        let count = self.all.len();
        let turn = (0..count).map(move |index| &self.all[(first % count + index) % count]);
        turn.filter(|replica| replica.rest.may_be_tried())
            .map(move |replica| (self, replica))
    }
}

impl Rest {
    /// Whether the server may be tried. After its rest, only one caller tries it; the others treat it as resting until
    /// that attempt ends.
    pub(crate) fn may_be_tried(&self) -> bool {
        let mut rests_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                *rests_until = Some(now + REST);
                true
            }
            None => true,
        }
    }

    /// Ends the rest: the server answered.
    pub(crate) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Begins a rest: the server could not be connected to.
    pub(crate) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
    }
}
