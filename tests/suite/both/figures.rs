//! What a pool counts.

use std::time::Duration;

use diesel_tenants::{TenantPool, pool::PoolStatistics, signals::Retirement};

use super::{
    on_each,
    store::{Store, items_only},
    test_backend::{Fleet, Options, TestBackend},
};

on_each!(
    checkouts_are_counted_by_tenant,
    a_closed_connection_is_counted_with_its_reason,
    a_checkout_that_waits_is_counted_with_its_time,
    checkouts_in_vain_are_counted,
    migrations_and_refusals_are_counted,
    caches_and_listeners_have_figures,
);

async fn small<B: TestBackend>() -> Store<B> {
    let options = Options {
        max_size: Some(1),
        ..Options::default()
    };
    Store::with(options).await
}

fn of<B: TestBackend>(pool: &TenantPool<B>) -> PoolStatistics {
    pool.statistics()
}

fn checkouts(statistics: &PoolStatistics, tenant: &str) -> u64 {
    let busiest = &statistics.checkouts.busiest;
    let found = busiest.iter().find(|(name, _)| name.as_str() == tenant);
    found.map_or(0, |(_, count)| *count)
}

async fn checkouts_are_counted_by_tenant<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let before = of(&store.pool);
    for _ in 0..3 {
        store.prices("client1").await;
    }
    store.prices("client2").await;
    drop(store.pool.shared().get().await.unwrap());
    let after = of(&store.pool);
    let added = |tenant| checkouts(&after, tenant) - checkouts(&before, tenant);
    assert_eq!((added("client1"), added("client2")), (3, 1));
    assert_eq!(after.checkouts.shared - before.checkouts.shared, 1);
    assert_eq!(after.checkouts.others, 0);
    let main = &after.databases[0];
    assert_eq!(main.status, store.pool.status());
    assert_eq!(main.waits.count(), 0, "nobody had to wait");
}

async fn a_closed_connection_is_counted_with_its_reason<B: TestBackend>() {
    let store = small::<B>().await;
    let retired = |reason| of(&store.pool).databases[0].retired.of(reason);
    let before = retired(Retirement::InTransaction) + retired(Retirement::LeftState);
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    B::run(&mut conn, "BEGIN").await.unwrap();
    drop(conn);
    let after = retired(Retirement::InTransaction) + retired(Retirement::LeftState);
    assert_eq!(after - before, 1);
    assert_eq!(store.prices("client1").await, [5000, 2000]);
}

async fn a_checkout_that_waits_is_counted_with_its_time<B: TestBackend>() {
    let store = small::<B>().await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let waits = tokio::spawn({
        let pool = store.pool.clone();
        async move { drop(pool.for_tenant("client2").get().await.unwrap()) }
    });
    while store.pool.status().waiting == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(held);
    waits.await.unwrap();
    // A wait that is given up counts as well.
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let patience = Duration::from_millis(20);
    assert!(
        tokio::time::timeout(patience, store.pool.for_tenant("client2").get())
            .await
            .is_err()
    );
    drop(held);
    let waits = &of(&store.pool).databases[0].waits;
    assert!(waits.count() >= 2, "{waits:?}");
    assert!(waits.longest() >= Duration::from_millis(50), "{waits:?}");
    assert!(waits.quantile(0.5).unwrap() >= Duration::from_millis(15), "{waits:?}");
}

async fn checkouts_in_vain_are_counted<B: TestBackend>() {
    let store = Store::<B>::new().await;
    assert!(store.pool.for_tenant("nobody").get().await.is_err());
    let checkouts = of(&store.pool).checkouts;
    assert_eq!((checkouts.failed, checkouts.exhausted), (1, 0));
    assert!(checkouts.busiest.iter().all(|(tenant, _)| tenant.as_str() != "nobody"));
}

async fn migrations_and_refusals_are_counted<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let before = of(&store.pool);
    B::migrate(&store.pool, "client1", items_only()).await.unwrap();
    let all = super::store::migrations(&[
        ("1_items", super::store::ITEMS),
        ("2_more", "CREATE TABLE more (id INT)"),
    ]);
    let report = B::migrate_all(&store.pool, all, Fleet::default()).await;
    assert!(report.is_success(), "{report:?}");
    let broken = super::store::migrations(&[("3_broken", "CREATE NONSENSE")]);
    assert!(B::migrate(&store.pool, "client1", broken).await.is_err());
    let mut shared = store.pool.shared().get().await.unwrap();
    assert!(B::prices(&mut shared).await.is_err());
    let after = of(&store.pool);
    assert_eq!(after.migrations.count() - before.migrations.count(), 1 + 2 + 1);
    assert_eq!(after.failed_migrations - before.failed_migrations, 1);
    // Other tests of the process count here too.
    assert!(after.refusals.untranslatable > before.refusals.untranslatable);
}

async fn caches_and_listeners_have_figures<B: TestBackend>() {
    let store = Store::<B>::new().await;
    for _ in 0..3 {
        store.prices("client1").await;
    }
    let caches = of(&store.pool).caches;
    assert!(caches.tenants.hits > 0 && caches.tenants.entries > 0, "{caches:?}");
    assert!(caches.finished.hits > 0 && caches.templates.entries > 0, "{caches:?}");
    assert!(caches.directory.is_none());
    if let Some(listener) = of(&store.pool).listener {
        assert!(listener.lag < Duration::from_secs(10), "{listener:?}");
    }
}
