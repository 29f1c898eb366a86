//! Two tenants on one connection, in turn, through every kind of query, with statements cached.

use diesel::{
    prelude::*,
    sql_types::{Integer, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SaveChangesDsl, SimpleAsyncConnection};
use diesel_tenants::{Checkout, TranslateDsl};
use futures_util::TryStreamExt;

use crate::{
    schema::{items, orders, users},
    store::Store,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Identifiable, AsChangeset)]
#[diesel(table_name = items)]
struct Price {
    id: i32,
    price: i32,
}

#[derive(Debug, QueryableByName)]
struct Description {
    #[diesel(sql_type = Text)]
    description: String,
}

/// Runs `check` for both tenants in turn, three times over, on the pool's only connection: the second and third time
/// with statements that were prepared for the other tenant as well.
async fn in_turn(store: &Store, mut check: impl AsyncFnMut(&str, &mut Checkout)) {
    let mut backends = std::collections::HashSet::new();
    for _ in 0..3 {
        for tenant in ["client1", "client2"] {
            let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
            backends.insert(backend(&mut conn).await);
            check(tenant, &mut conn).await;
        }
    }
    assert_eq!(backends.len(), 1, "both tenants used the same server process");
}

async fn backend(conn: &mut Checkout) -> i32 {
    diesel::select(diesel::dsl::sql::<Integer>("pg_backend_pid()"))
        .get_result(conn)
        .await
        .unwrap()
}

fn price_of_tesla(tenant: &str) -> i32 {
    if tenant == "client1" { 5000 } else { 1000 }
}

#[tokio::test]
async fn selects_and_finds() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let tesla: i32 = items::table
            .find(1)
            .select(items::price)
            .get_result(conn)
            .await
            .unwrap();
        assert_eq!(tesla, price_of_tesla(tenant));
        let all: Vec<String> = items::table.select(items::description).load(conn).await.unwrap();
        assert!(
            all.iter().all(|description| description.starts_with(tenant)),
            "{tenant} sees {all:?}"
        );
        let first: (i32, String, i32) = items::table.order(items::price.desc()).first(conn).await.unwrap();
        assert_eq!(first.2, price_of_tesla(tenant));
    })
    .await;
}

#[tokio::test]
async fn joins_of_shared_and_tenant_tables() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let bill: Vec<(String, String, i32, i32)> = users::table
            .inner_join(orders::table.inner_join(items::table))
            .filter(users::id.eq(1))
            .select((users::name, items::description, items::price, orders::quantity))
            .load(conn)
            .await
            .unwrap();
        assert_eq!(
            bill,
            [("Ada".to_owned(), format!("{tenant} Tesla"), price_of_tesla(tenant), 1)]
        );
    })
    .await;
}

#[tokio::test]
async fn self_joins_and_aliases() {
    let (one, other) = diesel::alias!(items as one, items as other);
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let dearer: Vec<(String, String)> = one
            .inner_join(other.on(one.field(items::price).gt(other.field(items::price))))
            .select((one.field(items::description), other.field(items::description)))
            .load(conn)
            .await
            .unwrap();
        assert_eq!(dearer, [(format!("{tenant} Tesla"), format!("{tenant} Huawei"))]);
    })
    .await;
}

#[tokio::test]
async fn subqueries_set_operations_and_boxed_queries() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let ordered = orders::table.select(orders::item_id).filter(orders::quantity.gt(1));
        let in_subquery: Vec<String> = items::table
            .filter(items::id.eq_any(ordered))
            .select(items::description)
            .load(conn)
            .await
            .unwrap();
        assert_eq!(in_subquery, [format!("{tenant} Huawei")]);

        let exists: bool = diesel::select(diesel::dsl::exists(
            items::table.filter(items::price.eq(price_of_tesla(tenant))),
        ))
        .get_result(conn)
        .await
        .unwrap();
        assert!(exists);

        let union: Vec<i32> = items::table
            .select(items::price)
            .filter(items::id.eq(1))
            .union(items::table.select(items::price).filter(items::id.eq(1)))
            .load(conn)
            .await
            .unwrap();
        assert_eq!(union, [price_of_tesla(tenant)]);

        let boxed: Vec<i32> = items::table
            .into_boxed()
            .filter(items::id.eq(1))
            .select(items::price)
            .load(conn)
            .await
            .unwrap();
        assert_eq!(boxed, [price_of_tesla(tenant)]);
    })
    .await;
}

