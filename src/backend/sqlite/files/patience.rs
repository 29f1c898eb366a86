use std::{
    thread,
    time::{Duration, Instant},
};

/// How long somebody waits for what others use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    wait: Duration,
    /// `None` if that is further away than an `Instant` can be.
    until: Option<Instant>,
}

impl Patience {
    /// Waits for this long from now on.
    pub(super) fn of(wait: Duration) -> Self {
        Self {
            wait,
            until: Instant::now().checked_add(wait),
        }
    }

    /// How long it was at the beginning.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    pub(super) fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Sleeps for this long, and not for longer than there is patience.
    pub(super) fn pause(&self, pause: Duration) {
        let left = self
            .until
            .map_or(pause, |until| until.saturating_duration_since(Instant::now()));
        thread::sleep(pause.min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_beyond_all_time_never_ends() {
        let patience = Patience::of(Duration::MAX);
        patience.pause(Duration::from_millis(1));
        assert!(!patience.is_over());
        assert!(Patience::of(Duration::ZERO).is_over());
    }
}
