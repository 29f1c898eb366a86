//! After a deadlock the server has undone the whole transaction of one of the two, without a word to whoever ignores the
//! error: what follows would be committed statement by statement.

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{Checkout, Mysql};

use crate::{
    store::{Store, prices},
    tables::items,
};

async fn set_price(conn: &mut Checkout<Mysql>, id: i64, price: i32) -> QueryResult<usize> {
    diesel::update(items::table.find(id))
        .set(items::price.eq(price))
        .execute(conn)
        .await
}

async fn add(conn: &mut Checkout<Mysql>, description: &str) -> QueryResult<usize> {
    let item = (items::description.eq(description), items::price.eq(3));
    diesel::insert_into(items::table).values(item).execute(conn).await
}

fn is_undone(result: QueryResult<impl Sized>) -> bool {
    matches!(result, Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, found))
        if found.message().contains("has undone the transaction"))
}

/// A second item, and another session that waits for the first one while the victim asks for the second.
async fn deadlock(store: &Store, victim: &mut Checkout<Mysql>) {
    let pool = &store.pool;
    let mut other = pool.for_tenant(&store.first).get().await.unwrap();
    other.batch_execute("BEGIN").await.unwrap();
    // Of two transactions, the one that has changed less is undone.
    for description in ["a", "b", "c", "d"] {
        add(&mut other, description).await.unwrap();
    }
    set_price(&mut other, 2, 21).await.unwrap();
    set_price(victim, 1, 11).await.unwrap();
    let (theirs, ours) = tokio::join!(set_price(&mut other, 1, 12), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        set_price(victim, 2, 22).await
    });
    theirs.unwrap();
    let error = ours.unwrap_err().to_string();
    assert!(error.contains("Deadlock found"), "{error}");
    other.batch_execute("ROLLBACK").await.unwrap();
}

async fn store() -> Store {
    let store = Store::with(|builder| builder.max_size(3)).await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    add(&mut conn, "second").await.unwrap();
    drop(conn);
    store
}

#[tokio::test]
async fn after_a_deadlock_nothing_is_committed_whoever_ignores_the_error() {
    let store = store().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let committed = conn
        .transaction(async |conn| {
            deadlock(&store, conn).await;
            assert!(is_undone(add(conn, "lost").await));
            assert!(is_undone(conn.batch_execute("SELECT 1").await));
            assert!(is_undone(items::table.count().get_result::<i64>(conn).await));
            Ok::<_, Error>(())
        })
        .await;
    assert!(is_undone(committed));
    // The connection goes on.
    conn.transaction(async |conn| add(conn, "kept").await).await.unwrap();
    drop(conn);
    assert_eq!(prices(&store.pool, &store.first).await, [5000, 3, 3]);
}

#[tokio::test]
async fn a_deadlock_within_a_savepoint_ends_all_of_the_transaction() {
    let store = store().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let committed = conn
        .transaction(async |conn| {
            add(conn, "before").await?;
            let inner = conn
                .transaction(async |conn| {
                    deadlock(&store, conn).await;
                    Err::<(), _>(Error::RollbackTransaction)
                })
                .await;
            assert!(matches!(inner, Err(Error::RollbackTransaction)), "{inner:?}");
            assert!(is_undone(conn.transaction(async |_| Ok::<_, Error>(())).await));
            assert!(is_undone(add(conn, "after").await));
            Ok::<_, Error>(())
        })
        .await;
    assert!(is_undone(committed));
    drop(conn);
    assert_eq!(prices(&store.pool, &store.first).await, [5000, 3]);
}

#[tokio::test]
async fn a_statement_that_waited_too_long_can_be_ignored_where_the_server_undoes_only_it() {
    let store = store().await;
    let mut other = store.pool.for_tenant(&store.first).get().await.unwrap();
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    other.batch_execute("BEGIN").await.unwrap();
    set_price(&mut other, 1, 12).await.unwrap();
    conn.batch_execute("SET SESSION innodb_lock_wait_timeout = 1")
        .await
        .unwrap();
    conn.transaction(async |conn| {
        add(conn, "kept").await?;
        let error = set_price(conn, 1, 11).await.unwrap_err().to_string();
        assert!(error.contains("Lock wait timeout"), "{error}");
        add(conn, "kept too").await
    })
    .await
    .unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();
    drop((conn, other));
    assert_eq!(prices(&store.pool, &store.first).await, [5000, 3, 3, 3]);
}
