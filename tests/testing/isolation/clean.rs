//! Work that keeps to its tenant is never accused.

use diesel::{prelude::*, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::testing::isolation::{Marker, audit};

use crate::store::{Store, items, orders, users};

/// All kinds of work, one after the other, each under an audit of its own.
async fn keeps_to_its_tenant(rounds: i64) {
    let store = Store::new().await;
    let marker = Marker::of(&"tenant_b".parse().unwrap());
    store.database.run(&format!(
        "UPDATE tenant_b.items SET description = '{marker}' WHERE id = 1"
    ));
    for round in 0..rounds {
        let work = async || work(&store, round).await;
        let audit = audit(&store.pool, "tenant_a").marker(&marker);
        audit.run_and_search(work).await.expect("an audit").assert_isolated();
    }
}

async fn work(store: &Store, round: i64) -> String {
    let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
    let id = 1000 + round;
    match round % 8 {
        0 => {
            let all: Vec<String> = items::table.select(items::description).load(&mut conn).await.unwrap();
            return all.concat();
        }
        1 => {
            let row = (items::id.eq(id), items::description.eq("mine"), items::price.eq(1));
            diesel::insert_into(items::table)
                .values(row)
                .execute(&mut conn)
                .await
                .unwrap();
        }
        2 => {
            let joined = users::table.inner_join(orders::table.on(orders::user_id.eq(users::id)));
            let names: Vec<String> = joined.select(users::name).load(&mut conn).await.unwrap();
            return names.concat();
        }
        3 => {
            let failed: QueryResult<()> = conn
                .transaction(async |conn| {
                    diesel::delete(orders::table).execute(conn).await?;
                    Err(diesel::result::Error::RollbackTransaction)
                })
                .await;
            failed.unwrap_err();
        }
        4 => {
            let update = diesel::update(users::table.find(1)).set(users::name.eq(format!("Ada {round}")));
            update.execute(&mut conn).await.unwrap();
        }
        5 => conn
            .batch_execute("CREATE TEMP TABLE t (id int); CREATE TABLE IF NOT EXISTS notes ()")
            .await
            .unwrap(),
        6 => {
            let client = store.raw().await;
            let sql = "SET search_path TO tenant_a; SELECT nextval('numbers'), count(*), nothing() FROM items";
            client.batch_execute(sql).await.unwrap();
        }
        _ => {
            sql_query("SELECT 1 / 0").execute(&mut conn).await.unwrap_err();
        }
    }
    String::new()
}

#[tokio::test]
async fn a_hundred_clean_runs() {
    let runs = (0..4).map(|_| keeps_to_its_tenant(25));
    futures_util::future::join_all(runs).await;
}

#[tokio::test]
async fn a_hundred_more_on_databases_of_their_own() {
    let runs = (0..4).map(|_| keeps_to_its_tenant(25));
    futures_util::future::join_all(runs).await;
}

#[tokio::test]
async fn what_others_did_before_is_not_held_against_the_work() {
    let store = Store::new().await;
    for tenant in ["tenant_b", "tenant_c"] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        diesel::delete(orders::table).execute(&mut conn).await.unwrap();
    }
    store
        .raw()
        .await
        .batch_execute("SELECT * FROM tenant_b.items")
        .await
        .unwrap();
    let report = audit(&store.pool, "tenant_a")
        .run(async || work(&store, 0).await)
        .await
        .unwrap();
    report.assert_isolated();
    // The pool goes on.
    let mut conn = store.pool.for_tenant("tenant_b").get().await.unwrap();
    assert_eq!(orders::table.count().get_result::<i64>(&mut conn).await, Ok(0));
}
