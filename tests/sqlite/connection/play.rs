//! Writers and readers of two tenants whose futures are dropped at random moments. As a pool does, they go on with a
//! new connection where the old one isn't clean. What one transaction takes from an item it gives to another, so the
//! sum of a tenant's prices never changes.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use diesel::{dsl::sum, prelude::*, result::Error};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::PoolableConnection};
use diesel_tenants::{TenantConnection, TranslateDsl, sqlite::AsyncSqliteConnection};
use tokio::time::timeout;

use crate::{files::Files, tables::items};

type Tenant = TenantConnection<AsyncSqliteConnection>;

const ITEMS: i64 = 400;
const TENANTS: [&str; 2] = ["client1", "client2"];

async fn sum_of(conn: &mut Tenant) -> QueryResult<Option<i64>> {
    items::table.select(sum(items::price)).get_result(conn).await
}

async fn transfer(conn: &mut Tenant, number: u64) -> QueryResult<usize> {
    let item = |number: u64| 1 + i64::try_from(number).unwrap() % ITEMS;
    let (from, to) = (item(number >> 1), item(number >> 20));
    let give = async |conn: &mut Tenant, id: i64, price: i32| {
        let item = items::table.find(id);
        diesel::update(item)
            .set(items::price.eq(items::price + price))
            .execute(conn)
            .await
    };
    conn.transaction::<_, Error, _>(async |conn| {
        let price: i32 = items::table.find(from).select(items::price).get_result(conn).await?;
        give(conn, from, -price).await?;
        conn.transaction::<_, Error, _>(async |conn| give(conn, to, price).await)
            .await
    })
    .await
}

async fn play(files: &Files, seed: u64, rounds: u64) {
    let random = RandomState::new();
    let tenant = TENANTS[seed as usize % 2];
    let mut conn = files.tenant(tenant).await;
    for round in 0..rounds {
        let number = random.hash_one((seed, round));
        let patience = Duration::from_micros(number % 3000);
        let result: Result<QueryResult<()>, _> = match number % 5 {
            0 | 1 => timeout(patience, transfer(&mut conn, number))
                .await
                .map(|result| result.map(drop)),
            2 => {
                timeout(patience, async {
                    assert_eq!(sum_of(&mut conn).await?, Some(ITEMS * 100));
                    Ok(())
                })
                .await
            }
            3 => {
                timeout(patience, async {
                    let all = items::table
                        .select(items::id)
                        .order(items::id)
                        .load::<i64>(&mut conn)
                        .await?;
                    assert_eq!(all, (1..=ITEMS).collect::<Vec<_>>());
                    Ok(())
                })
                .await
            }
            _ => {
                timeout(patience, async {
                    let own = items::table
                        .in_schema(tenant)
                        .count()
                        .get_result::<i64>(&mut conn)
                        .await?;
                    assert_eq!(own, ITEMS);
                    Ok(())
                })
                .await
            }
        };
        if let Ok(result) = result {
            result.unwrap();
        }
        if conn.is_broken() {
            conn = files.tenant(tenant).await;
        }
    }
}

async fn whatever_is_given_up() {
    let files = Files::new();
    for tenant in TENANTS {
        let fill = format!(
            "DELETE FROM orders; DELETE FROM items; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ITEMS})
             INSERT INTO items SELECT i, '', 100 FROM n"
        );
        files.tenant(tenant).await.batch_execute(&fill).await.unwrap();
    }
    tokio::join!(
        play(&files, 0, 150),
        play(&files, 1, 150),
        play(&files, 2, 150),
        play(&files, 3, 150)
    );
    for tenant in TENANTS {
        let mut conn = files.tenant(tenant).await;
        transfer(&mut conn, 1).await.unwrap();
        assert_eq!(sum_of(&mut conn).await.unwrap(), Some(ITEMS * 100));
    }
}

#[tokio::test]
async fn sums_stay_the_same_on_one_thread() {
    whatever_is_given_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_stay_the_same_on_several_threads() {
    whatever_is_given_up().await;
}
