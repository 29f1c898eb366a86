//! What is remembered of tenants' databases: that they were found active.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::{
    query::Translation,
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// The maps in use whose database was found active.
pub(crate) struct KnownDatabases {
    known: Cache<SchemaTranslateMap, Known>,
    time_to_live: Duration,
    /// How many times anything was forgotten.
    forgotten: AtomicU64,
    /// The version of the registry that was heard of last.
    heard: AtomicI64,
}

/// What the server said of the database behind a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// Stands for the database, as an OID stands for a schema of PostgreSQL.
    pub(crate) number: u32,
    /// The version of the registry in which it was found.
    pub(crate) version: i64,
}

#[derive(Clone)]
struct Known {
    translation: Arc<Translation>,
    seen: Instant,
}

impl KnownDatabases {
    pub(crate) fn new(capacity: usize, time_to_live: Duration) -> Self {
        Self {
            known: Cache::new(capacity),
            time_to_live,
            forgotten: AtomicU64::new(0),
            heard: AtomicI64::new(i64::MIN),
        }
    }

    /// The translation under this map, if its database was found active lately.
    pub(crate) fn get(&self, map: &SchemaTranslateMap) -> Option<Arc<Translation>> {
        let known = self.known.get(map)?;
        let is_fresh = map.unqualified().is_none() || known.seen.elapsed() < self.time_to_live;
        is_fresh.then_some(known.translation)
    }

    /// To be asked before a database is looked up, and given to [`note`](Self::note).
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(SeqCst)
    }

    /// Notes that a map's database was found active; a map without a tenant has none.
    pub(crate) fn note(&self, map: &SchemaTranslateMap, found: Option<Found>, forgotten: u64) -> Arc<Translation> {
        let number = found.map(|found| found.number.into());
        // A statement that is prepared under one translation stays right under the next one of the same map: its text
        // is the same, and the server prepares it anew if the tables have changed.
        let translation = match self.known.get(map) {
            Some(Known { translation, .. }) if translation.namespace() == number => translation,
            _ => Arc::new(Translation::of_schema(map.clone(), number)),
        };
        let known = Known {
            translation: Arc::clone(&translation),
            seen: Instant::now(),
        };
        self.known.insert(map.clone(), known);
        // It may have been changed since it was looked up. Or another node of a cluster was asked than the one that told
        // of a change, and has not heard of that change yet.
        let is_behind = found.is_some_and(|found| found.version < self.heard.load(SeqCst));
        if self.forgotten() != forgotten || is_behind {
            self.known.remove(map);
        }
        translation
    }

    /// Forgets which databases were found active, because the registry has this version now.
    pub(crate) fn hear(&self, version: i64) {
        self.heard.store(version, SeqCst);
        self.forget_all();
    }

    /// Forgets which databases were found active. They are looked up again when they are asked for.
    pub(crate) fn forget_all(&self) {
        self.forgotten.fetch_add(1, SeqCst);
        self.known.clear();
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        CacheStatistics::new(self.known.hits(), self.known.misses(), self.known.len(), 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownDatabases {
        KnownDatabases::new(10, Duration::from_secs(60))
    }

    fn map() -> SchemaTranslateMap {
        SchemaTranslateMap::tenant("client1".parse().unwrap())
    }

    fn found(version: i64) -> Option<Found> {
        Some(Found { number: 7, version })
    }

    #[test]
    fn what_a_node_says_that_is_behind_the_version_heard_of_is_not_remembered() {
        let (known, map) = (known(), map());
        known.hear(5);
        for (version, is_remembered) in [(4, false), (5, true), (6, true)] {
            known.note(&map, found(version), known.forgotten());
            assert_eq!(known.get(&map).is_some(), is_remembered, "{version}");
        }
        known.hear(7);
        assert!(known.get(&map).is_none(), "another process has changed a tenant");
        // The shared database was made anew.
        known.hear(1);
        known.note(&map, found(1), known.forgotten());
        assert!(known.get(&map).is_some());
    }

    #[test]
    fn what_was_looked_up_before_something_was_forgotten_is_not_remembered() {
        let (known, map) = (known(), map());
        let forgotten = known.forgotten();
        known.forget_all();
        known.note(&map, found(1), forgotten);
        assert!(known.get(&map).is_none());
    }
}
