//! How long something took, each time: counted in buckets, so that any number of times needs the same memory.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Four buckets for each power of two, from a microsecond to 73 minutes.
const BUCKETS: usize = 4 * 32;

/// The first bucket begins at two to the power of this, in nanoseconds.
const SMALLEST: u32 = 10;

/// Counts durations, from any thread.
#[derive(Debug)]
pub(crate) struct DurationCounts {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
    longest: AtomicU64,
}

impl Default for DurationCounts {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            nanoseconds: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        }
    }
}

impl DurationCounts {
    pub(crate) fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(duration)].fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
        self.longest.fetch_max(nanoseconds, Relaxed);
    }

    /// Counts the time until the timer is dropped.
    pub(crate) fn time(&self) -> Timer<'_> {
        Timer {
            durations: self,
            begun: Instant::now(),
        }
    }

    /// The figures now.
    pub(crate) fn read(&self) -> Durations {
        Durations {
            buckets: std::array::from_fn(|bucket| self.buckets[bucket].load(Relaxed)),
            total: Duration::from_nanos(self.nanoseconds.load(Relaxed)),
            longest: Duration::from_nanos(self.longest.load(Relaxed)),
        }
    }
}

/// Counts how long it lives, also if that is because a future was dropped.
#[must_use]
pub(crate) struct Timer<'a> {
    durations: &'a DurationCounts,
    begun: Instant,
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.durations.add(self.begun.elapsed());
    }
}

fn bucket_of(duration: Duration) -> usize {
    let nanoseconds = duration.as_nanos().clamp(1 << SMALLEST, (1 << (SMALLEST + 32)) - 1) as u64;
    let power = nanoseconds.ilog2();
    // The two binary digits behind the first.
    let quarter = (nanoseconds >> (power - 2)) & 3;
    4 * (power - SMALLEST) as usize + quarter as usize
}

/// Where a bucket ends.
fn end_of(bucket: usize) -> Duration {
    let (power, quarter) = (SMALLEST as usize + bucket / 4, bucket as u64 % 4);
    Duration::from_nanos((5 + quarter) << (power - 2))
}

/// How long something took, as often as it happened since the pool was built.
///
/// Durations are counted in buckets that are at most a quarter wider than they begin, so a
/// [`quantile`](Self::quantile) is at most a quarter too large, and never too small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durations {
    buckets: [u64; BUCKETS],
    total: Duration,
    longest: Duration,
}

impl Durations {
    /// How many times it happened.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How long it took in all.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The longest time.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The time within which this part of them was done: `quantile(0.99)` is what one of a hundred exceeds. `None` if
    /// it never happened.
    ///
    /// ```no_run
    /// # fn run(pool: diesel_tenants::TenantPool) {
    /// let waits = &pool.statistics().databases[0].waits;
    /// println!("{} checkouts waited, 99 % of them for {:?} at most", waits.count(), waits.quantile(0.99));
    /// # }
    /// ```
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((count as f64 * part.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut before = 0;
        let (end, _) = self.buckets().find(|(_, within)| {
            before += within;
            before >= rank
        })?;
        Some(end.min(self.longest))
    }

    /// The buckets that are not empty: where each ends, and how many durations are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let all = self.buckets.iter().enumerate();
        all.filter(|(_, count)| **count > 0)
            .map(|(bucket, &count)| (end_of(bucket), count))
    }

    /// What was added since an earlier look.
    #[cfg(feature = "metrics")]
    pub(crate) fn since(&self, before: Option<&Self>) -> impl Iterator<Item = (Duration, u64)> {
        let before = before.map(|before| before.buckets);
        self.buckets.iter().enumerate().filter_map(move |(bucket, &count)| {
            let added = count - before.map_or(0, |before| before[bucket].min(count));
            (added > 0).then(|| (end_of(bucket), added))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_a_bucket_that_ends_at_most_a_quarter_later() {
        for microseconds in (1..5_000).chain((1..32).map(|power| 1 << power)).chain([4_000_000_000]) {
            let duration = Duration::from_micros(microseconds);
            let end = end_of(bucket_of(duration));
            assert!(duration < end, "{duration:?} is not before {end:?}");
            assert!(
                end <= duration * 5 / 4 || microseconds < 4,
                "{end:?} is late for {duration:?}"
            );
        }
    }

    #[test]
    fn the_shortest_and_the_longest_have_a_bucket_too() {
        let durations = DurationCounts::default();
        durations.add(Duration::ZERO);
        durations.add(Duration::MAX);
        let read = durations.read();
        assert_eq!(read.count(), 2);
        assert_eq!(read.longest(), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn quantiles_are_never_too_small() {
        let durations = DurationCounts::default();
        assert_eq!(durations.read().quantile(0.5), None);
        for milliseconds in 1..=100 {
            durations.add(Duration::from_millis(milliseconds));
        }
        let read = durations.read();
        for (part, expected) in [(0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)] {
            let found = read.quantile(part).expect("there are some");
            let expected = Duration::from_millis(expected);
            assert!(found >= expected && found <= expected * 5 / 4, "{part}: {found:?}");
        }
        assert_eq!(read.total(), Duration::from_millis(5_050));
    }
}
