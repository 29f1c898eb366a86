//! The figures of a pool for a recorder of the crate `metrics`.
//!
//! A recorder is never called where a figure is counted: it may block or panic, and a checkout must not. A thread of its
//! own tells the recorder every [`EVERY`] what the pools of the process have counted.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError},
    thread,
    time::Duration,
};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::{Backend, DatabaseStatistics, PoolStatistics, TenantPool, statistics::BUSIEST};
use crate::{SchemaName, signals::Durations, translate::CacheStatistics};

/// How often the recorder is told.
const EVERY: Duration = Duration::from_secs(5);

/// How many tenants get a label of their own in the life of a pool. All others are `other`.
const LABELS: usize = 5 * BUSIEST;

/// The label of all tenants that have none of their own. A tenant of that name never gets one.
const OTHER: &str = "other";

/// What a recorder was told already.
#[derive(Default)]
pub(crate) struct Told {
    counts: HashMap<(&'static str, String, &'static str), u64>,
    durations: HashMap<(&'static str, String), Durations>,
    tenants: HashMap<SchemaName, ToldTenant>,
}

/// The checkouts of a tenant that has a label.
#[derive(Clone, Copy, Default)]
struct ToldTenant {
    /// The tenant's count when it was last read. Smaller counts are those of a count that began anew.
    seen: u64,
    /// What the recorder was told.
    told: u64,
}

impl<B: Backend> TenantPool<B> {
    /// Tells the recorder of the crate `metrics` what this pool has counted. The library does that every 5 seconds by
    /// itself; call it before you answer a scrape, so that the answer is up to date.
    ///
    /// ```no_run
    /// # fn run(pool: diesel_tenants::TenantPool, recorder: metrics_exporter_prometheus::PrometheusHandle) -> String {
    /// pool.record_metrics();
    /// recorder.render()
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the recorder does. What it was being told is lost to it then; the figures themselves are not.
    pub fn record_metrics(&self) {
        let told = &self.0.told;
        let mut told = match told.try_lock() {
            Ok(told) => told,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody else is telling the recorder.
            Err(TryLockError::WouldBlock) => return,
        };
        let news = told.news(&self.counters().database, &self.statistics(), |tenant| {
            self.counters().tenants.of(tenant)
        });
        // Only the recorder's own code runs from here on.
        drop(told);
        describe();
        news.tell();
    }

