use diesel_tenants::{CloneError, LifecycleError};
use diesel_tenants_test_support::chain;

use super::{
    on_each,
    store::{ITEMS, Store, items_only, migrations},
    test_backend::{Options, TestBackend},
};

on_each!(
    a_tenant_is_created_once,
    of_many_who_create_the_same_tenant_one_succeeds,
    a_tenant_is_created_completely_or_not_at_all,
    names_that_no_tenant_can_have_are_refused,
    a_tenant_can_be_ensured_again_and_again,
    a_clone_has_the_rows_or_only_the_tables,
);

async fn a_tenant_is_created_once<B: TestBackend>() {
    let store = Store::<B>::empty(Options::default()).await;
    assert!(!store.pool.tenant_exists("client1").await.unwrap());
    store.add("client1", &[5000]).await;
    assert!(store.pool.tenant_exists("client1").await.unwrap());
    let error = B::create(&store.pool, "client1", items_only()).await.unwrap_err();
    assert!(
        matches!(&error, LifecycleError::AlreadyExists { tenant } if tenant.as_str() == "client1"),
        "{error:?}"
    );
    assert_eq!(store.prices("client1").await, [5000], "it was left alone");
}

async fn of_many_who_create_the_same_tenant_one_succeeds<B: TestBackend>() {
    let store = Store::<B>::empty(Options::default()).await;
    let attempts = (0..6).map(|_| B::create(&store.pool, "client1", items_only()));
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
    }
}

async fn a_tenant_is_created_completely_or_not_at_all<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let broken = migrations(&[("1_items", ITEMS), ("2_broken", "CREATE TABLE")]);
    let error = B::create(&store.pool, "client3", broken).await.unwrap_err();
    assert!(chain(&error).contains("2_broken"), "{}", chain(&error));
    assert_eq!(store.names().await, ["client1", "client2"]);
    store.add("client3", &[7]).await;
    assert_eq!(store.prices("client3").await, [7]);
}

async fn names_that_no_tenant_can_have_are_refused<B: TestBackend>() {
    let store = Store::<B>::empty(Options::default()).await;
    for name in ["", "public", "a\0"].iter().chain(B::RESERVED) {
        let message = chain(&B::create(&store.pool, name, items_only()).await.unwrap_err());
        assert!(message.starts_with("no tenant can have that name: "), "{message}");
    }
}

async fn a_tenant_can_be_ensured_again_and_again<B: TestBackend>() {
    let store = Store::<B>::empty(Options::default()).await;
    let ensure = |scripts: &[(&str, &str)]| B::ensure(&store.pool, "client1", migrations(scripts));
    let (one, two) = (("1_items", ITEMS), ("2_two", "CREATE TABLE two (id INTEGER)"));
    assert_eq!(ensure(&[one]).await.unwrap(), 1);
    assert_eq!(ensure(&[one]).await.unwrap(), 0);
    assert_eq!(ensure(&[one, two]).await.unwrap(), 1);
    store.run("client1", "INSERT INTO two VALUES (1)").await.unwrap();
}

async fn a_clone_has_the_rows_or_only_the_tables<B: TestBackend>() {
    let store = Store::<B>::new().await;
    B::clone_tenant(&store.pool, "client1", "client3", true).await.unwrap();
    B::clone_tenant(&store.pool, "client1", "client4", false).await.unwrap();
    store.run("client1", "UPDATE items SET price = 1").await.unwrap();
    assert_eq!(store.prices("client3").await, [5000, 2000]);
    assert!(store.prices("client4").await.is_empty());
    for clone in ["client3", "client4"] {
        assert_eq!(B::pending(&store.pool, clone, items_only()).await.unwrap(), 0);
    }
    let taken = B::clone_tenant(&store.pool, "client1", "client2", true).await;
    assert!(matches!(taken, Err(CloneError::AlreadyExists { .. })), "{taken:?}");
    let unknown = B::clone_tenant(&store.pool, "client7", "client8", true).await;
    assert!(matches!(unknown, Err(CloneError::UnknownTenant { .. })), "{unknown:?}");
}
