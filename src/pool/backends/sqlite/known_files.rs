//! What is remembered of the tenants' files: which file it was, and that it was found active.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use crate::{
    SchemaName,
    backend::sqlite::files::{FolderState, Identity},
    query::Translation,
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// The maps in use, each with the file that it leads to, as that file was last seen.
pub(crate) struct KnownFiles {
    known: Cache<SchemaTranslateMap, Known>,
    time_to_live: Duration,
    /// Makes the numbers that stand for tenants' files, as an OID stands for a schema of PostgreSQL.
    numbers: RandomState,
    /// How many times anything was forgotten.
    forgotten: AtomicU64,
}

#[derive(Clone)]
struct Known {
    translation: Arc<Translation>,
    identity: Option<Identity>,
    seen: Instant,
    /// The state of the folder before its files were looked for, and which file was the shared one then.
    looked: Option<(FolderState, Option<Identity>)>,
}

impl KnownFiles {
    pub(crate) fn new(capacity: usize, time_to_live: Duration) -> Self {
        Self {
            known: Cache::new(capacity),
            time_to_live,
            numbers: RandomState::new(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// The translation under this map, if the file that it leads to is this one and was found active lately.
    pub(crate) fn get(&self, map: &SchemaTranslateMap, identity: Option<Identity>) -> Option<Arc<Translation>> {
        let known = self.known.get(map)?;
        let is_fresh = known.identity == identity && (identity.is_none() || known.seen.elapsed() < self.time_to_live);
        is_fresh.then_some(known.translation)
    }

    /// The same, if the folder is in the state in which the files were last looked for, with the tenant's file and the
    /// shared one.
    pub(crate) fn get_unchanged(
        &self,
        map: &SchemaTranslateMap,
        state: FolderState,
    ) -> Option<(Arc<Translation>, Option<Identity>, Option<Identity>)> {
        let known = self.known.get(map)?;
        let (before, shared) = known.looked?;
        let is_fresh = before == state && (known.identity.is_none() || known.seen.elapsed() < self.time_to_live);
        is_fresh.then_some((known.translation, known.identity, shared))
    }

    /// Notes that the files of a known map were looked for, and are the same as before. `state` was asked before that.
    pub(crate) fn note_look(&self, map: &SchemaTranslateMap, state: FolderState, shared: Option<Identity>) {
        let forgotten = self.forgotten();
        let Some(known) = self.known.get(map) else { return };
        let looked = Some((state, shared));
        self.known.insert(map.clone(), Known { looked, ..known });
        if self.forgotten() != forgotten {
            self.known.remove(map);
        }
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        CacheStatistics::new(self.known.hits(), self.known.misses(), self.known.len(), 0)
    }

    /// To be asked before a file is looked at, and given to [`note`](Self::note).
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(SeqCst)
    }

    /// Notes that a map's file was found active.
    pub(crate) fn note(
        &self,
        map: &SchemaTranslateMap,
        identity: Option<Identity>,
        forgotten: u64,
    ) -> Arc<Translation> {
        let number = map
            .unqualified()
            .zip(identity)
            .map(|(tenant, identity)| self.number_of(tenant, identity));
        let translation = Arc::new(Translation::of_schema(map.clone(), number));
        let known = Known {
            translation: Arc::clone(&translation),
            identity,
            seen: Instant::now(),
            looked: None,
        };
        self.known.insert(map.clone(), known);
        // It may have been changed since it was looked at.
        if self.forgotten() != forgotten {
            self.known.remove(map);
        }
        translation
    }

    /// The number of a tenant's file. It is made of what it stands for, so that no file gets another number when it was
    /// forgotten. That two files have one number is as improbable as it is for any two numbers of 64 bits.
    fn number_of(&self, tenant: &SchemaName, identity: Identity) -> u64 {
        // 0 would be no number (`Resolved`).
        self.numbers.hash_one((tenant, identity)).max(1)
    }

    /// Forgets what is known of a tenant's file.
    pub(crate) fn forget(&self, tenant: &SchemaName) {
        self.forgotten.fetch_add(1, SeqCst);
        self.known
            .retain(|map, _| map.iter().all(|(_, schema)| schema != tenant));
    }
}
