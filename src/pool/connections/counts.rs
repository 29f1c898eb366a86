//! How many connections a pool has, and how many checkouts wait for one: the figures that an application can show.
//! They are filled in `status` of each kind of pool: `pool/backends`, `blocking/pool`.

#[cfg(any(feature = "blocking", feature = "sqlite"))]
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The pool's connections, and the checkouts that wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The largest number of connections.
    pub max_size: usize,
    /// How many connections there are, checked out or not.
    pub size: usize,
    /// How many connections are free.
    pub available: usize,
    /// How many checkouts are waiting.
    pub waiting: usize,
}

impl PoolStatus {
    pub(crate) fn of(status: deadpool::Status) -> Self {
        let deadpool::Status {
            max_size,
            size,
            available,
            waiting,
        } = status;
        Self {
            max_size,
            size,
            available,
            waiting,
        }
    }
}

/// Counts a checkout that waits, until it is dropped.
#[cfg(any(feature = "blocking", feature = "sqlite"))]
pub(crate) struct WaitingCheckout<'a>(&'a AtomicUsize);

#[cfg(any(feature = "blocking", feature = "sqlite"))]
impl<'a> WaitingCheckout<'a> {
    pub(crate) fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

#[cfg(any(feature = "blocking", feature = "sqlite"))]
impl Drop for WaitingCheckout<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
