//! Recorders: what they are told, and that they can't do harm.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{add, files, items, store};

/// The value in the line of Prometheus' text that begins like this and has these labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let is_it = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
    let line = text.lines().find(is_it)?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn a_recorder_is_told_what_the_pool_has_counted() {
    let (pool, database) = store().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let told = || {
        metrics::with_local_recorder(&recorder, || pool.record_metrics());
        recorder.handle().render()
    };
    let before = told();
    for _ in 0..5 {
        add(&pool, "client1", "a").await.unwrap();
    }
    add(&pool, "client2", "a").await.unwrap();
    let mut shared = pool.shared().get().await.unwrap();
    assert!(items::table.count().get_result::<i64>(&mut shared).await.is_err());
    assert!(pool.for_tenant("nobody").get().await.is_err());
    pool.migrate_tenant("client1", diesel_tenants::migrations::NoMigrations)
        .await
        .unwrap();
    let after = told();
    let database = format!("database=\"{}\"", database.name());
    let checkouts = |text: &str, tenant: &str| {
        let tenant = format!("tenant=\"{tenant}\"");
        let labels = [database.as_str(), tenant.as_str()];
        value(text, "diesel_tenants_checkouts_total", &labels).unwrap_or_default()
    };
    assert_eq!(
        checkouts(&after, "client1") - checkouts(&before, "client1"),
        5.0,
        "{after}"
    );
    assert_eq!(checkouts(&after, "client2") - checkouts(&before, "client2"), 1.0);
    assert_eq!(value(&after, "diesel_tenants_connections_max", &[&database]), Some(2.0));
    let failed = value(&after, "diesel_tenants_checkout_failures_total", &[&database, "failed"]);
    assert_eq!(failed, Some(1.0));
    assert!(value(&after, "diesel_tenants_refusals_total", &["untranslatable"]) >= Some(1.0));
    assert_eq!(
        value(&after, "diesel_tenants_migration_seconds_count", &[&database]),
        Some(1.0)
    );
    assert!(value(&after, "diesel_tenants_cache_hits_total", &["finished"]) > Some(0.0));
    // Nothing is told twice.
    assert_eq!(checkouts(&told(), "client1"), checkouts(&after, "client1"));
}

#[tokio::test]
async fn the_busiest_tenants_have_labels_and_all_others_share_one() {
    let (pool, _folder) = files().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let told = || {
        metrics::with_local_recorder(&recorder, || pool.record_metrics());
        recorder.handle().render()
    };
    let tenants: Vec<String> = (0..30)
        .map(|number| format!("t{number}"))
        .chain(["other".to_owned()])
        .collect();
    for tenant in &tenants {
        pool.create_tenant(tenant, diesel_tenants::migrations::NoMigrations)
            .await
            .unwrap();
    }
    for (number, tenant) in tenants.iter().enumerate() {
        for _ in 0..=number {
            drop(pool.for_tenant(tenant).get().await.unwrap());
        }
    }
    let mut text = told();
    let lines = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("diesel_tenants_checkouts_total"))
            .count()
    };
    // The twenty busiest; one of them is called like the label of all others.
    assert_eq!(lines(&text), 19 + 1, "{text}");
    let sum = |text: &str| -> f64 {
        let lines = text
            .lines()
            .filter(|line| line.starts_with("diesel_tenants_checkouts_total"));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .sum()
    };
    let all = |pool: &diesel_tenants::TenantPool<diesel_tenants::Sqlite>| {
        let checkouts = pool.statistics().checkouts;
        (checkouts.busiest.iter().map(|(_, count)| count).sum::<u64>() + checkouts.others) as f64
    };
    assert_eq!(sum(&text), all(&pool), "each checkout is told once");
    // A quiet tenant becomes busy.
    for _ in 0..100 {
        drop(pool.for_tenant("t0").get().await.unwrap());
    }
    told();
    drop(pool.for_tenant("t0").get().await.unwrap());
    text = told();
    assert_eq!(
        value(&text, "diesel_tenants_checkouts_total", &["tenant=\"t0\""]),
        Some(1.0)
    );
    assert_eq!(sum(&text), all(&pool), "each checkout is told once");
    assert_eq!(lines(&text), 20 + 1);
}

/// What the recorder of this process does to whoever calls it.
static BLOCKS: Mutex<()> = Mutex::new(());
static PANICS: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);

struct Hostile;

impl Hostile {
    fn called() {
        CALLS.fetch_add(1, SeqCst);
        assert!(!AtomicBool::load(&PANICS, SeqCst), "as this test wants it");
        drop(BLOCKS.lock());
    }
}

impl Recorder for Hostile {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Self::called();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Self::called();
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Self::called();
        Histogram::noop()
    }
}

/// Waits until the library's own thread has called the recorder once more.
async fn is_called() {
    let (begun, calls) = (Instant::now(), AtomicUsize::load(&CALLS, SeqCst));
    while AtomicUsize::load(&CALLS, SeqCst) == calls {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the recorder is never called"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_recorder_that_panics_or_blocks_loses_no_connection_and_no_row() {
    let (pool, _database) = store().await;
    metrics::set_global_recorder(Hostile).unwrap();
    is_called().await;
    PANICS.store(true, SeqCst);
    is_called().await;
    for _ in 0..20 {
        add(&pool, "client1", "a").await.unwrap();
    }
    // A scrape panics, and nothing else: neither the pool nor its thread is the worse for it.
    let scraped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.record_metrics()));
    assert!(scraped.is_err());
    PANICS.store(false, SeqCst);
    is_called().await;

    let blocked = BLOCKS.lock();
    is_called().await;
    let begun = Instant::now();
    for _ in 0..20 {
        add(&pool, "client1", "a").await.unwrap();
    }
    // New pools can be built, and figures read.
    let (other, _database) = store().await;
    assert!(other.statistics().checkouts.others == 0);
    assert!(begun.elapsed() < Duration::from_secs(30));
    drop(blocked);
    is_called().await;
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(40));
    drop(conn);
    let status = pool.status();
    assert_eq!(status.size, status.available, "{status:?}");
    drop(Arc::new(pool));
}
