//! Whether a process hears what other processes do to tenants, and how far it is behind.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What a listener notes of itself.
#[derive(Debug)]
pub(crate) struct Hearing {
    started: Instant,
    /// When it last knew that it had missed nothing, in microseconds from the start; 0 if it never did.
    certain: AtomicU64,
    is_connected: AtomicBool,
    connections: AtomicU64,
    heard: AtomicU64,
}

impl Default for Hearing {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            certain: AtomicU64::new(0),
            is_connected: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            heard: AtomicU64::new(0),
        }
    }
}

impl Hearing {
    /// It listens from now on.
    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
        self.is_connected.store(true, Relaxed);
        self.certain();
    }

    /// It heard of a change.
    pub(crate) fn heard(&self) {
        self.heard.fetch_add(1, Relaxed);
        self.certain();
    }

    /// It has just seen that it misses nothing.
    pub(crate) fn certain(&self) {
        let now = self.started.elapsed().as_micros() as u64;
        self.certain.store(now.max(1), Relaxed);
    }

    /// It hears nothing from now on.
    pub(crate) fn lost(&self) {
        self.is_connected.store(false, Relaxed);
    }

    /// The figures now; `None` if nobody ever listened.
    pub(crate) fn read(&self) -> Option<ListenerStatistics> {
        let certain = self.certain.load(Relaxed);
        (certain > 0).then(|| ListenerStatistics {
            is_connected: self.is_connected.load(Relaxed),
            lag: self.started.elapsed().saturating_sub(Duration::from_micros(certain)),
            connections: self.connections.load(Relaxed),
            heard: self.heard.load(Relaxed),
        })
    }
}

/// How a process hears of what other processes do to tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerStatistics {
    /// Whether it listens now.
    pub is_connected: bool,
    /// How long ago it last knew that it had missed nothing. On PostgreSQL a silent connection is tested every 15
    /// seconds, so the lag is up to that while all is well, and grows while the server can't be reached. MySQL's and
    /// SQLite's pools look twice a second or more often.
    pub lag: Duration,
    /// How many times it began to listen.
    pub connections: u64,
    /// How many changes it heard of.
    pub heard: u64,
}