    /// Has the recorder told for as long as the pool exists.
    pub(crate) fn tell_regularly(&self) {
        let pool = Arc::downgrade(&self.0);
        let tell = move || match pool.upgrade() {
            Some(pool) => {
                // The recorder's panic is its own, and must not keep other pools from being told of.
                let _ = catch_unwind(AssertUnwindSafe(|| Self(pool).record_metrics()));
                true
            }
            None => false,
        };
        add(Box::new(tell));
    }
}

type Tell = Box<dyn Fn() -> bool + Send>;

/// Adds a pool for the thread to tell of.
fn add(tell: Tell) {
    static POOLS: OnceLock<Mutex<Vec<Tell>>> = OnceLock::new();
    static THREAD: OnceLock<bool> = OnceLock::new();

    let pools = POOLS.get_or_init(Mutex::default);
    pools.lock().unwrap_or_else(PoisonError::into_inner).push(tell);
    THREAD.get_or_init(|| {
        let each_time = move || {
            loop {
                thread::sleep(EVERY);
                // New pools must not have to wait for a recorder that blocks.
                let mut told = std::mem::take(&mut *pools.lock().unwrap_or_else(PoisonError::into_inner));
                told.retain(|tell| tell());
                pools.lock().unwrap_or_else(PoisonError::into_inner).append(&mut told);
            }
        };
        // Without a thread, `record_metrics` still works.
        thread::Builder::new()
            .name("diesel-tenants-metrics".to_owned())
            .spawn(each_time)
            .is_ok()
    });
}

/// The labels of a metric.
type Labels = Vec<(&'static str, String)>;

/// What a recorder is to be told.
#[derive(Default)]
struct News {
    gauges: Vec<(&'static str, Labels, f64)>,
    counts: Vec<(&'static str, Labels, u64)>,
    /// Counts of the whole process, which several pools tell.
    totals: Vec<(&'static str, Labels, u64)>,
    durations: Vec<(&'static str, String, Duration, u64)>,
}

impl Told {
    fn news(&mut self, database: &str, now: &PoolStatistics, count_of: impl Fn(&SchemaName) -> Option<u64>) -> News {
        // Named one by one: what is not told here is not told at all.
        let PoolStatistics {
            databases,
            checkouts,
            caches,
            refusals,
            migrations,
            failed_migrations,
            listener,
        } = now;
        let mut news = News::default();
        for database in databases {
            self.database(&mut news, database);
        }
        let by = |kind: &'static str, value: &str| vec![("database", database.to_owned()), (kind, value.to_owned())];
        self.tenants(&mut news, database, now, count_of);
        for (kind, count) in [("exhausted", checkouts.exhausted), ("failed", checkouts.failed)] {
            let added = self.added("diesel_tenants_checkout_failures_total", database, kind, count);
            news.counts
                .push(("diesel_tenants_checkout_failures_total", by("reason", kind), added));
        }
        let own = vec![("database", database.to_owned())];
        for (name, count) in [
            ("diesel_tenants_shared_checkouts_total", checkouts.shared),
            ("diesel_tenants_migration_failures_total", *failed_migrations),
        ] {
            news.counts
                .push((name, own.clone(), self.added(name, database, "", count)));
        }
        self.durations(&mut news, "diesel_tenants_migration_seconds", database, migrations);
        if let Some(listener) = listener {
            let connected = f64::from(u8::from(listener.is_connected));
            news.gauges
                .push(("diesel_tenants_listener_connected", own.clone(), connected));
            news.gauges.push((
                "diesel_tenants_listener_lag_seconds",
                own.clone(),
                listener.lag.as_secs_f64(),
            ));
            let name = "diesel_tenants_listener_changes_total";
            news.counts
                .push((name, own, self.added(name, database, "", listener.heard)));
        }
        let refused = [
            ("untranslatable", refusals.untranslatable),
            ("refused", refusals.refused),
        ];
        for (reason, count) in refused {
            news.totals.push((
                "diesel_tenants_refusals_total",
                vec![("reason", reason.to_owned())],
                count,
            ));
        }
        for (cache, figures) in [("templates", &caches.templates), ("finished", &caches.finished)] {
            news.process_cache(cache, figures);
        }
        let of_pool = [
            ("tenants", Some(&caches.tenants)),
            ("directory", caches.directory.as_ref()),
        ];
        for (cache, figures) in of_pool {
            let Some(figures) = figures else { continue };
            for (name, count) in counts_of(figures) {
                let added = self.added(name, database, cache, count);
                news.counts.push((name, by("cache", cache), added));
            }
            news.gauges.push((
                "diesel_tenants_cache_entries",
                by("cache", cache),
                figures.entries as f64,
            ));
        }
        news
    }

    fn database(&mut self, news: &mut News, of: &DatabaseStatistics) {
        let DatabaseStatistics {
            name: database,
            status,
            waits,
            share_waits,
            retired,
        } = of;
        let own = || vec![("database", database.clone())];
        for (name, value) in [
            ("diesel_tenants_connections_max", status.max_size),
            ("diesel_tenants_connections", status.size),
            ("diesel_tenants_connections_idle", status.available),
            ("diesel_tenants_checkouts_waiting", status.waiting),
        ] {
            news.gauges.push((name, own(), value as f64));
        }
        self.durations(news, "diesel_tenants_wait_seconds", database, waits);
        self.durations(news, "diesel_tenants_share_wait_seconds", database, share_waits);
        let name = "diesel_tenants_retired_connections_total";
        for (reason, count) in retired.iter() {
            let added = self.added(name, database, reason.name(), count);
            let labels = vec![("database", database.clone()), ("reason", reason.name().to_owned())];
            news.counts.push((name, labels, added));
        }
    }

    /// Each checkout is counted under one label: that of its tenant, if the tenant has one, or `other`.
    fn tenants(
        &mut self,
        news: &mut News,
        database: &str,
        now: &PoolStatistics,
        count_of: impl Fn(&SchemaName) -> Option<u64>,
    ) {
        let name = "diesel_tenants_checkouts_total";
        let label = |tenant: &str| vec![("database", database.to_owned()), ("tenant", tenant.to_owned())];
        let checkouts = &now.checkouts;
        let is_first = self.tenants.is_empty();
        for (tenant, count) in &checkouts.busiest {
            if self.tenants.len() < LABELS && tenant.as_str() != OTHER && !self.tenants.contains_key(tenant) {
                // What was counted so far was told as that of `other`, unless nothing was told yet.
                let seen = if is_first { 0 } else { *count };
                self.tenants.insert(tenant.clone(), ToldTenant { seen, told: 0 });
            }
        }
        let mut with_labels = 0;
        for (tenant, known) in &mut self.tenants {
            let count = count_of(tenant).unwrap_or(known.seen);
            let added = count.checked_sub(known.seen).unwrap_or(count);
            *known = ToldTenant {
                seen: count,
                told: known.told + added,
            };
            with_labels += known.told;
            news.counts.push((name, label(tenant.as_str()), added));
        }
        let all: u64 = checkouts.busiest.iter().map(|(_, count)| count).sum::<u64>() + checkouts.others;
        let added = self.added(name, database, OTHER, all.saturating_sub(with_labels));
        news.counts.push((name, label(OTHER), added));
    }

    /// What was added to a count since the recorder was told of it.
    fn added(&mut self, name: &'static str, database: &str, kind: &'static str, count: u64) -> u64 {
        let told = self.counts.entry((name, database.to_owned(), kind)).or_default();
        let added = count.saturating_sub(*told);
        *told = count.max(*told);
        added
    }

    fn durations(&mut self, news: &mut News, name: &'static str, database: &str, now: &Durations) {
        let key = (name, database.to_owned());
        let before = self.durations.insert(key, now.clone());
        let added = now.since(before.as_ref());
        news.durations
            .extend(added.map(|(end, count)| (name, database.to_owned(), end, count)));
    }
}

fn counts_of(cache: &CacheStatistics) -> [(&'static str, u64); 3] {
    [
        ("diesel_tenants_cache_hits_total", cache.hits),
        ("diesel_tenants_cache_misses_total", cache.misses),
        ("diesel_tenants_cache_evictions_total", cache.evictions),
    ]
}

impl News {
    fn process_cache(&mut self, cache: &'static str, figures: &CacheStatistics) {
        let labels = || vec![("cache", cache.to_owned())];
        for (name, count) in counts_of(figures) {
            self.totals.push((name, labels(), count));
        }
        self.gauges
            .push(("diesel_tenants_cache_entries", labels(), figures.entries as f64));
        self.gauges
            .push(("diesel_tenants_cache_bytes", labels(), figures.bytes as f64));
    }

    fn tell(self) {
        let Self {
            gauges,
            counts,
            totals,
            durations,
        } = self;
        for (name, labels, value) in gauges {
            gauge!(name, &labels).set(value);
        }
        for (name, labels, added) in counts {
            counter!(name, &labels).increment(added);
        }
        for (name, labels, total) in totals {
            counter!(name, &labels).absolute(total);
        }
        for (name, database, end, count) in durations {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            histogram!(name, "database" => database).record_many(end.as_secs_f64(), count);
        }
    }
}

/// Tells the recorder what the figures mean.
fn describe() {
    describe_gauge!("diesel_tenants_connections_max", "The largest number of connections.");
    describe_gauge!("diesel_tenants_connections", "Connections, checked out or not.");
    describe_gauge!("diesel_tenants_connections_idle", "Connections that are free.");
    describe_gauge!(
        "diesel_tenants_checkouts_waiting",
        "Checkouts that wait for a connection."
    );
    describe_histogram!(
        "diesel_tenants_wait_seconds",
        Unit::Seconds,
        "How long checkouts waited for a connection, of those that had to."
    );
    describe_histogram!(
        "diesel_tenants_share_wait_seconds",
        Unit::Seconds,
        "How long checkouts waited for their tenant's share of the connections."
    );
    describe_counter!("diesel_tenants_checkouts_total", "Checkouts by tenant.");
    describe_counter!("diesel_tenants_shared_checkouts_total", "Checkouts for no tenant.");
    describe_counter!("diesel_tenants_checkout_failures_total", "Checkouts that failed.");
    describe_counter!(
        "diesel_tenants_retired_connections_total",
        "Connections that were closed."
    );
    describe_counter!("diesel_tenants_refusals_total", "Statements that were not sent.");
    describe_counter!("diesel_tenants_cache_hits_total", "Look-ups that found an entry.");
    describe_counter!("diesel_tenants_cache_misses_total", "Look-ups that found no entry.");
    describe_counter!(
        "diesel_tenants_cache_evictions_total",
        "Entries that made room for others."
    );
    describe_gauge!("diesel_tenants_cache_entries", "Entries now.");
    describe_gauge!("diesel_tenants_cache_bytes", Unit::Bytes, "Bytes now.");
    describe_histogram!(
        "diesel_tenants_migration_seconds",
        Unit::Seconds,
        "How long it took to migrate a schema."
    );
    describe_counter!(
        "diesel_tenants_migration_failures_total",
        "Migrations of a schema that failed."
    );
    describe_gauge!("diesel_tenants_listener_connected", "Whether the pool listens now.");
    describe_gauge!(
        "diesel_tenants_listener_lag_seconds",
        Unit::Seconds,
        "How long ago the pool last knew that it had missed no change."
    );
    describe_counter!(
        "diesel_tenants_listener_changes_total",
        "Changes to tenants that were heard of."
    );
}
