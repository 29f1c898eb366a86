//! Tenants that exist under a name which no tenant may have: here the symbolic schema of a pool, of which the pool that
//! created the tenant knows nothing.

use diesel_tenants::{CheckoutError, MigrationError, SchemaNameError, TenantPool, migrations::TenantOutcome};
use diesel_tenants_test_support::chain;

use super::{
    on_each,
    store::{ITEMS, Store, items_only, migrations, prices},
    test_backend::{Fleet, Options, TestBackend},
};

on_each!(
    a_tenant_under_a_reserved_name_is_listed_with_the_reason_and_can_not_be_used,
    a_tenant_under_a_reserved_name_is_not_migrated_and_its_failure_says_what_to_do,
    a_tenant_under_a_reserved_name_is_renamed_archived_and_dropped,
);

/// Tenants, and a pool in which the name of the last one is reserved.
async fn reserving<B: TestBackend>() -> (Store<B>, TenantPool<B>) {
    let store = Store::<B>::new().await;
    let options = Options {
        max_size: Some(1),
        symbolic_schema: Some("reserved"),
        ..Options::default()
    };
    let pool = store.other(options).await;
    store.add("reserved", &[7]).await;
    (store, pool)
}

fn is_symbolic(error: &SchemaNameError) -> bool {
    matches!(error, SchemaNameError::Symbolic { name } if name == "reserved")
}

async fn a_tenant_under_a_reserved_name_is_listed_with_the_reason_and_can_not_be_used<B: TestBackend>() {
    let (_store, pool) = reserving::<B>().await;
    for listed in [pool.tenants().await.unwrap(), pool.all_tenants().await.unwrap()] {
        let names: Vec<&str> = listed.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["client1", "client2", "reserved"]);
        let reserved = listed.iter().map(|tenant| tenant.reserved.as_ref());
        let reserved: Vec<bool> = reserved.map(|reserved| reserved.is_some_and(is_symbolic)).collect();
        assert_eq!(reserved, [false, false, true]);
    }
    assert!(pool.placement_of("reserved").await.unwrap().is_some());
    let error = pool.for_tenant("reserved").get().await.unwrap_err();
    assert!(
        matches!(&error, CheckoutError::InvalidName(error) if is_symbolic(error)),
        "{error}"
    );
    assert!(B::suspend(&pool, "reserved").await.is_err());
    assert!(B::clone_tenant(&pool, "reserved", "client3", true).await.is_err());
    assert!(B::create(&pool, "reserved", items_only()).await.is_err());
    assert_eq!(prices(&pool, "client2").await, [1000, 100]);
}

async fn a_tenant_under_a_reserved_name_is_not_migrated_and_its_failure_says_what_to_do<B: TestBackend>() {
    let (store, pool) = reserving::<B>().await;
    let both = || migrations(&[("1_items", ITEMS), ("2_more", "CREATE TABLE more (id INTEGER)")]);
    assert!(B::migrate(&pool, "reserved", both()).await.is_err());
    if B::KEEPS_AWAY_FROM_A_SYMBOLIC_NAME {
        let error = B::migrate(&pool, "client1", both()).await.unwrap_err();
        assert!(chain(&error).contains("rename that schema"), "{}", chain(&error));
        return;
    }
    let statuses = B::statuses(&pool, both()).await.into_iter();
    let reserved: Vec<bool> = statuses
        .map(|tenant| tenant.reserved.as_ref().is_some_and(is_symbolic))
        .collect();
    assert_eq!(reserved, [false, false, true]);
    for dry_run in [true, false] {
        let fleet = Fleet {
            keep_going: true,
            dry_run,
            ..Fleet::default()
        };
        let report = B::migrate_all(&pool, both(), fleet).await;
        let expected = if dry_run {
            "2 pending, 1 failed"
        } else {
            "2 migrated, 1 failed"
        };
        assert_eq!(report.to_string(), expected);
        let TenantOutcome::Failed(error @ MigrationError::ReservedName { .. }) = &report.tenants[2].outcome else {
            panic!("{:?}", report.tenants)
        };
        let error = chain(error);
        assert!(
            error.contains("`rename_tenant`") && error.contains("symbolic_schema"),
            "{error}"
        );
    }
    assert!(!B::migrate_all(&pool, both(), Fleet::default()).await.is_success());
    assert_eq!(B::pending(&store.pool, "reserved", both()).await.unwrap(), 1);
    assert_eq!(B::pending(&store.pool, "client2", both()).await.unwrap(), 0);
}

async fn a_tenant_under_a_reserved_name_is_renamed_archived_and_dropped<B: TestBackend>() {
    let (store, pool) = reserving::<B>().await;
    if B::KEEPS_AWAY_FROM_A_SYMBOLIC_NAME {
        let error = B::rename(&pool, "reserved", "client3").await.unwrap_err();
        assert!(chain(&error).contains("rename that schema"), "{}", chain(&error));
        B::rename(&store.pool, "reserved", "client3").await.unwrap();
        assert_eq!(prices(&pool, "client3").await, [7]);
        return;
    }
    B::rename(&pool, "reserved", "client3").await.unwrap();
    assert_eq!(prices(&pool, "client3").await, [7]);
    let back = B::rename(&pool, "client3", "reserved").await;
    assert!(back.is_err(), "no tenant gets such a name");

    store.add("reserved", &[8]).await;
    let archive = B::archive(&pool, "reserved").await.unwrap();
    assert!(B::restore(&pool, &archive, "reserved").await.is_err());
    B::restore(&pool, &archive, "client4").await.unwrap();
    assert_eq!(prices(&pool, "client4").await, [8]);

    store.add("reserved", &[9]).await;
    B::drop_tenant(&pool, "reserved").await.unwrap();
    assert_eq!(store.names().await, ["client1", "client2", "client3", "client4"]);
}
