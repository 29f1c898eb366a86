use std::time::Duration;

use diesel::{connection::SimpleConnection, prelude::*, result::Error};
use diesel_tenants::{CheckoutError, Sqlite, blocking::Checkout};
use diesel_tenants_test_support::chain;

use super::{other, prices, store};
use crate::both::Kind;

#[test]
fn connections_are_kept_by_tenant_and_bounded() {
    let store = Sqlite::store();
    let pool = Sqlite::builder(&store).max_idle(1).build().unwrap();
    for _ in 0..3 {
        assert_eq!(prices(&pool, "client1"), [5000, 2000]);
        assert_eq!(prices(&pool, "client2"), [1000, 100]);
    }
    assert_eq!(pool.status().available, 1);
}

#[test]
fn a_clean_connection_is_kept_and_what_is_left_costs_the_connection() {
    let (_store, pool) = store();
    /// Whether the connection is kept, and what was left on it.
    type Left = (bool, fn(&mut Checkout<Sqlite>));
    let leave: [Left; 9] = [
        (true, |conn| {
            assert!(conn.batch_execute("INSERT INTO items VALUES (1, '', 1)").is_err())
        }),
        (true, |conn| {
            let undone: QueryResult<()> = conn.transaction(|_| Err(Error::RollbackTransaction));
            assert!(undone.is_err());
        }),
        (false, |conn| conn.batch_execute("BEGIN").unwrap()),
        (false, |conn| {
            diesel::sql_query("BEGIN").execute(conn).unwrap();
        }),
        (false, |conn| {
            conn.batch_execute("CREATE TEMP TABLE left_here (id)").unwrap()
        }),
        (false, |conn| conn.begin_test_transaction().unwrap()),
        (false, |conn| {
            conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {})
        }),
        (false, |conn| drop(Sqlite::prices_in(conn, "client2").unwrap())),
        (false, |conn| {
            use diesel::connection::TransactionManager;
            <Checkout<Sqlite> as Connection>::TransactionManager::begin_transaction(conn).unwrap();
        }),
    ];
    for (number, (is_kept, leave)) in leave.into_iter().enumerate() {
        drop(pool.for_tenant("client1").get().unwrap());
        assert_eq!(pool.status().available, 1);
        let mut conn = pool.for_tenant("client1").get().unwrap();
        assert_eq!(pool.status().available, 0, "it is the same connection");
        leave(&mut conn);
        drop(conn);
        assert_eq!(pool.status().available, usize::from(is_kept), "{number}");
        assert_eq!(prices(&pool, "client1"), [5000, 2000]);
    }
}

#[test]
fn a_connection_in_anothers_place_is_closed() {
    let (_store, pool) = store();
    let mut one = pool.for_tenant("client1").get().unwrap();
    let mut two = pool.for_tenant("client2").get().unwrap();
    std::mem::swap(&mut *one, &mut *two);
    drop((one, two));
    assert_eq!(pool.status().available, 0);
    assert_eq!(prices(&pool, "client1"), [5000, 2000]);
}

#[test]
fn idle_connections_give_way_to_what_needs_the_file_alone_in_all_processes() {
    let (store, pool) = store();
    let others = other(&store);
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [5000, 2000]);
        assert_eq!(pool.status().available, 1);
    }
    pool.rename_tenant("client1", "client9").unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client9"), [5000, 2000]);
        let error = pool.for_tenant("client1").get().unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    }
    let archive = pool.run(|pool| async move { pool.archive_tenant("client9").await });
    let archive = archive.unwrap();
    assert!(matches!(
        others.for_tenant("client9").get(),
        Err(CheckoutError::UnknownTenant { .. })
    ));
    others
        .run(|pool| async move { pool.restore_tenant(&archive, "client1").await })
        .unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [5000, 2000]);
    }
    let held = pool.for_tenant("client1").get().unwrap();
    let refused = others.run(|pool| async move { pool.drop_tenant("client1").wait(Duration::from_millis(300)).await });
    assert!(chain(&refused.unwrap_err()).contains("a connection still had"));
    drop(held);
    others.drop_tenant("client1").unwrap();
    assert!(pool.for_tenant("client1").get().is_err());
}

#[test]
fn a_file_that_was_replaced_is_noticed_at_once() {
    let (store, pool) = store();
    let others = other(&store);
    assert_eq!(prices(&others, "client1"), [5000, 2000]);
    pool.drop_tenant("client1").unwrap();
    Sqlite::create(&pool, "client1").unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [] as [i32; 0]);
    }
    std::fs::remove_file(store.path().join("client1.db")).unwrap();
    let error = others.for_tenant("client1").get().unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[test]
fn a_closed_pool_refuses_and_keeps_nothing() {
    let (_store, pool) = store();
    let held = pool.for_tenant("client1").get().unwrap();
    pool.as_async().close();
    let error = pool.for_tenant("client2").get().unwrap_err();
    assert!(matches!(error, CheckoutError::Closed { .. }), "{error}");
    drop(held);
}
