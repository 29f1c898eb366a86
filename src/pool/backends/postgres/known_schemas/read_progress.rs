use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// How far the schemas were read.
#[derive(Default)]
pub(super) struct ReadAhead(Mutex<Progress>);

#[derive(Default)]
pub(super) struct Progress {
    /// Schemas that were looked up one by one since some were looked up together.
    pub(super) look_ups: usize,
    /// When the first schema by name was read.
    pub(super) begun: Option<Instant>,
    /// The name of the last schema that was read.
    pub(super) last: String,
    /// How many were read since `begun`.
    pub(super) read: usize,
    /// Whether there are no more, or no more are to be remembered.
    pub(super) is_complete: bool,
    pub(super) is_reading: bool,
}

impl ReadAhead {
    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
