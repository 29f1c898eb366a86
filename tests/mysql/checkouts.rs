//! Checkouts and their queries.

use std::time::Duration;

use diesel::{dsl::DuplicatedKeys, prelude::*};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{BuildError, CheckoutError, SchemaTranslateMap, TenantPool, TranslateDsl};
use diesel_tenants_test_support::MariaDb;

use crate::{
    store::{Store, create_tenant, prices, set_status, url},
    tables::{items, orders, users},
};

#[tokio::test]
async fn shared_and_tenants_tables_meet_in_one_query() {
    let store = Store::new().await;
    for (tenant, quantity) in [(&store.first, 2), (&store.second, 7)] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        diesel::insert_into(orders::table)
            .values(&vec![(
                orders::user_id.eq(1),
                orders::item_id.eq(1),
                orders::quantity.eq(quantity),
            )])
            .execute(&mut conn)
            .await
            .unwrap();
    }
    for (tenant, expected) in [(&store.first, (5000, 2)), (&store.second, (1000, 7))] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        let found: Vec<(String, i32, i32)> = users::table
            .inner_join(orders::table.inner_join(items::table))
            .select((users::name, items::price, orders::quantity))
            .load(&mut conn)
            .await
            .unwrap();
        assert_eq!(found, [("Ada".to_owned(), expected.0, expected.1)]);
    }
}

#[tokio::test]
async fn changes_transactions_and_upserts_reach_the_tenant_alone() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let raised = conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        diesel::update(items::table)
            .set(items::price.eq(items::price + 1))
            .execute(conn)
            .await?;
        let undone = conn.transaction::<(), _, _>(async |conn| {
            diesel::delete(items::table).execute(conn).await?;
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert!(undone.await.is_err());
        diesel::insert_into(items::table)
            .values((items::description.eq("Tesla"), items::price.eq(1)))
            .on_conflict(DuplicatedKeys)
            .do_update()
            .set(items::price.eq(items::price + 1))
            .execute(conn)
            .await
    });
    raised.await.unwrap();
    drop(conn);
    assert_eq!(prices(&store.pool, &store.first).await, [5002]);
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
}

#[tokio::test]
async fn a_tenants_table_without_a_tenant_is_an_error_before_anything_is_sent() {
    let store = Store::new().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    let error = items::table.count().get_result::<i64>(&mut conn).await.unwrap_err();
    assert!(matches!(error, diesel::result::Error::QueryBuilderError(_)), "{error}");
    assert!(error.to_string().contains("items"), "{error}");
    assert!(users::table.count().get_result::<i64>(&mut conn).await.unwrap() >= 2);
}

#[tokio::test]
async fn a_name_that_the_translator_cannot_see_finds_no_database() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    // The routine's text was stored with a name in a string, which no translator sees.
    let define = format!(
        "CREATE PROCEDURE {}.hidden() BEGIN EXECUTE IMMEDIATE 'SELECT * FROM items'; END",
        store.first
    );
    crate::store::connection().await.batch_execute(&define).await.unwrap();
    let seen = diesel::sql_query("CALL hidden()").execute(&mut conn).await;
    // Inside of a routine the default database is that of the routine: the tenant's own.
    assert!(seen.is_ok(), "{seen:?}");
    let error = diesel::sql_query("EXECUTE IMMEDIATE 'SELECT * FROM items'")
        .execute(&mut conn)
        .await;
    assert!(error.is_err(), "it can't be translated");
    // A checkout has no default database, whoever had the connection before.
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
        name: Option<String>,
    }
    let mut conn = store.pool.for_tenant(&store.second).get().await.unwrap();
    let found: Found = diesel::sql_query("SELECT DATABASE() AS name")
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(found.name, None);
}

#[tokio::test]
async fn a_query_and_a_checkout_may_have_a_map_of_their_own() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let theirs: Vec<i32> = items::table
        .select(items::price)
        .in_schema(&*store.second)
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(theirs, [1000]);
    drop(conn);
    let map = SchemaTranslateMap::tenant(store.second.parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    let mapped: Vec<i32> = items::table.select(items::price).load(&mut conn).await.unwrap();
    assert_eq!(mapped, [1000]);
}

