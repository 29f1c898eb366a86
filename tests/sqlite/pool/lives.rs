use std::time::Duration;

use diesel_tenants::{CheckoutError, LifecycleError};
use diesel_tenants_test_support::chain;

use super::store::{Store, Unreadable, migrations, prices, tenant_migrations};

async fn names(store: &Store) -> Vec<String> {
    let tenants = store.pool.tenants().await.unwrap();
    tenants.into_iter().map(|tenant| tenant.name.to_string()).collect()
}

#[tokio::test]
async fn a_tenant_is_created_completely_or_not_at_all() {
    let store = Store::new().await;
    let broken = migrations(&[("1_tables", "CREATE TABLE items (id)"), ("2_broken", "CREATE TABLE")]);
    let error = store.pool.create_tenant("client3", broken).await.unwrap_err();
    assert!(chain(&error).contains("2_broken"), "{}", chain(&error));
    assert!(chain(&store.pool.create_tenant("client3", Unreadable).await.unwrap_err()).contains("the disk is gone"));
    assert_eq!(names(&store).await, ["client1", "client2"]);
    let again = store.pool.create_tenant("client1", tenant_migrations()).await;
    assert!(matches!(again, Err(LifecycleError::AlreadyExists { .. })));
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
    let ensured = store.pool.ensure_tenant("client1", tenant_migrations()).await.unwrap();
    assert!(ensured.is_empty());
    assert_eq!(
        store
            .pool
            .ensure_tenant("client3", tenant_migrations())
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(store.pool.tenant_exists("client3").await.unwrap());
}

#[tokio::test]
async fn a_renamed_tenant_takes_its_rows_along_and_its_name_is_free() {
    let store = Store::new().await;
    let other = store.other().await;
    assert_eq!(prices(&other, "client1").await, [5000]);
    store
        .pool
        .rename_tenant("client1", "client9")
        .wait(Duration::from_secs(10))
        .await
        .unwrap();
    for pool in [&store.pool, &other] {
        assert_eq!(prices(pool, "client9").await, [5000]);
        let error = pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    }
    // The next tenant of that name is another one, in every process.
    store.pool.create_tenant("client1", tenant_migrations()).await.unwrap();
    for pool in [&store.pool, &other] {
        assert!(prices(pool, "client1").await.is_empty());
        assert_eq!(prices(pool, "client9").await, [5000]);
    }
    let taken = store.pool.rename_tenant("client9", "client2").await;
    assert!(matches!(taken, Err(LifecycleError::AlreadyExists { .. })));
}

#[tokio::test]
async fn a_tenant_in_use_is_neither_dropped_nor_renamed() {
    let store = Store::new().await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let error = store
        .pool
        .drop_tenant("client1")
        .wait(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(chain(&error).contains("a connection still had"), "{}", chain(&error));
    assert!(
        store
            .pool
            .rename_tenant("client1", "client9")
            .wait(Duration::ZERO)
            .await
            .is_err()
    );
    drop(held);
    store.pool.drop_tenant("client1").await.unwrap();
    assert_eq!(names(&store).await, ["client2"]);
    let gone = store.pool.drop_tenant("client1").await;
    assert!(matches!(gone, Err(LifecycleError::NotFound { .. })));
}

#[tokio::test]
async fn a_migration_that_would_keep_the_file_from_being_attached_fails() {
    let store = Store::new().await;
    for sql in [
        "CREATE VIEW cheap AS SELECT * FROM main.items",
        "CREATE TRIGGER sold AFTER INSERT ON orders BEGIN SELECT * FROM main.items; END",
        "CREATE TRIGGER sold AFTER INSERT ON main.orders BEGIN SELECT 1; END",
    ] {
        let bad = || migrations(&[("1_tables", crate::tables::TENANT), ("2_bad", sql)]);
        let error = store.pool.create_tenant("client3", bad()).await.unwrap_err();
        assert!(chain(&error).contains("names the schema main"), "{}", chain(&error));
        assert!(store.pool.migrate_tenant("client1", bad()).await.is_err());
        assert_eq!(prices(&store.pool, "client1").await, [5000]);
        let shared = sql.replace("items", "users").replace("orders", "users");
        let shared = migrations(&[("1_users", crate::tables::SHARED), ("2_bad", &shared)]);
        assert!(store.pool.migrate_shared(shared).await.is_err());
    }
    assert_eq!(names(&store).await, ["client1", "client2"]);
    let good = "CREATE VIEW main.cheap AS SELECT items.price FROM items; \
                CREATE TRIGGER main.sold AFTER INSERT ON orders BEGIN UPDATE items SET price = 1.5; END";
    let good = migrations(&[("1_tables", crate::tables::TENANT), ("2_good", good)]);
    store.pool.migrate_tenant("client1", good).await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}
