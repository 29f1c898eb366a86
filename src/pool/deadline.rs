use std::time::{Duration, Instant};

/// When a checkout must be done, whatever its steps wait for. Each step gets the time that is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// `None` if the time is further away than an `Instant` can be.
    at: Option<Instant>,
    limit: Duration,
}

/// A checkout may always take this long: with a shorter limit, no connection could ever be opened over a slow network.
const SHORTEST: Duration = Duration::from_secs(1);

/// The shortest and the longest pause between attempts to get what is in use.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

impl Deadline {
    /// For a checkout that starts now, in a pool with this `wait_timeout`.
    pub(crate) fn of_checkout(wait_timeout: Duration) -> Self {
        Self::after(wait_timeout.max(SHORTEST))
    }

    /// For what starts now, and may take this long.
    pub(crate) fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now().checked_add(limit),
            limit,
        }
    }

    /// How long the checkout may take in all.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// How much time is left.
    pub(crate) fn left(&self) -> Duration {
        self.at
            .map_or(self.limit, |at| at.saturating_duration_since(Instant::now()))
    }

    /// The answer, if it comes in time. No timer is set if the answer is there at once.
    pub(crate) async fn bound<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        match self.at {
            Some(at) => tokio::time::timeout_at(at.into(), answer).await.ok(),
            None => Some(answer.await),
        }
    }

    /// Waits for a moment before another attempt to get what is in use; longer after each attempt. `false` if there is
    /// no time left for that.
    pub(crate) async fn pause(&self, attempts: u32) -> bool {
        let (shortest, longest) = PAUSES;
        let pause = (shortest * 2_u32.saturating_pow(attempts.min(10))).min(longest);
        let has_time = self.left() > pause;
        if has_time {
            tokio::time::sleep(pause).await;
        }
        has_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_all_time_is_none() {
        let deadline = Deadline::of_checkout(Duration::MAX);
        assert_eq!(deadline.left(), Duration::MAX);
    }

    #[tokio::test]
    async fn what_is_there_at_once_is_no_matter_of_time() {
        let deadline = Deadline {
            at: Some(Instant::now()),
            limit: Duration::ZERO,
        };
        assert_eq!(deadline.bound(async { 1 }).await, Some(1));
        assert_eq!(deadline.bound(std::future::pending::<()>()).await, None);
    }
}
