use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use diesel::Connection;
use diesel_tenants::{CheckoutError, Placement, SchemaTranslateMap, TranslateError, directory::FixedDirectory};

use super::{kind::Kind, on_both};
use crate::store::map;

on_both!(
    tenants_of_many_threads_see_their_own_rows_only,
    maps_are_those_of_the_query_then_the_checkout,
    unknown_suspended_and_reserved_tenants_are_errors,
    a_pool_that_is_in_use_is_waited_for_and_then_exhausted,
    a_tenant_has_no_more_connections_than_its_share,
    a_panic_in_a_transaction_undoes_it_and_costs_the_connection,
    a_test_transaction_reaches_no_other_checkout,
    rows_are_inserted_in_one_statement,
    a_directory_says_where_tenants_live,
    a_checkout_outlives_its_pool,
);

fn tenants_of_many_threads_see_their_own_rows_only<K: Kind>() {
    let store = K::store();
    let pool = K::pool(&store);
    let read = AtomicUsize::new(0);
    thread::scope(|scope| {
        for worker in 0..8_usize {
            let (pool, read) = (&pool, &read);
            scope.spawn(move || {
                for round in 0..60 {
                    let (tenant, expected) =
                        [("client1", vec![5000, 2000]), ("client2", vec![1000, 100])][(worker + round) % 2].clone();
                    let mut conn = pool.for_tenant(tenant).get().unwrap();
                    assert_eq!(K::prices(&mut conn), Ok(expected.clone()));
                    let lines = K::lines(&mut conn).unwrap();
                    assert_eq!(
                        lines,
                        [("Ada".to_owned(), expected[0]), ("Grace".to_owned(), expected[1])]
                    );
                    let other = if tenant == "client1" { "client2" } else { "client1" };
                    assert_ne!(K::prices_in(&mut conn, other), Ok(expected));
                    read.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(read.into_inner(), 480);
    assert_eq!(pool.status().waiting, 0);
}

fn maps_are_those_of_the_query_then_the_checkout<K: Kind>() {
    let store = K::store();
    let pool = K::pool(&store);
    let mut conn = pool.with_map(map("client2")).get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![1000, 100]));
    assert_eq!(K::prices_in(&mut conn, "client1"), Ok(vec![5000, 2000]));
    assert_eq!(conn.map(), &map("client2"));
    drop(conn);
    for mut conn in [pool.shared().get().unwrap(), pool.get().unwrap()] {
        assert_eq!(conn.map(), &SchemaTranslateMap::new());
        assert_eq!(K::users(&mut conn), Ok(2));
        let error = K::prices(&mut conn).unwrap_err();
        assert!(
            matches!(&error, diesel::result::Error::QueryBuilderError(e) if e.is::<TranslateError>()),
            "{error:?}"
        );
    }
}

fn unknown_suspended_and_reserved_tenants_are_errors<K: Kind>() {
    let store = K::store();
    let pool = K::pool(&store);
    for _ in 0..2 {
        let unknown = pool.for_tenant("nobody").get().unwrap_err();
        assert!(matches!(&unknown, CheckoutError::UnknownTenant { tenant } if tenant.as_str() == "nobody"));
    }
    for name in ["public", "", "a\0b"] {
        let error = pool.for_tenant(name).get().unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{name:?}: {error}");
    }
    let unknown = pool.with_map(map("nobody")).get().unwrap_err();
    assert!(matches!(unknown, CheckoutError::UnknownTenant { .. }), "{unknown}");
    pool.for_tenant("client1").get().unwrap();
    K::suspend(&pool, "client1").unwrap();
    let suspended = pool.for_tenant("client1").get().unwrap_err();
    assert!(
        matches!(suspended, CheckoutError::SuspendedTenant { .. }),
        "{suspended}"
    );
    K::resume(&pool, "client1").unwrap();
    pool.for_tenant("client1").get().unwrap();
}

fn a_pool_that_is_in_use_is_waited_for_and_then_exhausted<K: Kind>() {
    let store = K::store();
    let builder = K::builder(&store).max_size(1).wait_timeout(Duration::from_millis(300));
    let pool = builder.build().unwrap();
    let held = pool.for_tenant("client1").get().unwrap();
    let started = Instant::now();
    let error = pool.for_tenant("client2").get().unwrap_err();
    assert!(matches!(error, CheckoutError::Exhausted { max_size: 1, .. }), "{error}");
    assert!(started.elapsed() >= Duration::from_millis(250));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.for_tenant("client2").get().map(|conn| conn.map().clone()));
        thread::sleep(Duration::from_millis(50));
        assert_eq!(pool.status().waiting, 1);
        drop(held);
        assert_eq!(waiting.join().unwrap().unwrap(), map("client2"));
    });
}

fn a_tenant_has_no_more_connections_than_its_share<K: Kind>() {
    let store = K::store();
    let builder = K::with_share(K::builder(&store).wait_timeout(Duration::from_secs(2)), 1);
    let pool = builder.build().unwrap();
    let held = pool.for_tenant("client1").get().unwrap();
    let error = pool.for_tenant("client1").get().unwrap_err();
    assert!(
        matches!(error, CheckoutError::TenantExhausted { limit: 1, .. }),
        "{error}"
    );
    pool.for_tenant("client2").get().unwrap();
    drop(held);
    pool.for_tenant("client1").get().unwrap();
}

fn a_panic_in_a_transaction_undoes_it_and_costs_the_connection<K: Kind>() {
    let store = K::store();
    let pool = K::builder(&store).max_size(1).build().unwrap();
    // One goes on through the drop of the checkout, the other one is caught before that.
    let dropped_by_it = || K::panic_in_transaction(&mut pool.for_tenant("client1").get().unwrap());
    assert!(catch_unwind(AssertUnwindSafe(dropped_by_it)).is_err());
    assert_eq!(
        K::prices(&mut pool.for_tenant("client1").get().unwrap()),
        Ok(vec![5000, 2000])
    );
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| K::panic_in_transaction(&mut conn))).is_err());
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![5000, 2000]));
    assert_eq!(K::raise(&mut conn), Ok(1));
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![5001, 2000]), "nothing is left open");
}

