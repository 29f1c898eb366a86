//! Names are data: hostile ones are tenants like others, and those that MySQL can't have are refused before anything is
//! sent.

use diesel_tenants::CheckoutError;
use diesel_tenants_test_support::chain;

use crate::store::{NoMigrations, Store, create_tenant, prices};

#[tokio::test]
async fn hostile_names_are_tenants_like_others() {
    let store = Store::new().await;
    let names = [
        "`; DROP DATABASE public; -- ",
        "it's \"odd\"",
        "größe 日本",
        "a/../b",
        "1e1",
        "select",
        "%s\\'",
    ];
    for (number, name) in (1..).zip(names) {
        let name = format!("{name}{}", store.first);
        create_tenant(&name, number).await;
        assert_eq!(prices(&store.pool, &name).await, [number], "{name}");
    }
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
}

#[tokio::test]
async fn a_name_that_differs_from_another_tenants_only_in_case_is_refused_up_front() {
    let store = Store::new().await;
    let upper = store.first.to_uppercase();
    for refused in [
        store.pool.create_tenant(&upper, NoMigrations).await.map(drop),
        store.pool.ensure_tenant(&upper, NoMigrations).await.map(drop),
        store.pool.rename_tenant(&store.second, &upper).await,
        store.pool.rename_tenant(&store.first, &upper).await,
    ] {
        let error = chain(&refused.unwrap_err());
        assert!(
            error.contains("only in case") && error.contains(&store.first),
            "{error}"
        );
    }
    assert!(store.pool.clone_tenant(&store.second, &upper).await.is_err());
    let error = store.pool.for_tenant(&upper).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
}

#[tokio::test]
async fn names_that_no_tenant_can_have_are_refused_with_their_reason() {
    let store = Store::new().await;
    for (name, reason) in [
        ("mysql", "belongs to the server"),
        ("MySQL", "belongs to the server"),
        ("Information_Schema", "belongs to the server"),
        ("performance_schema", "belongs to the server"),
        ("sys", "belongs to the server"),
        ("public", "shared schema"),
        ("PUBLIC", "only in case"),
        ("client1 ", "no space at the end"),
        ("client😀", "emoji"),
        ("#mysql50#client1", "#mysql50#"),
        ("", "empty"),
        ("a\0b", "NUL"),
    ] {
        let error = store.pool.for_tenant(name).get().await.unwrap_err();
        let CheckoutError::InvalidName(error) = error else {
            panic!("{name}: {error}")
        };
        assert!(error.to_string().contains(reason), "{name}: {error}");
    }
    let error = store.pool.for_tenant("a".repeat(64)).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::InvalidName(_)), "{error}");
    assert!(matches!(
        store.pool.for_tenant("a".repeat(63)).get().await,
        Err(CheckoutError::UnknownTenant { .. })
    ));
}
