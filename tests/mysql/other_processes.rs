//! What other processes do to tenants is seen soon, although tenants are remembered for long.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{CheckoutError, Mysql, MysqlUrl, TenantPool, TenantStatus};
use diesel_tenants_test_support::MariaDb;

use crate::{
    placements::{on_second, second, second_server},
    store::{NoMigrations, Store, connection, create_tenant, prices, set_status, url},
    way::{Way, account_of},
};

#[tokio::test]
async fn a_tenant_that_another_process_suspends_is_refused_within_two_seconds_and_resumed_likewise() {
    let store = Store::with(|builder| builder.schema_cache(1_000, Duration::from_secs(3_600))).await;
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
    set_status(&store.first, "suspended").await;
    let begun = Instant::now();
    loop {
        match store.pool.for_tenant(&store.first).get().await {
            Ok(_) => assert!(begun.elapsed() < Duration::from_secs(2), "it is still handed out"),
            Err(CheckoutError::SuspendedTenant { .. }) => break,
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // That a tenant is suspended is not remembered.
    set_status(&store.first, "active").await;
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
}

#[tokio::test]
async fn tenants_of_every_status_are_listed_and_measured() {
    let store = Store::new().await;
    let new = format!("{}new", store.first);
    create_tenant(&new, 7).await;
    set_status(&store.second, "suspended").await;
    set_status(&format!("{}half", store.first), "unfinished").await;
    let status_of = |tenants: &[diesel_tenants::TenantInfo], name: &str| {
        let found = tenants.iter().find(|tenant| tenant.name.as_str() == name);
        found.map(|tenant| tenant.status)
    };
    let all = store.pool.all_tenants().await.unwrap();
    assert!(all.is_sorted_by(|one, other| one.name < other.name));
    assert_eq!(status_of(&all, &new), Some(TenantStatus::Active));
    assert_eq!(status_of(&all, &store.second), Some(TenantStatus::Suspended));
    assert_eq!(
        status_of(&all, &format!("{}half", store.first)),
        Some(TenantStatus::Unfinished)
    );
    let tenants = store.pool.tenants().await.unwrap();
    assert_eq!(status_of(&tenants, &store.second), Some(TenantStatus::Suspended));
    assert_eq!(status_of(&tenants, &format!("{}half", store.first)), None);
    assert!(store.pool.tenant_exists(&*store.second).await.unwrap());
    assert!(!store.pool.tenant_exists("nobody").await.unwrap());

    let size = store.pool.schema_size(&*new).await.unwrap().unwrap();
    // Two of the tenant, and two of its migrations.
    assert_eq!(size.tables, 4);
    assert!(size.bytes > 0);
    assert!(store.pool.schema_size("nobody").await.unwrap().is_none());
}

/// A pool that asks for tenants once an hour, unless it hears of a change.
async fn forgetful_by_hearing_alone(url: MysqlUrl, shared: &str) -> TenantPool<Mysql> {
    let builder = TenantPool::builder(url)
        .shared_schema(shared)
        .max_size(2)
        .recycle_timeout(Duration::from_secs(1))
        .schema_cache(1_000, Duration::from_secs(3_600));
    builder.build().await.unwrap()
}

/// Checks a tenant out again and again, until it is suspended.
async fn is_refused_within(limit: Duration, pool: &TenantPool<Mysql>, tenant: &str) {
    let begun = Instant::now();
    loop {
        match pool.for_tenant(tenant).get().await {
            Ok(_) => assert!(begun.elapsed() < limit, "it is still handed out"),
            Err(CheckoutError::SuspendedTenant { .. }) => return,
            // The pool's own connection may have fallen silent as well.
            Err(CheckoutError::LookupTimeout { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As behind a firewall that drops packets of connections which it has forgotten.
#[tokio::test]
async fn a_change_is_heard_of_although_the_connection_that_would_tell_fell_silent() {
    let store = Store::new().await;
    let server = MariaDb::shared();
    let way = Way::to(server).await;
    let pool = forgetful_by_hearing_alone(way.url(&account_of(server)), "public").await;
    assert_eq!(prices(&pool, &store.first).await, [5000]);
    // It begins to listen, and forgets what it remembered before.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(prices(&pool, &store.first).await, [5000]);
    way.silence_old();
    set_status(&store.first, "suspended").await;
    is_refused_within(Duration::from_secs(8), &pool, &store.first).await;
}

/// Two servers stand for two nodes of a cluster, of which the second has not heard yet of what the first one tells.
#[tokio::test]
async fn what_a_node_says_that_is_behind_is_not_remembered() {
    let (ahead, behind) = (MariaDb::shared(), second_server());
    let account = "CREATE USER IF NOT EXISTS node IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO node";
    connection().await.batch_execute(account).await.unwrap();
    on_second(account).await;
    for url in [url(), second()] {
        let pool = TenantPool::builder(url).shared_schema("nodes").build().await.unwrap();
        pool.create_tenant("of_nodes", NoMigrations).await.unwrap();
    }
    let way = Way::to(behind).await;
    let pool = forgetful_by_hearing_alone(way.url("node:secret"), "nodes").await;
    // These connections stay, and the one that tells of changes is opened later.
    way.lead_to(ahead);
    let direct = TenantPool::builder(url()).shared_schema("nodes").build().await.unwrap();
    direct.suspend_tenant("of_nodes").await.unwrap();
    pool.for_tenant("of_nodes").get().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    // The node that is behind can't know better. Once it hears of the change, so does the pool.
    pool.for_tenant("of_nodes").get().await.unwrap();
    let direct = TenantPool::builder(second())
        .shared_schema("nodes")
        .build()
        .await
        .unwrap();
    direct.suspend_tenant("of_nodes").await.unwrap();
    is_refused_within(Duration::from_secs(2), &pool, "of_nodes").await;
}
