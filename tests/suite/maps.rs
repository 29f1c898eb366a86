//! The map: which keys, whose map wins, and what is never touched.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{SchemaTranslateMap, TranslateDsl};

use crate::{
    schema::{items, users},
    store::Store,
};

mod stock {
    diesel::table! { warehouse.stock (id) { id -> Integer, place -> Text } }
    diesel::table! { archive.old_stock (id) { id -> Integer, place -> Text } }
}

fn tenant(name: &str) -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(name.parse().unwrap())
}

/// Two schemas, each with the tables that named keys lead to.
async fn with_warehouses() -> Store {
    let store = Store::on_one_connection().await;
    for name in ["warehouse", "north", "_none"] {
        store.database.run(&format!(
            "CREATE SCHEMA {name};
             CREATE TABLE {name}.stock (id int PRIMARY KEY, place text NOT NULL);
             INSERT INTO {name}.stock VALUES (1, '{name}');"
        ));
    }
    store
}

#[tokio::test]
async fn the_unqualified_key_and_named_keys_work_together() {
    let store = with_warehouses().await;
    let map = tenant("client1")
        .with("warehouse", "north".parse().unwrap())
        .with("public", "public".parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    let (price, place): (i32, String) = items::table
        .inner_join(stock::stock::table.on(stock::stock::id.eq(items::id)))
        .select((items::price, stock::stock::place))
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!((price, place.as_str()), (5000, "north"));
}

diesel::allow_tables_to_appear_in_same_query!(items, stock_alias);
use diesel_tenants_test_support::chain;
use stock::stock as stock_alias;

#[tokio::test]
async fn a_missing_named_key_leaves_the_name_alone() {
    let store = with_warehouses().await;
    let mut conn = store.pool.with_map(tenant("client1")).get().await.unwrap();
    let place: String = stock::stock::table
        .select(stock::stock::place)
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(place, "warehouse");
}

#[tokio::test]
async fn a_schema_named_like_another_systems_none_key_is_a_schema_like_any_other() {
    let store = with_warehouses().await;
    let map = SchemaTranslateMap::new().with("warehouse", "_none".parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    let place: String = stock::stock::table
        .select(stock::stock::place)
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(place, "_none");
}

#[tokio::test]
async fn the_querys_map_wins_over_the_checkouts_and_that_over_the_pools() {
    let store = Store::with(|builder| builder.max_size(1).schema_map(tenant("client1"))).await;
    let tesla = || items::table.find(1).select(items::price);

    let mut by_pool = store.pool.get().await.unwrap();
    assert_eq!(tesla().get_result::<i32>(&mut by_pool).await, Ok(5000));
    drop(by_pool);

    let mut by_checkout = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(tesla().get_result::<i32>(&mut by_checkout).await, Ok(1000));
    assert_eq!(
        tesla().in_schema("client1").get_result::<i32>(&mut by_checkout).await,
        Ok(5000)
    );
}

#[tokio::test]
async fn a_map_replaces_and_never_merges() {
    let store = with_warehouses().await;
    let map = tenant("client1").with("warehouse", "north".parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    let place: String = stock::stock::table
        .with_schema_map(tenant("client2"))
        .select(stock::stock::place)
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(
        place, "warehouse",
        "the checkout's key for `warehouse` is not the query's"
    );
    let error = items::table
        .with_schema_map(SchemaTranslateMap::new())
        .count()
        .get_result::<i64>(&mut conn)
        .await
        .unwrap_err();
    assert!(chain(&error).contains("items"), "{}", chain(&error));
}

mod symbolic {
    diesel::table! { tenant.items (id) { id -> Integer, price -> Integer } }
    diesel::table! { orders (id) { id -> Integer, item_id -> Integer } }
    diesel::joinable!(orders -> items (item_id));
    diesel::allow_tables_to_appear_in_same_query!(items, orders);
}

#[tokio::test]
async fn a_symbolic_schema_stands_for_the_tenants_also_beside_unqualified_tables() {
    use symbolic::{items, orders};
    let store = Store::with(|builder| builder.max_size(1).symbolic_schema("tenant")).await;
    // A decoy: were the symbolic name sent, it would be found.
    store
        .database
        .run("CREATE SCHEMA tenant; CREATE TABLE tenant.items AS SELECT 1 AS id, 0 AS price");
    for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        let prices = orders::table
            .inner_join(items::table)
            .filter(items::id.eq(1))
            .select(items::price);
        assert_eq!(prices.get_result::<i32>(&mut conn).await, Ok(price));
    }
    let mut conn = store.pool.shared().get().await.unwrap();
    let message = chain(&items::table.count().get_result::<i64>(&mut conn).await.unwrap_err());
    assert!(message.contains("\"tenant.items\""), "{message}");
    let message = chain(&store.pool.for_tenant("tenant").get().await.unwrap_err());
    assert!(message.contains("stands for the tenant's schema"), "{message}");
}

#[tokio::test]
async fn a_symbolic_schema_that_is_a_real_one_too_is_refused() {
    let database = diesel_tenants_test_support::Server::shared().database();
    database.run("CREATE SCHEMA \"it's\"; CREATE FUNCTION \"it's\".f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    let build = |symbolic: &str| {
        diesel_tenants::TenantPool::builder(database.url())
            .symbolic_schema(symbolic)
            .build()
    };
    let message = chain(&build("it's").await.unwrap_err());
    let reason = "schema \"it's\" of `symbolic_schema` stands for each tenant's schema, but at ";
    assert!(message.contains(reason), "{message}");
    assert!(message.contains("there is a real schema of that name"), "{message}");
    build("its").await.unwrap();
}

#[tokio::test]
async fn a_shared_checkout_reaches_pinned_tables_and_refuses_a_tenants_by_name() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    assert_eq!(users::table.count().get_result::<i64>(&mut conn).await, Ok(2));
    let error = items::table.count().get_result::<i64>(&mut conn).await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.contains("\"items\"") && message.contains("for_tenant"),
        "{message}"
    );
    assert!(
        matches!(&error, diesel::result::Error::QueryBuilderError(cause)
            if matches!(cause.downcast_ref(), Some(diesel_tenants::TranslateError::TenantRequired { table, .. }) if table == "items")),
        "{error:?}"
    );
    assert_eq!(
        users::table.count().get_result::<i64>(&mut conn).await,
        Ok(2),
        "nothing was sent, nothing is lost"
    );
}

