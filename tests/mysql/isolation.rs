//! Each tenant reads and writes its own rows, with many clients on few connections.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    store::{Store, prices},
    tables::items,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tenants_and_many_clients_on_few_connections_see_their_own_rows() {
    const CLIENTS: i32 = 16;
    const ROUNDS: i32 = 12;
    let store = Store::with(|builder| builder.max_size(3)).await;
    let clients = (0..CLIENTS).map(|client| {
        let pool = store.pool.clone();
        let (tenant, base) = match client % 2 {
            0 => (store.first.clone(), 100_000),
            _ => (store.second.clone(), 200_000),
        };
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let mut conn = pool.for_tenant(&tenant).get().await.unwrap();
                let name = format!("item {client} {round}");
                diesel::insert_into(items::table)
                    .values((items::description.eq(&name), items::price.eq(base + client)))
                    .execute(&mut conn)
                    .await
                    .unwrap();
                if round % 3 == 0 {
                    drop(conn);
                    conn = pool.for_tenant(&tenant).get().await.unwrap();
                }
                let found: i32 = items::table
                    .filter(items::description.eq(&name))
                    .select(items::price)
                    .get_result(&mut conn)
                    .await
                    .unwrap();
                assert_eq!(found, base + client);
                let all: Vec<i32> = items::table
                    .filter(items::id.gt(1))
                    .select(items::price)
                    .load(&mut conn)
                    .await
                    .unwrap();
                assert!(
                    all.iter().all(|price| (base..base + CLIENTS).contains(price)),
                    "{all:?}"
                );
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    for tenant in [&store.first, &store.second] {
        let rows = prices(&store.pool, tenant).await.len();
        assert_eq!(i32::try_from(rows), Ok(1 + CLIENTS / 2 * ROUNDS));
    }
    assert!(store.pool.status().size <= 3);
}
