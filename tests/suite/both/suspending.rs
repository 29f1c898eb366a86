use std::time::Duration;

use diesel_tenants::{CheckoutError, LifecycleError, TenantStatus};

use super::{
    on_each,
    store::{ITEMS, Store, migrations},
    test_backend::{Options, TestBackend},
};

on_each!(
    a_suspended_tenant_is_refused_at_once_until_it_is_resumed,
    another_process_refuses_it_when_it_looks_again_and_lets_it_in_at_once,
    migrations_reach_a_suspended_tenant_and_leave_it_suspended,
    a_checkout_from_before_keeps_working,
    what_is_no_tenant_can_be_neither_suspended_nor_resumed,
);

async fn a_suspended_tenant_is_refused_at_once_until_it_is_resumed<B: TestBackend>() {
    let Store { pool, .. } = &Store::<B>::new().await;
    pool.for_tenant("client1").get().await.unwrap();
    for _ in 0..2 {
        B::suspend(pool, "client1").await.unwrap();
        let error = pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
        assert!(pool.tenant_exists("client1").await.unwrap());
        assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Suspended);
    }
    for _ in 0..2 {
        B::resume(pool, "client1").await.unwrap();
        pool.for_tenant("client1").get().await.unwrap();
        assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Active);
    }
}

async fn another_process_refuses_it_when_it_looks_again_and_lets_it_in_at_once<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let options = Options {
        schema_cache: Some((10, Duration::from_millis(50))),
        ..Options::default()
    };
    let other = store.other(options).await;
    other.for_tenant("client1").get().await.unwrap();
    B::suspend(&store.pool, "client1").await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(other.for_tenant("client1").get().await.is_err());
    B::resume(&store.pool, "client1").await.unwrap();
    other.for_tenant("client1").get().await.unwrap();
}

async fn migrations_reach_a_suspended_tenant_and_leave_it_suspended<B: TestBackend>() {
    let store = Store::<B>::new().await;
    B::suspend(&store.pool, "client1").await.unwrap();
    let more = migrations(&[("1_items", ITEMS), ("2_more", "CREATE TABLE more (id INTEGER)")]);
    assert_eq!(B::migrate(&store.pool, "client1", more).await.unwrap(), 1);
    assert!(store.pool.for_tenant("client1").get().await.is_err());
    B::resume(&store.pool, "client1").await.unwrap();
    store.run("client1", "INSERT INTO more VALUES (1)").await.unwrap();
}

async fn a_checkout_from_before_keeps_working<B: TestBackend>() {
    let Store { pool, .. } = &Store::<B>::new().await;
    let mut before = pool.for_tenant("client1").get().await.unwrap();
    B::suspend(pool, "client1").await.unwrap();
    B::run(&mut before, "INSERT INTO items VALUES (3, 'Tesla', 1)")
        .await
        .unwrap();
    assert_eq!(B::prices(&mut before).await, Ok(vec![5000, 2000, 1]));
}

async fn what_is_no_tenant_can_be_neither_suspended_nor_resumed<B: TestBackend>() {
    let Store { pool, .. } = &Store::<B>::new().await;
    let archive = B::archive(pool, "client2").await.unwrap();
    for name in ["nobody", archive.as_str()] {
        for error in [
            B::suspend(pool, name).await.unwrap_err(),
            B::resume(pool, name).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, LifecycleError::NotFound { tenant } if tenant.as_str() == name),
                "{error:?}"
            );
        }
    }
    for name in ["", "public"].iter().chain(B::RESERVED) {
        let error = B::suspend(pool, name).await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{error:?}");
    }
}
