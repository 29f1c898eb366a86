use diesel_tenants::{CheckoutError, LifecycleError};

use super::{
    on_each,
    store::{Store, items_only, prices},
    test_backend::{Options, TestBackend},
};

on_each!(
    a_renamed_tenant_takes_its_rows_along_and_its_name_is_free,
    a_taken_or_unknown_name_is_left_alone,
    a_suspended_tenant_stays_suspended,
    a_dropped_tenant_is_gone_in_every_process,
);

async fn a_renamed_tenant_takes_its_rows_along_and_its_name_is_free<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let other = store.other(Options::default()).await;
    assert_eq!(prices(&other, "client1").await, [5000, 2000]);
    let before = store.pool.for_tenant("client2").get().await.unwrap();
    if !B::CHECKOUTS_HOLD_THE_NAME {
        B::rename(&store.pool, "client2", "client3").await.unwrap();
        B::rename(&store.pool, "client3", "client2").await.unwrap();
    }
    drop(before);
    B::rename(&store.pool, "client1", "client9").await.unwrap();
    assert_eq!(store.prices("client9").await, [5000, 2000]);
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    assert_eq!(prices(&other, "client9").await, [5000, 2000]);
    // The next tenant of that name is another one.
    B::create(&store.pool, "client1", items_only()).await.unwrap();
    assert!(store.prices("client1").await.is_empty());
    assert_eq!(store.prices("client9").await, [5000, 2000]);
}

async fn a_taken_or_unknown_name_is_left_alone<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let taken = B::rename(&store.pool, "client1", "client2").await.unwrap_err();
    assert!(matches!(taken, LifecycleError::AlreadyExists { .. }), "{taken}");
    let unknown = B::rename(&store.pool, "nobody", "client3").await.unwrap_err();
    assert!(matches!(unknown, LifecycleError::NotFound { .. }), "{unknown}");
    for name in ["", "public"].iter().chain(B::RESERVED) {
        let invalid = B::rename(&store.pool, "client1", name).await.unwrap_err();
        assert!(matches!(invalid, LifecycleError::InvalidName(_)), "{name}: {invalid}");
    }
    assert_eq!(store.prices("client1").await, [5000, 2000]);
    assert_eq!(store.prices("client2").await, [1000, 100]);
}

async fn a_suspended_tenant_stays_suspended<B: TestBackend>() {
    let store = Store::<B>::new().await;
    B::suspend(&store.pool, "client1").await.unwrap();
    B::rename(&store.pool, "client1", "client9").await.unwrap();
    let error = store.pool.for_tenant("client9").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    B::resume(&store.pool, "client9").await.unwrap();
    assert_eq!(store.prices("client9").await, [5000, 2000]);
}

async fn a_dropped_tenant_is_gone_in_every_process<B: TestBackend>() {
    let store = Store::<B>::new().await;
    assert_eq!(store.prices("client1").await, [5000, 2000]);
    B::drop_tenant(&store.pool, "client1").await.unwrap();
    assert_eq!(store.names().await, ["client2"]);
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    let again = B::drop_tenant(&store.pool, "client1").await.unwrap_err();
    assert!(matches!(again, LifecycleError::NotFound { .. }), "{again}");
    store.add("client1", &[1]).await;
    assert_eq!(store.prices("client1").await, [1], "nothing is left of the one before");
}