#[tokio::test]
async fn a_checkout_that_only_reads_cannot_write() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant(&store.first).read_only().get().await.unwrap();
    let error = diesel::delete(items::table).execute(&mut conn).await.unwrap_err();
    assert!(error.to_string().contains("READ ONLY"), "{error}");
    let undone = conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        diesel::update(items::table).set(items::price.eq(1)).execute(conn).await
    });
    assert!(undone.await.is_err());
    let read: Vec<i32> = items::table.select(items::price).load(&mut conn).await.unwrap();
    assert_eq!(read, [5000]);
    drop(conn);
    // Its connection is not one of those that write.
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    assert_eq!(
        diesel::update(items::table)
            .set(items::price.eq(2))
            .execute(&mut conn)
            .await,
        Ok(1)
    );
}

#[tokio::test]
async fn unknown_tenants_are_errors_and_are_found_once_they_exist() {
    let store = Store::new().await;
    let name = format!("{}x", store.first);
    let error = store.pool.for_tenant(&name).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    // The catalog compares names without regard to case.
    let error = store
        .pool
        .for_tenant(store.first.to_uppercase())
        .get()
        .await
        .unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    create_tenant(&name, 7).await;
    assert_eq!(prices(&store.pool, &name).await, [7]);
    // A database that the library doesn't know is nobody's.
    let sql = format!("DELETE FROM public.__diesel_tenants WHERE name = '{name}'");
    crate::store::connection().await.batch_execute(&sql).await.unwrap();
    let fresh = TenantPool::builder(url()).build().await.unwrap();
    let error = fresh.for_tenant(&name).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn only_active_tenants_that_are_there_are_checked_out() {
    let store = Store::new().await;
    for status in ["suspended", "unfinished", "archived", "spare", "future"] {
        let fresh = TenantPool::builder(url()).build().await.unwrap();
        set_status(&store.first, status).await;
        let error = fresh.for_tenant(&store.first).get().await.unwrap_err();
        match status {
            "suspended" => assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}"),
            _ => assert!(
                matches!(error, CheckoutError::UnknownTenant { .. }),
                "{status}: {error}"
            ),
        }
    }
    set_status(&store.first, "active").await;
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
    let gone = format!("{}gone", store.first);
    set_status(&gone, "active").await;
    let error = store.pool.for_tenant(&gone).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_has_no_tenants_yet_knows_none() {
    let pool = TenantPool::builder(url())
        .shared_schema("nothing_yet")
        .build()
        .await
        .unwrap();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn a_checkout_waits_for_a_connection_and_says_so_if_none_comes_back() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_millis(50))).await;
    let held = store.pool.for_tenant(&store.first).get().await.unwrap();
    let error = store.pool.for_tenant(&store.second).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Exhausted { max_size: 1, .. }), "{error}");
    drop(held);
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
    store.pool.close();
    let error = store.pool.for_tenant(&store.second).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn one_tenant_cannot_take_all_connections() {
    let store = Store::with(|builder| {
        builder
            .max_size(3)
            .max_per_tenant(1)
            .wait_timeout(Duration::from_millis(50))
    })
    .await;
    let _held = store.pool.for_tenant(&store.first).get().await.unwrap();
    let error = store.pool.for_tenant(&store.first).get().await.unwrap_err();
    assert!(
        matches!(error, CheckoutError::TenantExhausted { limit: 1, .. }),
        "{error}"
    );
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
}

#[tokio::test]
async fn bad_options_are_refused_before_anything_is_sent() {
    let text = TenantPool::builder(MariaDb::shared().url()).build().await.unwrap_err();
    assert!(matches!(text, BuildError::MysqlUrl), "{text}");
    let empty = TenantPool::builder(url()).max_size(0).build().await.unwrap_err();
    assert!(matches!(empty, BuildError::Empty), "{empty}");
    let shared = TenantPool::builder(url())
        .shared_schema("mysql")
        .build()
        .await
        .unwrap_err();
    assert!(matches!(shared, BuildError::SharedDatabase { .. }), "{shared}");
    for mode in [
        "ANSI_QUOTES",
        "STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES",
        "x'; DROP DATABASE public; --",
    ] {
        let refused = TenantPool::builder(url()).sql_mode(mode).build().await.unwrap_err();
        assert!(matches!(refused, BuildError::SqlMode { .. }), "{refused}");
    }
}
