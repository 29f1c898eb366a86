//! `.in_schema(…)` on Diesel's synchronous connections, which run what changes rows by reference.

use diesel::{pg::Pg, prelude::*};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_tenants::{SchemaTranslateMap, TranslateDsl};

use crate::{
    schema::{items, orders},
    store::Store,
};

type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

/// Runs something on a synchronous connection.
async fn blocking<T: Send + 'static>(store: &Store, run: impl FnOnce(&mut Blocking) -> T + Send + 'static) -> T {
    let url = store.database.url().to_owned();
    let ran = tokio::task::spawn_blocking(move || {
        let mut conn = <Blocking as diesel::Connection>::establish(&url).expect("the test's server is up");
        run(&mut conn)
    });
    ran.await.expect("no panic")
}

#[tokio::test]
async fn every_kind_of_query_runs_over_a_synchronous_connection() {
    let store = Store::new().await;
    let prices = blocking(&store, |conn| {
        let rows: Vec<_> = (3..6)
            .map(|id| (items::id.eq(id), items::description.eq("new"), items::price.eq(id)))
            .collect();
        let batch = diesel::insert_into(items::table).values(rows).in_schema("client2");
        assert_eq!(batch.execute(conn), Ok(3));
        let one = || (items::id.eq(6), items::description.eq("new"), items::price.eq(6));
        let inserted = diesel::insert_into(items::table)
            .values(one())
            .returning(items::id)
            .in_schema("client2");
        assert_eq!(inserted.get_result::<i32>(conn), Ok(6));
        let again = diesel::insert_into(items::table)
            .values(one())
            .on_conflict(items::id)
            .do_update()
            .set(items::price.eq(7))
            .in_schema("client2");
        assert_eq!(again.execute(conn), Ok(1));
        let updated = diesel::update(items::table.filter(items::id.gt(2)))
            .set((items::price.eq(9), items::description.eq("old")))
            .in_schema("client2");
        assert_eq!(updated.execute(conn), Ok(4));
        let raised = diesel::sql_query("UPDATE items SET price = price + $1 WHERE id > $2")
            .bind::<diesel::sql_types::Integer, _>(1)
            .bind::<diesel::sql_types::Integer, _>(2)
            .in_schema("client2");
        assert_eq!(raised.execute(conn), Ok(4));
        let deleted = diesel::delete(items::table.filter(items::price.eq(10))).in_schema("client2");
        let undone: QueryResult<()> = conn.transaction(|conn| {
            assert_eq!(deleted.execute(conn), Ok(4));
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert_eq!(undone, Err(diesel::result::Error::RollbackTransaction));
        let mapped = diesel::delete(items::table.find(6))
            .with_schema_map(SchemaTranslateMap::tenant("client2".parse().expect("a name")));
        assert_eq!(mapped.execute(conn), Ok(1));

        let boxed = items::table
            .in_schema("client2")
            .into_boxed::<Pg>()
            .filter(items::id.le(3));
        assert_eq!(boxed.count().get_result::<i64>(conn), Ok(3));
        let most = items::table.in_schema("client2").select(diesel::dsl::max(items::price));
        assert_eq!(most.first::<Option<i32>>(conn), Ok(Some(1000)));
        let exists = diesel::select(diesel::dsl::exists(items::table.find(5))).in_schema("client2");
        assert_eq!(exists.get_result::<bool>(conn), Ok(true));
        let ordered = orders::table.select(orders::item_id);
        let with_orders = items::table
            .filter(items::id.eq_any(ordered))
            .select(items::id)
            .in_schema("client2");
        assert_eq!(with_orders.load::<i32>(conn).map(|ids| ids.len()), Ok(2));
        let union = items::table
            .filter(items::id.eq(1))
            .select(items::id)
            .union_all(items::table.filter(items::id.eq(4)).select(items::id))
            .in_schema("client2");
        assert_eq!(union.get_results::<i32>(conn).map(|ids| ids.len()), Ok(2));
        let query = items::table.in_schema("client2").select(items::price).order(items::id);
        let rows = query.load_iter::<i32, _>(conn).expect("a table");
        rows.collect::<QueryResult<Vec<_>>>().expect("prices")
    });
    assert_eq!(prices.await, [1000, 100, 10, 10, 10]);
    let untouched = store.value("SELECT count(*) || ' ' || sum(price) FROM client1.items");
    assert_eq!(untouched, "2 7000");
}

#[tokio::test]
async fn a_statement_kept_for_one_schema_never_serves_another() {
    let store = Store::new().await;
    blocking(&store, |conn| {
        for (round, schema) in ["client1", "client2", "client1", "client2"].into_iter().enumerate() {
            let first = items::table.in_schema(schema).order(items::id).select(items::price);
            let price = if schema == "client1" { 5000 } else { 1000 };
            assert_eq!(first.first::<i32>(conn), Ok(price));
            // One that is kept prepared, and run by reference.
            let pairs = diesel::delete(orders::table.filter(orders::quantity.eq(2))).in_schema(schema);
            let deleted = if round < 2 { 1 } else { 0 };
            assert_eq!(pairs.execute(conn), Ok(deleted), "{schema}");
        }
    })
    .await;
    for schema in ["client1", "client2"] {
        assert_eq!(store.value(&format!("SELECT count(*) FROM {schema}.orders")), "1");
    }
}

#[tokio::test]
async fn a_synchronous_connection_finds_the_types_of_a_symbolic_schema() {
    use crate::types::{OrderStatus, Status};
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "order_status", schema = "tenant"))]
    struct TenantStatus;

    #[derive(Debug, diesel::expression::AsExpression)]
    #[diesel(sql_type = TenantStatus)]
    struct Sent;

    impl diesel::serialize::ToSql<TenantStatus, Pg> for Sent {
        fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, Pg>) -> diesel::serialize::Result {
            diesel::serialize::ToSql::<OrderStatus, Pg>::to_sql(&Status::Sent, out)
        }
    }

    let store = Store::new().await;
    for tenant in ["client1", "client2"] {
        store.database.run(&format!(
            "CREATE TYPE {tenant}.order_status AS ENUM ('new', 'sent');
             CREATE TABLE {tenant}.parcels (status {tenant}.order_status)"
        ));
    }
    blocking(&store, |conn| {
        for tenant in ["client1", "client2"] {
            let map = SchemaTranslateMap::tenant(tenant.parse().expect("a name")).with_symbolic("tenant");
            let insert = diesel::sql_query("INSERT INTO parcels VALUES ($1)").bind::<TenantStatus, _>(Sent);
            assert_eq!(insert.with_schema_map(map).execute(conn), Ok(1));
        }
    })
    .await;
    assert_eq!(store.value("SELECT status FROM client2.parcels"), "sent");
}
