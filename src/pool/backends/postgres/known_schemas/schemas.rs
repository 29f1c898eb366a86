//! Which schemas exist, are active, and have which types, as far as this process knows. A checkout asks the catalog
//! only about what is not known, or was known too long ago.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::{Duration, Instant},
};

use diesel::QueryResult;
use quick_cache::sync::Cache;

use super::{forgotten_meanwhile::ForgottenMeanwhile, missing_schemas::MissingSchemas, read_progress::ReadAhead};
use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        ConnectError, Connector,
        catalog::schema::{SchemaFacts, SchemaIdentity, facts_of},
    },
    pool::options::{Options, with_symbolic_schema},
    query::Translation,
    tenancy::TenantStatus,
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// The maps in use, each with what is known of the schema it leads to.
pub(crate) struct Schemas {
    pub(super) known: Cache<SchemaTranslateMap, Known>,
    /// Whether maps are known that lead to a schema and are not simply a tenant's.
    has_other_maps: AtomicBool,
    symbolic_schema: Option<String>,
    time_to_live: Duration,
    missing: MissingSchemas,
    started: Instant,
    /// When a tenant's schema or types were last found to be gone, in microseconds from the start.
    types_changed: AtomicU64,
    /// How many times anything was forgotten.
    forgotten: AtomicU64,
    /// The schemas that were forgotten while a list of schemas is read.
    forgotten_meanwhile: Mutex<Option<ForgottenMeanwhile>>,
    /// Set if schemas are looked up ahead of their first checkouts.
    pub(super) ahead: Option<ReadAhead>,
    /// Whether this process hears of every change: then nothing that is known has to be looked up again.
    hears_changes: AtomicBool,
}

/// Why a checkout for a schema is refused.
pub(crate) enum Refused {
    /// There is no tenant of that name.
    Unknown(SchemaName),
    /// The tenant is suspended.
    Suspended(SchemaName),
    /// The session that answered reaches tables without their schema's name: it is a pooler's session, and the role's
    /// search_path was altered.
    UnsafeSession(ConnectError),
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) translation: Arc<Translation>,
    /// `None` if the map sends unqualified names to no schema.
    pub(super) identity: Option<SchemaIdentity>,
    /// The schema's types, if the catalog was asked for them.
    pub(super) types: Option<Vec<String>>,
    /// When the catalog was asked; `None` if it has to be asked again.
    pub(super) seen: Option<Instant>,
}

