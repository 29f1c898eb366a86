//! A future dropped anywhere leaves a clean connection in the pool, or none.

use std::time::{Duration, Instant};

use diesel::{
    prelude::*,
    sql_types::{Integer, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::Recycling;

use crate::{checkout::pid, schema::items, store::Store};

async fn store() -> Store {
    Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await
}

fn slow() -> diesel::expression::SqlLiteral<Integer> {
    diesel::dsl::sql::<Integer>("(SELECT 1 FROM pg_sleep(30))")
}

/// The next checkout works, at once, and is not in a transaction.
async fn next_checkout_is_clean(store: &Store) {
    let started = Instant::now();
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(
        items::table
            .find(1)
            .select(items::price)
            .get_result::<i32>(&mut conn)
            .await,
        Ok(1000)
    );
    let transaction_start = || diesel::select(diesel::dsl::sql::<Text>("now()::text"));
    let first: String = transaction_start().get_result(&mut conn).await.unwrap();
    let second: String = transaction_start().get_result(&mut conn).await.unwrap();
    assert_ne!(first, second, "each statement is a transaction of its own");
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "it didn't wait for the query that was given up"
    );
}

#[tokio::test]
async fn a_checkout_given_up_while_it_waits() {
    let store = store().await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(20), store.pool.for_tenant("client1").get()).await;
    assert!(waiting.is_err());
    drop(held);
    next_checkout_is_clean(&store).await;
}

#[tokio::test]
async fn a_query_given_up_is_cancelled_on_the_server() {
    let store = store().await;
    for kind in ["load", "execute", "batch", "pipeline"] {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let backend = pid(&mut conn).await;
        let patience = Duration::from_millis(50);
        match kind {
            "load" => drop(tokio::time::timeout(patience, diesel::select(slow()).get_result::<i32>(&mut conn)).await),
            "execute" => drop(tokio::time::timeout(patience, diesel::select(slow()).execute(&mut conn)).await),
            "batch" => drop(tokio::time::timeout(patience, conn.batch_execute("SELECT pg_sleep(30)")).await),
            _ => drop(tokio::time::timeout(patience, diesel::select(slow()).get_result::<i32>(&mut &*conn)).await),
        }
        drop(conn);
        next_checkout_is_clean(&store).await;
        let still_busy = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {backend} AND state = 'active'");
        let mut tries = 0;
        while store.value(&still_busy) != "0" {
            tries += 1;
            assert!(tries < 500, "{kind}: the server is still at it");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_query_given_up_and_survived_by_a_later_one_doesnt_cost_the_connection() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let backend = pid(&mut conn).await;
    let brief = diesel::sql_query("SELECT pg_sleep(0.2)");
    assert!(
        tokio::time::timeout(Duration::from_millis(50), brief.execute(&mut conn))
            .await
            .is_err()
    );
    assert_eq!(pid(&mut conn).await, backend, "the server is done with the one before");
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(pid(&mut conn).await, backend);
}

#[tokio::test]
async fn a_transaction_given_up_is_rolled_back_when_the_checkout_ends() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let transaction = conn.transaction::<(), diesel::result::Error, _>(async |conn| {
        diesel::update(items::table)
            .set(items::price.eq(0))
            .execute(conn)
            .await?;
        std::future::pending::<()>().await;
        Ok(())
    });
    assert!(
        tokio::time::timeout(Duration::from_millis(100), transaction)
            .await
            .is_err()
    );
    drop(conn);
    // Not at the next checkout: its locks would be held until then.
    let mut tries = 0;
    while store.value("SELECT count(*) FROM pg_locks WHERE relation = 'client1.items'::regclass") != "0" {
        tries += 1;
        assert!(tries < 500, "the transaction is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.value("SELECT price FROM client1.items WHERE id = 1"), "5000");
    next_checkout_is_clean(&store).await;
}

/// Rows that come one after the other, without end as far as the test is concerned.
fn slow_rows() -> diesel::query_builder::SqlQuery {
    diesel::sql_query("SELECT repeat('x', 9000) AS row FROM generate_series(1, 600) i, LATERAL pg_sleep(0.05 + i * 0)")
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

#[tokio::test]
async fn rows_given_up_while_they_come_dont_hold_up_the_next_checkout() {
    use futures_util::StreamExt;
    let store = store().await;
    for kind in ["load", "stream", "first"] {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        match kind {
            "load" => {
                let all = slow_rows().load::<Row>(&mut conn);
                assert!(tokio::time::timeout(Duration::from_millis(300), all).await.is_err());
            }
            "stream" => {
                let mut stream = slow_rows().load_stream::<Row>(&mut conn).await.unwrap();
                assert_eq!(stream.next().await.unwrap().unwrap().row.len(), 9000);
            }
            _ => assert_eq!(slow_rows().get_result::<Row>(&mut conn).await.unwrap().row.len(), 9000),
        }
        drop(conn);
        next_checkout_is_clean(&store).await;
    }
}

#[tokio::test]
async fn one_row_of_many_doesnt_cost_the_connection() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let backend = pid(&mut conn).await;
    for _ in 0..20 {
        items::table
            .select(items::price)
            .get_result::<i32>(&mut conn)
            .await
            .unwrap();
        drop(conn);
        conn = store.pool.for_tenant("client1").get().await.unwrap();
    }
    assert_eq!(pid(&mut conn).await, backend);
}

#[tokio::test]
async fn an_error_of_this_side_doesnt_hide_a_query_that_was_given_up() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let given_up = diesel::select(slow()).get_result::<i32>(&mut conn);
    assert!(tokio::time::timeout(Duration::from_millis(50), given_up).await.is_err());
    let unknown_table = diesel::sql_query("SELECT '").execute(&mut conn).await;
    assert!(unknown_table.is_err(), "refused before it is sent");
    let no_bytes =
        diesel::select(diesel::dsl::sql::<Integer>("").bind::<NoBytes, _>(Never)).get_result::<i32>(&mut conn);
    assert!(matches!(
        no_bytes.await,
        Err(diesel::result::Error::SerializationError(_))
    ));
    drop(conn);
    next_checkout_is_clean(&store).await;
}

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 23, array_oid = 1007))]
struct NoBytes;

#[derive(Debug, diesel::expression::AsExpression)]
#[diesel(sql_type = NoBytes)]
struct Never;

impl diesel::serialize::ToSql<NoBytes, diesel::pg::Pg> for Never {
    fn to_sql<'b>(&'b self, _: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        Err("no, never".into())
    }
}

#[tokio::test]
async fn a_thousand_interrupted_requests_leave_a_working_pool() {
    let store = Store::with(|builder| builder.max_size(4).recycling(Recycling::Fast)).await;
    let requests = (0..1000u64).map(|request| {
        let store = &store;
        async move {
            let tenant = if request % 2 == 0 { "client1" } else { "client2" };
            let work = async {
                let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
                let descriptions: Vec<String> = items::table.select(items::description).load(&mut conn).await.unwrap();
                assert!(descriptions.iter().all(|description| description.starts_with(tenant)));
            };
            let _ = tokio::time::timeout(Duration::from_micros(request * 37 % 5000), work).await;
        }
    });
    futures_util::future::join_all(requests).await;
    next_checkout_is_clean(&store).await;
    assert!(store.pool.status().size <= 4);
}