fn a_test_transaction_reaches_no_other_checkout<K: Kind>() {
    let store = K::store();
    let pool = K::builder(&store).max_size(1).build().unwrap();
    let mut conn = pool.for_tenant("client1").get().unwrap();
    conn.begin_test_transaction().unwrap();
    assert_eq!(K::raise(&mut conn), Ok(1));
    assert_eq!(K::prices(&mut conn), Ok(vec![5001, 2000]));
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![5000, 2000]));
    assert_eq!(K::raise(&mut conn), Ok(1));
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![5001, 2000]));
}

fn rows_are_inserted_in_one_statement<K: Kind>() {
    let store = K::store();
    let pool = K::pool(&store);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(K::insert_batch(&mut conn, 10..110), Ok(100));
    assert_eq!(K::prices(&mut conn).unwrap().len(), 102);
    drop(conn);
    let mut conn = pool.for_tenant("client2").get().unwrap();
    assert_eq!(K::prices(&mut conn), Ok(vec![1000, 100]), "into one tenant only");
}

fn a_directory_says_where_tenants_live<K: Kind>() {
    let store = K::store();
    let directory = FixedDirectory::new()
        .with("one", Placement::schema("client1".parse().unwrap()))
        .and_then(|directory| directory.with("gone", Placement::schema("missing".parse().unwrap())))
        .and_then(|directory| directory.with("rows", Placement::rows("7")))
        .unwrap();
    let pool = K::with_directory(K::builder(&store), directory).build().unwrap();
    for _ in 0..2 {
        let mut conn = pool.for_tenant("one").get().unwrap();
        assert_eq!(K::prices(&mut conn), Ok(vec![5000, 2000]));
        let error = pool.for_tenant("client2").get().unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
        let error = pool.for_tenant("gone").get().unwrap_err();
        assert!(matches!(error, CheckoutError::MissingSchema { .. }), "{error}");
        // PostgreSQL has such tenants, but not in this pool; SQLite has none.
        let error = pool.for_tenant("rows").get().unwrap_err();
        assert!(
            matches!(
                error,
                CheckoutError::NeedsAsync { .. } | CheckoutError::NoRowSecurity { .. }
            ),
            "{error}"
        );
    }
}

fn a_checkout_outlives_its_pool<K: Kind>() {
    let store = K::store();
    let pool = K::pool(&store);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    drop(pool);
    assert_eq!(K::prices(&mut conn), Ok(vec![5000, 2000]));
}
