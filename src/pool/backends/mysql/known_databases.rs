//! What is remembered of tenants' databases: that they were found active.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
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

    /// Notes that a map's database was found active. Its number stands for it, as an OID stands for a schema of
    /// PostgreSQL; a map without a tenant has none.
    pub(crate) fn note(&self, map: &SchemaTranslateMap, number: Option<u32>, forgotten: u64) -> Arc<Translation> {
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
        // It may have been changed since it was looked up.
        if self.forgotten() != forgotten {
            self.known.remove(map);
        }
        translation
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
