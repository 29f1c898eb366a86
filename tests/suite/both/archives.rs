use diesel_tenants::{CheckoutError, LifecycleError, TenantStatus};

use super::{
    on_each,
    store::{Store, items_only},
    test_backend::{Options, TestBackend},
};

on_each!(
    an_archived_tenant_is_gone_and_comes_back_with_its_data,
    the_name_is_free_for_another_and_the_archive_comes_back_under_a_new_one,
    a_suspended_tenant_comes_back_suspended,
    what_is_no_archive_is_neither_restored_nor_dropped,
);

async fn an_archived_tenant_is_gone_and_comes_back_with_its_data<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let pool = &store.pool;
    let archive = B::archive(pool, "client1").await.unwrap();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    assert_eq!(store.names().await, ["client2"]);
    let statuses = pool.all_tenants().await.unwrap();
    let archived = statuses.iter().find(|tenant| tenant.name == archive).unwrap();
    assert_eq!(archived.status, TenantStatus::Archived);
    assert_eq!(B::archived(pool).await, [(archive.clone(), "client1".to_owned())]);
    for pool in [pool, &store.other(Options::default()).await] {
        let error = pool.for_tenant(&archive).get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    }
    B::restore(pool, &archive, "client1").await.unwrap();
    assert_eq!(store.prices("client1").await, [5000, 2000]);
    assert!(B::archived(pool).await.is_empty());
}

async fn the_name_is_free_for_another_and_the_archive_comes_back_under_a_new_one<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let archive = B::archive(&store.pool, "client1").await.unwrap();
    B::create(&store.pool, "client1", items_only()).await.unwrap();
    let taken = B::restore(&store.pool, &archive, "client1").await.unwrap_err();
    assert!(matches!(taken, LifecycleError::AlreadyExists { .. }), "{taken}");
    B::restore(&store.pool, &archive, "client5").await.unwrap();
    assert_eq!(store.prices("client5").await, [5000, 2000]);
    assert!(store.prices("client1").await.is_empty());
}

async fn a_suspended_tenant_comes_back_suspended<B: TestBackend>() {
    let store = Store::<B>::new().await;
    B::suspend(&store.pool, "client1").await.unwrap();
    let archive = B::archive(&store.pool, "client1").await.unwrap();
    B::restore(&store.pool, &archive, "client1").await.unwrap();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
}

async fn what_is_no_archive_is_neither_restored_nor_dropped<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let unknown = B::archive(&store.pool, "nobody").await.unwrap_err();
    assert!(matches!(unknown, LifecycleError::NotFound { .. }), "{unknown}");
    let no_archive = B::restore(&store.pool, &"client2".parse().unwrap(), "client3")
        .await
        .unwrap_err();
    assert!(matches!(no_archive, LifecycleError::NotArchived { .. }), "{no_archive}");
    let archive = B::archive(&store.pool, "client1").await.unwrap();
    assert_eq!(B::drop_archived(&store.pool).await, 1);
    assert!(B::restore(&store.pool, &archive, "client1").await.is_err());
    assert_eq!(store.prices("client2").await, [1000, 100]);
}
