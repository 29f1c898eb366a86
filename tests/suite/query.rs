//! `.in_schema(…)`: on every kind of query, on any Diesel connection.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use diesel_tenants::TranslateDsl;
use diesel_tenants_test_support::chain;

use crate::{
    schema::{items, orders, users},
    store::Store,
};

#[tokio::test]
async fn on_every_kind_of_query_over_a_plain_connection() {
    let store = Store::new().await;
    let mut conn = AsyncPgConnection::establish(store.database.url()).await.unwrap();
    let conn = &mut conn;

    let count: i64 = orders::table
        .in_schema("client2")
        .count()
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(count, 2);
    let table: Vec<(i32, String, i32)> = items::table.in_schema("client2").load(conn).await.unwrap();
    assert_eq!(table.len(), 2);
    let refined: Vec<i32> = items::table
        .in_schema("client2")
        .filter(items::price.gt(1))
        .or_filter(items::id.eq(77))
        .order(items::price.asc())
        .select(items::price)
        .distinct()
        .limit(5)
        .offset(0)
        .load(conn)
        .await
        .unwrap();
    assert_eq!(refined, [100, 1000]);
    let boxed: Vec<i32> = items::table
        .in_schema("client2")
        .into_boxed::<Pg>()
        .filter(items::id.eq(1))
        .select(items::price)
        .load(conn)
        .await
        .unwrap();
    assert_eq!(boxed, [1000]);
    let grouped: Vec<(i32, i64)> = orders::table
        .in_schema("client2")
        .group_by(orders::user_id)
        .select((orders::user_id, diesel::dsl::count_star()))
        .having(diesel::dsl::count_star().gt(0))
        .order(orders::user_id)
        .load(conn)
        .await
        .unwrap();
    assert_eq!(grouped, [(1, 1), (2, 1)]);
    let joined: Vec<(String, i32)> = users::table
        .inner_join(orders::table.inner_join(items::table))
        .select((users::name, items::price))
        .order(users::id)
        .in_schema("client2")
        .load(conn)
        .await
        .unwrap();
    assert_eq!(joined, [("Ada".to_owned(), 1000), ("Grace".to_owned(), 100)]);

    let rows: Vec<_> = (3..6)
        .map(|id| (items::id.eq(id), items::description.eq("new"), items::price.eq(id)))
        .collect();
    assert_eq!(
        diesel::insert_into(items::table)
            .values(&rows)
            .in_schema("client2")
            .execute(conn)
            .await,
        Ok(3)
    );
    let inserted: i32 = diesel::insert_into(items::table)
        .values((items::id.eq(6), items::description.eq("new"), items::price.eq(6)))
        .returning(items::id)
        .in_schema("client2")
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(inserted, 6);
    let updated = diesel::update(items::table.filter(items::id.gt(2)))
        .set(items::price.eq(9))
        .in_schema("client2");
    assert_eq!(updated.execute(conn).await, Ok(4));
    let deleted = diesel::delete(items::table.filter(items::id.gt(2))).in_schema("client2");
    assert_eq!(deleted.execute(conn).await, Ok(4));
    let raw = diesel::sql_query("UPDATE items SET price = price").in_schema("client2");
    assert_eq!(raw.execute(conn).await, Ok(2));
    assert_eq!(store.value("SELECT sum(price) FROM client1.items"), "7000");
}

#[tokio::test]
async fn a_name_that_no_schema_can_have_is_an_error_when_the_query_is_run() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let error = items::table
        .in_schema("a\0b")
        .count()
        .get_result::<i64>(&mut conn)
        .await
        .unwrap_err();
    assert!(chain(&error).contains("has a NUL at byte 1"), "{}", chain(&error));
}

/// A query around another, as users write them for what Diesel lacks.
#[derive(diesel::query_builder::QueryId)]
struct Around<Q> {
    before: &'static str,
    query: Q,
    limit: i64,
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Around<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.before);
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<diesel::sql_types::BigInt, _>(&self.limit)
    }
}

#[tokio::test]
async fn nested_in_another_query_it_is_an_error_and_never_untranslated() {
    let store = Store::new().await;
    store
        .database
        .run("CREATE TABLE public.items (id int, description text, price int)");
    let nested = |before| Around {
        before,
        query: items::table
            .in_schema("client2")
            .filter(items::id.gt(0))
            .select(items::price),
        limit: 1,
    };
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for before in ["EXPLAIN ", ""] {
        let error = nested(before).execute(&mut conn).await.unwrap_err();
        assert!(chain(&error).contains("can't be nested"), "{}", chain(&error));
    }
    let mut plain = AsyncPgConnection::establish(store.database.url()).await.unwrap();
    let error = nested("EXPLAIN ").execute(&mut plain).await.unwrap_err();
    assert!(chain(&error).contains("syntax error"), "{}", chain(&error));
    // Where only something follows, the binds are numbered on: the first limits ids, the second rows.
    assert_eq!(nested("").execute(&mut plain).await, Ok(1));
}

#[tokio::test]
async fn it_runs_by_reference_on_any_connection() {
    let store = Store::new().await;
    let cheap = items::table
        .in_schema("client2")
        .filter(items::price.lt(500))
        .select(items::id);
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!((&cheap).execute(&mut conn).await, Ok(1));
    let mut plain = AsyncPgConnection::establish(store.database.url()).await.unwrap();
    assert_eq!((&cheap).execute(&mut plain).await, Ok(1));
}

#[test]
fn the_last_schema_named_is_the_one() {
    let query = items::table
        .in_schema("client1")
        .in_schema("client2")
        .select(items::price);
    let sql = diesel::debug_query::<Pg, _>(&query).to_string();
    assert!(sql.contains(r#"FROM "client2"."items""#), "{sql}");
}

#[test]
fn debug_output_shows_the_translated_sql_and_the_binds() {
    let query = items::table.in_schema("client2").find(7).select(items::price);
    assert_eq!(
        diesel::debug_query::<Pg, _>(&query).to_string(),
        r#"SELECT "items"."price" FROM "client2"."items" WHERE ("items"."id" = $1) -- binds: [7]"#
    );
}

#[tokio::test]
async fn a_query_whose_text_depends_on_its_value_is_never_taken_from_the_cache() {
    use diesel::{
        query_builder::{Query, QueryId},
        sql_types::Integer,
    };

    /// Diesel trusts the type unless `walk_ast` says otherwise, as it does here.
    #[derive(QueryId)]
    struct Number(i32);

    impl Query for Number {
        type SqlType = Integer;
    }

    impl QueryFragment<Pg> for Number {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
            if self.0 != 1 {
                out.unsafe_to_cache_prepared();
            }
            out.push_sql(&format!("SELECT {} FROM items LIMIT 1", self.0));
            Ok(())
        }
    }

    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for number in [1, 2, 1, 3] {
        assert_eq!(Number(number).get_result::<i32>(&mut conn).await, Ok(number));
    }
}
