//! Which tenant a statement reaches, by whose map.

use diesel_tenants::{CheckoutError, SchemaTranslateMap, TranslateError};
use diesel_tenants_test_support::chain;

use super::{
    on_each,
    store::Store,
    test_backend::{Options, TestBackend},
};

on_each!(
    each_tenant_sees_its_own_rows_and_the_shared_ones,
    the_querys_map_wins_over_the_checkouts_and_that_over_the_pools,
    the_map_survives_commit_and_rollback_and_is_gone_on_return,
    a_shared_checkout_reaches_pinned_tables_and_refuses_a_tenants_by_name,
    a_symbolic_schema_stands_for_the_tenants,
    unknown_tenants_and_impossible_names_are_errors,
);

fn map(tenant: &str) -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(tenant.parse().unwrap())
}

fn on_one_connection() -> Options {
    Options {
        max_size: Some(1),
        ..Options::default()
    }
}

async fn each_tenant_sees_its_own_rows_and_the_shared_ones<B: TestBackend>() {
    let store = Store::<B>::with(on_one_connection()).await;
    for (tenant, prices) in [
        ("client1", [5000, 2000]),
        ("client2", [1000, 100]),
        ("client1", [5000, 2000]),
    ] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        let lines = [("Ada".to_owned(), prices[0]), ("Grace".to_owned(), prices[1])];
        assert_eq!(B::lines(&mut conn).await.unwrap(), lines);
        B::run(
            &mut conn,
            "UPDATE items SET price = price + 1; UPDATE items SET price = price - 1",
        )
        .await
        .unwrap();
        assert_eq!(B::users(&mut conn).await, Ok(2));
    }
}

async fn the_querys_map_wins_over_the_checkouts_and_that_over_the_pools<B: TestBackend>() {
    let options = Options {
        schema_map: Some(map("client1")),
        ..on_one_connection()
    };
    let store = Store::<B>::with(options).await;
    let mut conn = store.pool.get().await.unwrap();
    assert_eq!(B::prices(&mut conn).await, Ok(vec![5000, 2000]));
    assert_eq!(B::prices_in(&mut conn, "client2").await, Ok(vec![1000, 100]));
    assert_eq!(B::prices(&mut conn).await, Ok(vec![5000, 2000]));
    drop(conn);
    let mut conn = store.pool.with_map(map("client2")).get().await.unwrap();
    assert_eq!(B::prices(&mut conn).await, Ok(vec![1000, 100]));
    assert_eq!(B::prices_in(&mut conn, "client1").await, Ok(vec![5000, 2000]));
    let unknown = B::prices_in(&mut conn, "client3").await.unwrap_err();
    assert!(chain(&unknown).contains("client3"), "{unknown}");
}

async fn the_map_survives_commit_and_rollback_and_is_gone_on_return<B: TestBackend>() {
    let store = Store::<B>::with(on_one_connection()).await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for (roll_back, after) in [(true, [5000, 2000]), (false, [5001, 2001])] {
        let inside = B::prices_after(&mut conn, "UPDATE items SET price = price + 1", roll_back).await;
        assert_eq!(inside, [5001, 2001]);
        assert_eq!(B::prices(&mut conn).await, Ok(after.to_vec()));
    }
    drop(conn);
    let mut conn = store.pool.shared().get().await.unwrap();
    assert!(B::prices(&mut conn).await.is_err());
    drop(conn);
    assert_eq!(store.prices("client2").await, [1000, 100]);
}

async fn a_shared_checkout_reaches_pinned_tables_and_refuses_a_tenants_by_name<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    assert_eq!(B::users(&mut conn).await, Ok(2));
    for error in [
        B::prices(&mut conn).await.unwrap_err(),
        B::run(&mut conn, "DELETE FROM items").await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, diesel::result::Error::QueryBuilderError(error) if error.is::<TranslateError>()),
            "{error:?}"
        );
        assert!(error.to_string().contains("items"), "{error}");
    }
}

async fn a_symbolic_schema_stands_for_the_tenants<B: TestBackend>() {
    let options = Options {
        symbolic_schema: Some("tenant"),
        ..Options::default()
    };
    let store = Store::<B>::with(options).await;
    store.run("client1", "UPDATE tenant.items SET price = 1").await.unwrap();
    assert_eq!(store.prices("client1").await, [1, 1]);
    assert_eq!(store.prices("client2").await, [1000, 100]);
    let error = store.pool.for_tenant("tenant").get().await.unwrap_err();
    assert!(chain(&error).contains("symbolic_schema"), "{error}");
}

async fn unknown_tenants_and_impossible_names_are_errors<B: TestBackend>() {
    let store = Store::<B>::new().await;
    for _ in 0..2 {
        for name in ["client3", "..", "a/b", "ä"] {
            let error = store.pool.for_tenant(name).get().await.unwrap_err();
            assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{name}: {error}");
        }
    }
    let error = store.pool.with_map(map("client3")).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    for name in ["public", "", "a\0b"].iter().chain(B::RESERVED) {
        let error = store.pool.for_tenant(*name).get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{name}: {error}");
    }
    // What is created a moment later is found.
    store.add("client3", &[3]).await;
    assert_eq!(store.prices("client3").await, [3]);
}