impl Schemas {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            symbolic_schema: options.symbolic_schema.clone(),
            ..Self::new(
                options.schemas_cached,
                options.schemas_cached_for,
                options.schemas_absent_for,
            )
        }
    }

    fn new(capacity: usize, time_to_live: Duration, absent_for: Duration) -> Self {
        Self {
            known: Cache::new(capacity),
            has_other_maps: AtomicBool::new(false),
            symbolic_schema: None,
            time_to_live,
            missing: MissingSchemas::new(capacity, absent_for.min(time_to_live)),
            started: Instant::now(),
            types_changed: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            forgotten_meanwhile: Mutex::new(None),
            ahead: None,
            hears_changes: AtomicBool::new(false),
        }
    }

    /// The map of a tenant that is a schema of the database.
    pub(super) fn map_of(&self, tenant: &SchemaName) -> SchemaTranslateMap {
        let map = SchemaTranslateMap::tenant(tenant.clone());
        with_symbolic_schema(map, self.symbolic_schema.as_deref())
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        CacheStatistics::new(self.known.hits(), self.known.misses(), self.known.len(), 0)
    }

    pub(super) fn forgotten_meanwhile(&self) -> MutexGuard<'_, Option<ForgottenMeanwhile>> {
        self.forgotten_meanwhile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the rows of a list that is being read ignored: those of one schema, or all.
    fn forget_meanwhile(&self, schema: Option<&SchemaName>) {
        if let Some(forgotten) = &mut *self.forgotten_meanwhile() {
            forgotten.add(schema);
        }
    }

    /// The translation of `map`, if its schema was seen lately. The caller passes the time, so that a checkout reads
    /// the clock once.
    pub(crate) fn get(&self, map: &SchemaTranslateMap, now: Instant) -> Option<Arc<Translation>> {
        let Known { translation, seen, .. } = self.known.get(map)?;
        let is_fresh = now.saturating_duration_since(seen?) < self.time_to_live;
        (is_fresh || self.hears_changes.load(Relaxed)).then_some(translation)
    }

    /// Notes whether this process hears of every change from now on.
    pub(crate) fn set_hears_changes(&self, hears_changes: bool) {
        self.hears_changes.store(hears_changes, Relaxed);
    }

    /// Which schema `map` leads to, as far as is known, and when the catalog said so, unless something was done to the
    /// schema since.
    pub(crate) fn identity(&self, map: &SchemaTranslateMap) -> Option<(SchemaIdentity, Option<Instant>)> {
        let Known { identity, seen, .. } = self.known.get(map)?;
        Some((identity?, seen))
    }

    /// Whether an answer that the catalog gave at that time is still fresh.
    pub(crate) fn counts(&self, seen: Instant) -> bool {
        seen.elapsed() < self.time_to_live
    }

    /// Whether an answer of the catalog is good for more than the checkout that asked.
    pub(super) fn remembers(&self) -> bool {
        !self.time_to_live.is_zero()
    }

    /// Whether the schema to which `map` sends unqualified names was missing a moment ago.
    pub(crate) fn is_missing(&self, map: &SchemaTranslateMap) -> bool {
        self.missing.has(map.unqualified())
    }

    fn note_missing(&self, schema: &SchemaName, forgotten: u64) {
        self.missing.note(schema);
        // It may have been created since the catalog was asked.
        if self.forgotten.load(SeqCst) != forgotten {
            self.missing.forget(schema);
        }
    }

    /// Asks the catalog for the schema to which `map` sends unqualified names.
    ///
    /// It is asked for the schema's types only if connections may know some: then the answer tells whether they are
    /// still the same. If they are not, there is a new translation, by which connections know no types yet.
    pub(crate) async fn look_up(
        &self,
        map: &SchemaTranslateMap,
        connection: &mut PostgresConnection,
        connector: &Connector,
    ) -> QueryResult<Result<Arc<Translation>, Refused>> {
        let seen = Some(Instant::now());
        let forgotten = self.forgotten.load(SeqCst);
        let with_types = self.known.get(map).is_some_and(|known| known.translation.names_types());
        let (types, identity) = match map.unqualified() {
            None => (None, None),
            Some(schema) => match facts_of(schema, with_types, connection).await? {
                Some(SchemaFacts {
                    status: TenantStatus::Active,
                    types,
                    search_path,
                    identity,
                }) => match connector.refuse_unsafe_search_path(&search_path) {
                    Ok(()) => (types, Some(identity)),
                    Err(error) => return Ok(Err(Refused::UnsafeSession(error))),
                },
                facts => {
                    self.forget_meanwhile(Some(schema));
                    // The schema's types may be gone. If a schema gets this name again, its types have other OIDs.
                    if self.known.remove(map).is_some() {
                        self.note_gone_types();
                    }
                    return Ok(Err(match facts {
                        Some(facts) if facts.status == TenantStatus::Suspended => Refused::Suspended(schema.clone()),
                        _ => {
                            self.note_missing(schema, forgotten);
                            Refused::Unknown(schema.clone())
                        }
                    }));
                }
            },
        };
        let namespace = identity.map(|identity| identity.oid.into());
        let translation = match self.known.get(map) {
            // Finished texts are kept by translation, so the translation stays the same object as long as nothing
            // changed.
            Some(known) if known.types == types && known.translation.namespace() == namespace => known.translation,
            known => {
                if known.is_some_and(|known| known.translation.namespace() != namespace || known.misses_types(&types)) {
                    self.note_gone_types();
                }
                Arc::new(Translation::of_schema(map.clone(), namespace))
            }
        };
        if map.unqualified().is_some_and(|schema| *map != self.map_of(schema)) {
            self.has_other_maps.store(true, SeqCst);
        }
        let insert = |seen| {
            let translation = Arc::clone(&translation);
            self.known.insert(
                map.clone(),
                Known {
                    translation,
                    identity,
                    types: types.clone(),
                    seen,
                },
            );
        };
        insert(seen);
        // The schema may have been changed while the catalog answered.
        if self.forgotten.load(SeqCst) != forgotten {
            insert(None);
        }
        Ok(Ok(translation))
    }

    /// Has the schema looked up anew at the next checkout.
    pub(crate) fn forget(&self, schema: &SchemaName) {
        self.forget_map(&self.map_of(schema));
        if !self.has_other_maps.load(SeqCst) {
            return;
        }
        let stale: Vec<_> = self
            .known
            .iter()
            .filter(|(map, _)| map.unqualified() == Some(schema))
            .collect();
        for (map, known) in stale {
            self.known.insert(map, Known { seen: None, ..known });
        }
    }

    /// Has every schema looked up anew at the next checkout.
    pub(crate) fn forget_all(&self) {
        self.forgotten.fetch_add(1, SeqCst);
        self.forget_meanwhile(None);
        self.missing.forget_all();
        let all: Vec<_> = self.known.iter().collect();
        for (map, known) in all {
            self.known.insert(map, Known { seen: None, ..known });
        }
    }

    /// Has one map looked up anew, now and when the guard is dropped.
    pub(crate) fn forget_map_afterwards(&self, map: SchemaTranslateMap) -> impl Drop + use<'_> {
        struct Forget<'a>(&'a Schemas, SchemaTranslateMap);

        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                self.0.forget_map(&self.1);
            }
        }

        self.forget_map(&map);
        Forget(self, map)
    }

    pub(crate) fn forget_map(&self, map: &SchemaTranslateMap) {
        self.forgotten.fetch_add(1, SeqCst);
        if let Some(schema) = map.unqualified() {
            self.forget_meanwhile(Some(schema));
            self.missing.forget(schema);
        }
        if let Some(known) = self.known.get(map) {
            self.known.insert(map.clone(), Known { seen: None, ..known });
        }
    }

    /// Has all connections forget the types that they know by no translation: some may no longer exist.
    fn note_gone_types(&self) {
        self.types_changed
            .store(self.started.elapsed().as_micros() as u64, Relaxed);
    }

    /// Whether a connection that remembers OIDs since then may remember one of a type that was dropped or recreated.
    pub(crate) fn outdate(&self, since: Instant) -> bool {
        let types_changed = self.types_changed.load(Relaxed);
        types_changed > 0 && since <= self.started + Duration::from_micros(types_changed)
    }
}

impl Known {
    /// Whether some of the types that the schema had are not among these.
    fn misses_types(&self, types: &Option<Vec<String>>) -> bool {
        match (&self.types, types) {
            (Some(before), Some(now)) => before.iter().any(|before| !now.contains(before)),
            _ => false,
        }
    }
}
