//! Files that somebody removes or replaces behind the pool's back, when nothing in the folder had changed for long, so that
//! checkouts look at the folder only.

use std::{fs, time::Duration};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::CheckoutError;

use super::store::{Store, prices};
use crate::tables::users;

/// Checks out tenants until the pool need not look for their files any more.
async fn settle(store: &Store) {
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
            assert_eq!(prices(&store.pool, tenant).await, [price]);
        }
    }
}

#[tokio::test]
async fn a_file_that_is_removed_is_missed_by_the_next_checkout() {
    let store = Store::new().await;
    settle(&store).await;
    fs::remove_file(store.folder.path().join("client1.db")).unwrap();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    assert_eq!(prices(&store.pool, "client2").await, [1000]);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_what_the_next_checkout_sees() {
    let store = Store::new().await;
    store.pool.clone_tenant("client2", "client3").await.unwrap();
    settle(&store).await;
    let path = |name: &str| store.folder.path().join(name);
    fs::rename(path("client3.db"), path("client1.db")).unwrap();
    for ending in ["-wal", "-shm"] {
        fs::remove_file(path("client1.db").with_extension(["db", ending].concat())).unwrap();
    }
    assert_eq!(prices(&store.pool, "client1").await, [1000]);
    assert_eq!(prices(&store.pool, "client2").await, [1000]);
}

#[tokio::test]
async fn another_process_may_drop_and_rename_tenants() {
    let store = Store::new().await;
    let other = store.other().await;
    settle(&store).await;
    other.drop_tenant("client1").await.unwrap();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    other.rename_tenant("client2", "client1").await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [1000]);
    let error = store.pool.for_tenant("client2").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn the_shared_file_may_be_removed_too() {
    let store = Store::new().await;
    settle(&store).await;
    fs::remove_file(store.folder.path().join("public.db")).unwrap();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let users = users::table.count().get_result::<i64>(&mut conn).await;
    assert!(users.unwrap_err().to_string().contains("no such table"));
}

#[tokio::test]
async fn a_tenant_that_is_in_use_without_a_pause_is_renamed_by_another_process() {
    let store = Store::new().await;
    let other = store.other().await;
    let users = (0..3).map(|_| {
        let pool = store.pool.clone();
        tokio::spawn(async move {
            loop {
                match pool.for_tenant("client1").get().await {
                    Ok(mut conn) => {
                        let count = crate::tables::items::table.count().get_result::<i64>(&mut conn);
                        assert_eq!(count.await, Ok(1));
                    }
                    Err(CheckoutError::UnknownTenant { .. } | CheckoutError::ChangedTenant { .. }) => break,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    let users: Vec<_> = users.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let rename = other.rename_tenant("client1", "client3").wait(Duration::from_secs(20));
    rename.await.unwrap();
    for user in users {
        user.await.unwrap();
    }
    assert_eq!(prices(&store.pool, "client3").await, [5000]);
}
