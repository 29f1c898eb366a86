//! What a statement returns is what has become of it, and it ran once.

use std::{future::Future, panic::AssertUnwindSafe};

use diesel::{QueryableByName, prelude::*, result::Error, sql_types::BigInt};
use diesel_async::{AsyncConnection, AsyncConnectionCore, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::PostgresConnection;
use diesel_tenants_test_support::{Database, Server};
use futures_util::{FutureExt, StreamExt};

use crate::store::Store;

#[derive(QueryableByName, Debug, PartialEq)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

diesel::table! { public.numbers (number) { number -> BigInt } }

async fn connect(database: &Database) -> PostgresConnection {
    PostgresConnection::establish(database.url()).await.unwrap()
}

/// Numbers that must be there when the transaction ends.
const CHILDREN: &str = "CREATE TABLE public.numbers (number int8 PRIMARY KEY);
    CREATE TABLE public.children (number int8 REFERENCES public.numbers DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO public.numbers VALUES (1)";

fn insert_child(number: i64) -> diesel::query_builder::SqlQuery {
    diesel::sql_query(format!(
        "INSERT INTO public.children VALUES ({number}) RETURNING number"
    ))
}

#[tokio::test]
async fn an_insert_that_fails_when_it_is_committed_returns_no_row() {
    let store = Store::on_one_connection().await;
    store.database.run(CHILDREN);
    let is_refused = |answer: QueryResult<Number>| {
        let error = answer.expect_err("the server has not kept the row").to_string();
        assert!(error.contains("foreign key"), "{error}");
    };
    let mut conn = connect(&store.database).await;
    is_refused(insert_child(2).get_result(&mut conn).await);
    let mut shared = &conn;
    is_refused(insert_child(2).get_result(&mut shared).await);
    let mut first = insert_child(2).load_stream(&mut conn).await.unwrap();
    is_refused(first.next().await.expect("an error"));
    assert!(first.next().await.is_none());
    drop(first);
    let mut checkout = store.pool.shared().get().await.unwrap();
    is_refused(insert_child(2).get_result(&mut checkout).await);
    assert_eq!(
        insert_child(1).get_result(&mut checkout).await,
        Ok(Number { number: 1 })
    );
    assert_eq!(store.database.values("SELECT number FROM public.children"), ["1"]);
}

#[tokio::test]
async fn a_transaction_in_which_a_statement_failed_is_not_reported_as_committed() {
    let store = Store::on_one_connection().await;
    store
        .database
        .run("CREATE TABLE public.numbers (number int8 PRIMARY KEY)");
    async fn insert<C: SimpleAsyncConnection>(conn: &mut C, number: i64) -> QueryResult<()> {
        conn.batch_execute(&format!("INSERT INTO public.numbers VALUES ({number})"))
            .await
    }
    let is_refused = |result: QueryResult<()>| {
        let error = result.expect_err("nothing was committed").to_string();
        assert!(error.contains("rolled back"), "{error}");
    };
    let mut conn = connect(&store.database).await;
    let ignored = conn.transaction(async |conn| {
        insert(conn, 1).await?;
        let _ = insert(conn, 1).await;
        Ok(())
    });
    is_refused(ignored.await);
    let mut checkout = store.pool.shared().get().await.unwrap();
    let mut building = checkout.build_transaction();
    let ignored = building.run(async |conn| {
        insert(conn, 1).await?;
        let _ = insert(conn, 1).await;
        Ok::<_, Error>(())
    });
    is_refused(ignored.await);
    assert_eq!(store.database.values("SELECT number FROM public.numbers"), [""; 0]);
    // With a savepoint only that part is undone.
    let saved: QueryResult<()> = checkout
        .transaction(async |conn| {
            insert(conn, 1).await?;
            let _ = conn.transaction(async |conn| insert(conn, 1).await).await;
            Ok(())
        })
        .await;
    assert_eq!(saved, Ok(()));
    assert_eq!(store.database.values("SELECT number FROM public.numbers"), ["1"]);
}

#[tokio::test]
async fn a_statement_runs_once_however_often_its_future_is_polled() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.numbers (number int8)");
    let mut conn = connect(&database).await;
    let insert = diesel::sql_query("INSERT INTO public.numbers VALUES (1) RETURNING number");
    let mut load = Box::pin(AsyncConnectionCore::load(&mut conn, insert));
    let rows = std::future::poll_fn(|context| load.as_mut().poll(context))
        .await
        .unwrap();
    assert_eq!(rows.count().await, 1);
    let again = AssertUnwindSafe(std::future::poll_fn(|context| load.as_mut().poll(context).map(drop)));
    assert!(
        again.catch_unwind().await.is_err(),
        "futures are not polled after they are ready"
    );
    assert_eq!(database.values("SELECT number FROM public.numbers"), ["1"]);
}

#[tokio::test]
async fn an_applications_own_prepared_statement_never_takes_the_place_of_a_query() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.numbers (number int8); INSERT INTO public.numbers VALUES (1)");
    let mut conn = connect(&database).await;
    let number = || numbers::table.select(numbers::number);
    for name in ["s1", "s0", "s2", "a1"] {
        conn.batch_execute(&format!("DEALLOCATE ALL; PREPARE {name} AS SELECT 7::int8"))
            .await
            .unwrap();
        for _ in 0..3 {
            assert_eq!(number().get_result::<i64>(&mut conn).await, Ok(1), "{name}");
        }
    }
}