#[tokio::test]
async fn the_callers_map_is_never_changed() {
    let store = Store::on_one_connection().await;
    let map = tenant("client1").with("public", "public".parse().unwrap());
    let before = map.clone();
    let mut conn = store.pool.with_map(map.clone()).get().await.unwrap();
    items::table.count().get_result::<i64>(&mut conn).await.unwrap();
    assert_eq!(map, before);
    assert_eq!(conn.map(), &before);
}

#[tokio::test]
async fn aliases_and_ctes_named_like_a_table_are_not_translated() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let cte = "WITH items AS (SELECT * FROM orders WHERE false) SELECT count(*) FROM items";
    let count: Count = diesel::sql_query(cte).get_result(&mut conn).await.unwrap();
    assert_eq!(count.count, 0);
    let alias = "SELECT count(items.id) FROM orders AS items WHERE items.quantity = 2";
    let count: Count = diesel::sql_query(alias).get_result(&mut conn).await.unwrap();
    assert_eq!(count.count, 1);
}

#[tokio::test]
async fn one_statement_serves_all_tenants_without_growing_past_the_bound() {
    let store = Store::with(|builder| builder.max_size(1).max_statements(20)).await;
    for tenant in 0..30 {
        store.database.run(&format!(
            "CREATE SCHEMA many{tenant}; CREATE TABLE many{tenant}.items (id int PRIMARY KEY, description text, price int)"
        ));
    }
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut most = 0;
    for tenant in 0..30 {
        let mut conn = store.pool.for_tenant(format!("many{tenant}")).get().await.unwrap();
        for _ in 0..2 {
            assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(0));
        }
        let prepared: Count = diesel::sql_query("SELECT count(*) FROM pg_prepared_statements")
            .get_result(&mut conn)
            .await
            .unwrap();
        most = most.max(prepared.count);
    }
    assert!(
        (15..=20).contains(&most),
        "prepared statements on one connection: {most}"
    );
}
