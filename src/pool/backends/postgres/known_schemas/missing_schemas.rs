//! Schemas that were missing a moment ago.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::SchemaName;

/// The names for which the catalog has no schema. They are remembered for a second at most, so that a flood of unknown
/// names costs neither connections nor queries. They have a cache of their own: however many there are, they can't push
/// out existing schemas.
pub(super) struct MissingSchemas {
    /// Until when each schema counts as missing.
    until: Cache<SchemaName, Instant>,
    time_to_live: Duration,
    /// When the last of them stops counting as missing, in microseconds from the start; 0 if no schema was ever
    /// missing.
    last_until: AtomicU64,
    started: Instant,
}

impl MissingSchemas {
    pub(super) fn new(capacity: usize, time_to_live: Duration) -> Self {
        Self {
            until: Cache::new(capacity),
            time_to_live,
            last_until: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// Whether the schema was missing a moment ago. If no schema was missing lately, this only reads a number.
    pub(super) fn has(&self, schema: Option<&SchemaName>) -> bool {
        let last_until = self.last_until.load(Relaxed);
        if last_until == 0 || self.started.elapsed().as_micros() as u64 >= last_until {
            return false;
        }
        let until = schema.and_then(|schema| self.until.get(schema));
        until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn note(&self, schema: &SchemaName) {
        if self.time_to_live.is_zero() {
            return;
        }
        let until = Instant::now() + self.time_to_live;
        self.until.insert(schema.clone(), until);
        let until = until.saturating_duration_since(self.started).as_micros() as u64;
        self.last_until.fetch_max(until, Relaxed);
    }

    pub(super) fn forget(&self, schema: &SchemaName) {
        self.until.remove(schema);
    }

    pub(super) fn forget_all(&self) {
        self.until.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_schemas_are_missing_few_are_remembered() {
        let missing = MissingSchemas::new(10, Duration::from_secs(1));
        for number in 0..1000 {
            missing.note(&SchemaName::new(&format!("unknown{number}")).unwrap());
        }
        assert!((1..=10).contains(&missing.until.len()), "{}", missing.until.len());
    }
}