#[tokio::test]
async fn inserts_upserts_updates_deletes() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let row = |price: i32| (items::id.eq(3), items::description.eq(tenant), items::price.eq(price));
        let inserted: i32 = diesel::insert_into(items::table)
            .values(row(1))
            .returning(items::id)
            .get_result(conn)
            .await
            .unwrap();
        assert_eq!(inserted, 3);
        let upserted: (String, i32) = diesel::insert_into(items::table)
            .values(row(2))
            .on_conflict(items::id)
            .do_update()
            .set(items::price.eq(diesel::upsert::excluded(items::price)))
            .returning((items::description, items::price))
            .get_result(conn)
            .await
            .unwrap();
        assert_eq!(upserted, (tenant.to_owned(), 2));
        let updated = diesel::update(items::table.find(3))
            .set(items::price.eq(items::price + 1))
            .execute(conn)
            .await;
        assert_eq!(updated, Ok(1));
        let copied = diesel::insert_into(orders::table)
            .values(
                items::table
                    .filter(items::id.eq(3))
                    .select((items::id, items::id - 2, items::price)),
            )
            .into_columns((orders::item_id, orders::user_id, orders::quantity))
            .returning(orders::quantity)
            .get_results::<i32>(conn)
            .await;
        assert_eq!(copied, Ok(vec![3]));
        assert_eq!(
            diesel::delete(orders::table.filter(orders::item_id.eq(3)))
                .execute(conn)
                .await,
            Ok(1)
        );
        let deleted: Vec<String> = diesel::delete(items::table.filter(items::id.eq(3)))
            .returning(items::description)
            .get_results(conn)
            .await
            .unwrap();
        assert_eq!(deleted, [tenant]);
    })
    .await;
    assert_eq!(store.value("SELECT count(*) FROM client1.items"), "2");
    assert_eq!(store.value("SELECT count(*) FROM client2.items"), "2");
}

#[tokio::test]
async fn batch_inserts_of_any_length() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        for rows in [1, 2, 500] {
            let values: Vec<_> = (0..rows)
                .map(|row| {
                    (
                        items::id.eq(100 + row),
                        items::description.eq(tenant),
                        items::price.eq(row),
                    )
                })
                .collect();
            assert_eq!(
                diesel::insert_into(items::table).values(&values).execute(conn).await,
                Ok(rows as usize)
            );
            let deleted = diesel::delete(items::table.filter(items::id.ge(100).and(items::description.eq(tenant))));
            assert_eq!(
                deleted.execute(conn).await,
                Ok(rows as usize),
                "{tenant}'s own rows, and all of them"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn save_changes() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let saved: (i32, String, i32) = Price { id: 2, price: 7 }.save_changes(conn).await.unwrap();
        assert_eq!(saved, (2, format!("{tenant} Huawei"), 7));
    })
    .await;
}

#[tokio::test]
async fn streams() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let stream = items::table
            .select(items::description)
            .load_stream::<String>(conn)
            .await
            .unwrap();
        let all: Vec<String> = stream.try_collect().await.unwrap();
        assert_eq!(all, [format!("{tenant} Tesla"), format!("{tenant} Huawei")]);
    })
    .await;
}

#[tokio::test]
async fn locks_windows_and_only() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        conn.transaction(async |conn| {
            let locked: Vec<i32> = items::table
                .filter(items::id.eq(1))
                .select(items::price)
                .for_update()
                .skip_locked()
                .load(conn)
                .await?;
            assert_eq!(locked, [price_of_tesla(tenant)]);
            diesel::QueryResult::Ok(())
        })
        .await
        .unwrap();
        use diesel::dsl::OnlyDsl;
        let only: Vec<i32> = items::table
            .only()
            .select(items::price)
            .order(items::id)
            .limit(1)
            .load(conn)
            .await
            .unwrap();
        assert_eq!(only, [price_of_tesla(tenant)]);
        use diesel::dsl::TablesampleDsl;
        let sample: Vec<String> = items::table
            .tablesample_system(100)
            .select(items::description)
            .load(conn)
            .await
            .unwrap();
        assert!(sample.iter().all(|description| description.starts_with(tenant)) && sample.len() == 2);
        use diesel::{WindowExpressionMethods, dsl::sum};
        let window: Vec<Option<i64>> = items::table
            .select(sum(items::price).partition_by(items::id))
            .order(items::id)
            .load(conn)
            .await
            .unwrap();
        assert_eq!(window[0], Some(i64::from(price_of_tesla(tenant))));
    })
    .await;
}

#[tokio::test]
async fn raw_sql_and_batches() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let raw: Vec<Description> = diesel::sql_query("SELECT description FROM items WHERE id = $1")
            .bind::<Integer, _>(1)
            .load(conn)
            .await
            .unwrap();
        assert_eq!(raw[0].description, format!("{tenant} Tesla"));
        conn.batch_execute("UPDATE items SET price = price + 1; UPDATE items SET price = price - 1")
            .await
            .unwrap();
        let tesla: i32 = items::table
            .find(1)
            .select(items::price)
            .get_result(conn)
            .await
            .unwrap();
        assert_eq!(tesla, price_of_tesla(tenant));
    })
    .await;
}

#[tokio::test]
async fn pipelined_queries_through_a_shared_reference() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let conn: &diesel_tenants::TenantConnection = conn;
        let (mut first, mut second) = (conn, conn);
        let tesla = items::table.find(1).select(items::price).get_result::<i32>(&mut first);
        let count = items::table.count().get_result::<i64>(&mut second);
        assert_eq!(
            futures_util::try_join!(tesla, count).unwrap(),
            (price_of_tesla(tenant), 2)
        );
    })
    .await;
}

#[tokio::test]
async fn a_query_for_the_other_tenant_leaves_the_checkout_where_it_was() {
    let store = Store::on_one_connection().await;
    in_turn(&store, async |tenant, conn| {
        let other = if tenant == "client1" { "client2" } else { "client1" };
        let query = || items::table.find(1).select(items::price);
        assert_eq!(
            query().in_schema(other).get_result::<i32>(conn).await,
            Ok(price_of_tesla(other))
        );
        assert_eq!(query().get_result::<i32>(conn).await, Ok(price_of_tesla(tenant)));
    })
    .await;
}
