//! When the workers of a migration stop, in one database or in several.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether further tenants are begun. All workers of one call share it.
pub(in crate::migrations) struct Halt<'a> {
    keep_going: bool,
    stop: &'a (dyn Fn() -> bool + Send + Sync),
    is_stopped: AtomicBool,
}

impl<'a> Halt<'a> {
    pub(in crate::migrations) fn new(keep_going: bool, stop: &'a (dyn Fn() -> bool + Send + Sync)) -> Self {
        Self {
            keep_going,
            stop,
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(in crate::migrations) fn is_stopped(&self) -> bool {
        if (self.stop)() {
            self.stop();
        }
        self.is_stopped.load(Relaxed)
    }

    pub(in crate::migrations) fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }

    /// Stops after a failure, unless the others are to go on.
    pub(in crate::migrations) fn failed(&self) {
        if !self.keep_going {
            self.stop();
        }
    }
}
