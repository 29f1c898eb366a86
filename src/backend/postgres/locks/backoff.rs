//! The pauses between tries to get a lock.
//!
//! The caller says how long it tries: for an advisory lock the pool's `migration_lock_timeout`, for the tables of a
//! tenant that is dropped or renamed its `Patience`. A migration of all tenants counts its tries for locks on tables
//! instead, whatever time they take (`lock_attempts`).

use std::time::{Duration, Instant};

use super::lock_times::{FIRST_PAUSE, LONGEST_PAUSE};

/// Growing pauses between tries, until the time is over.
pub(crate) struct Backoff {
    started: Instant,
    patience: Duration,
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    /// Each pause is twice the one before, up to the longest.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            started: Instant::now(),
            patience,
            pause: FIRST_PAUSE,
            longest: LONGEST_PAUSE,
        }
    }

    /// Begins with this pause.
    pub(crate) fn beginning_with(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Makes no pause longer than this.
    pub(crate) fn at_most(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Waits before the next try. `false`, at once, if the time is over.
    pub(crate) async fn pause(&mut self) -> bool {
        let left = self.left();
        if left.is_zero() {
            return false;
        }
        self.rest_no_longer_than(left).await;
        true
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits before the next try, even if the time is over.
    pub(crate) async fn rest(&mut self) {
        self.rest_no_longer_than(Duration::MAX).await;
    }

    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.started.elapsed())
    }

    async fn rest_no_longer_than(&mut self, left: Duration) {
        tokio::time::sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(self.longest);
    }
}
