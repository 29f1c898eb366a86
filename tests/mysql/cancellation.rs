//! Futures that are dropped leave a clean connection, or none.

use std::time::{Duration, Instant};

use diesel::{prelude::*, sql_types};
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::StreamExt;

use crate::{
    store::{Store, connection, prices},
    tables::items,
};

#[derive(QueryableByName)]
struct Running {
    #[diesel(sql_type = sql_types::BigInt)]
    count: i64,
}

/// How many sessions run a statement with this text.
async fn running(mark: &str) -> i64 {
    let running: Running = diesel::sql_query(
        "SELECT COUNT(*) AS count FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND ID <> CONNECTION_ID()",
    )
    .bind::<sql_types::Text, _>(format!("%{mark}%"))
    .get_result(&mut connection().await)
    .await
    .unwrap();
    running.count
}

#[tokio::test]
async fn a_query_that_was_given_up_ends_on_the_server_and_its_connection_is_not_used_again() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let slow = diesel::sql_query("SELECT SLEEP(60), 'given up by a test' FROM items");
    let given_up = tokio::time::timeout(Duration::from_millis(100), slow.execute(&mut conn)).await;
    assert!(given_up.is_err());
    drop(conn);
    let begun = Instant::now();
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
    while running("given up by a test").await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the query still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn futures_that_are_dropped_at_any_time_lose_no_connection_and_mix_up_no_answers() {
    let store = Store::with(|builder| builder.max_size(2)).await;
    for step in 0..60 {
        let (tenant, expected) = match step % 2 {
            0 => (&store.first, 5000),
            _ => (&store.second, 1000),
        };
        let work = async {
            let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
            conn.transaction::<_, diesel::result::Error, _>(async |conn| {
                let found: i32 = items::table.select(items::price).get_result(conn).await?;
                assert_eq!(found, expected);
                let rows = items::table
                    .select(items::price)
                    .load_stream::<i32>(conn)
                    .await?
                    .collect::<Vec<_>>()
                    .await;
                assert_eq!(rows.into_iter().collect::<QueryResult<Vec<_>>>()?, [expected]);
                Ok(())
            })
            .await
            .unwrap();
        };
        // Some end before their first answer, some in between, some not at all.
        let _ = tokio::time::timeout(Duration::from_micros(60 * step), work).await;
        assert_eq!(prices(&store.pool, &store.second).await, [1000]);
    }
    assert!(store.pool.status().size <= 2);
}

#[tokio::test]
async fn rows_that_are_not_read_cost_no_later_checkout_anything() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let many = diesel::sql_query("SELECT seq AS count FROM seq_1_to_100000");
    let mut rows = many.load_stream::<Running>(&mut conn).await.unwrap();
    assert_eq!(rows.next().await.unwrap().unwrap().count, 1);
    drop(rows);
    drop(conn);
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
}
