//! What other processes do to tenants is seen soon, although tenants are remembered for long.

use std::time::{Duration, Instant};

use diesel_tenants::{CheckoutError, TenantStatus};

use crate::store::{Store, create_tenant, prices, set_status};

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
