//! Futures that are dropped: on a runtime of one thread, where nothing may block, and on one of several.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use diesel::{prelude::*, result::Error};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::PoolableConnection};
use diesel_tenants::{
    TenantConnection,
    sqlite::{Access, AsyncSqliteConnection},
};
use futures_util::TryStreamExt;
use tokio::{sync::Semaphore, time::timeout};

use super::{nap, prices, with_nap};
use crate::{
    files::Files,
    tables::{Item, items},
};

type Tenant = TenantConnection<AsyncSqliteConnection>;

/// How long a statement runs whose future is dropped.
const NAP: i32 = 400;

/// How long dropping may take, at most.
const AT_ONCE: Duration = Duration::from_millis(150);

async fn napping(files: &Files) -> Tenant {
    let mut inner = files.tenant("client1").await.into_inner();
    with_nap(&mut inner).await;
    TenantConnection::new(inner, files.tenant("client1").await.map().clone())
}

/// Polls a future once, and drops it.
async fn give_up<F: Future>(future: F) {
    let mut future = Box::pin(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    let dropped = Instant::now();
    drop(future);
    assert!(dropped.elapsed() < AT_ONCE, "dropping took {:?}", dropped.elapsed());
}

/// Begins a future, lets its statement start, and drops it.
async fn interrupt<F: Future>(future: F) {
    let mut future: Pin<Box<F>> = Box::pin(future);
    let begun = timeout(Duration::from_millis(100), future.as_mut()).await;
    assert!(begun.is_err(), "the statement should run for longer");
    let dropped = Instant::now();
    drop(future);
    assert!(dropped.elapsed() < AT_ONCE, "dropping took {:?}", dropped.elapsed());
}

fn insert(id: i64) -> impl diesel_async::methods::ExecuteDsl<Tenant> + RunQueryDsl<Tenant> {
    diesel::insert_into(items::table).values(Item::new(id, "", 10))
}

async fn never_polled() {
    let files = Files::new();
    let conn = &mut files.tenant("client1").await;
    drop(insert(2).execute(conn));
    drop(conn.batch_execute("DELETE FROM items"));
    drop(conn.transaction::<(), Error, _>(async |_| Ok(())));
    assert!(!conn.is_broken());
    assert_eq!(prices(conn).await.unwrap(), [1]);
}

async fn queued() {
    let files = Files::new();
    let conn = &mut napping(&files).await;
    interrupt(diesel::select(nap(NAP)).execute(conn)).await;
    assert!(conn.is_broken());
    for id in 2..6 {
        give_up(insert(id).execute(conn)).await;
        give_up(conn.batch_execute("DELETE FROM orders")).await;
    }
    // Its statement is behind those, which have not run.
    assert_eq!(prices(conn).await.unwrap(), [1]);
    // With the answer of a later statement everything before it is done.
    assert!(!conn.is_broken());
}

async fn more_are_given_up_than_may_wait() {
    let files = Files::new();
    let conn = &mut napping(&files).await;
    interrupt(diesel::select(nap(NAP)).execute(conn)).await;
    for _ in 0..64 {
        give_up(insert(2).execute(conn)).await;
    }
    let refused = insert(2).execute(conn).await.unwrap_err();
    assert!(refused.to_string().contains("given up"), "{refused}");
    assert!(conn.is_broken());
    tokio::time::sleep(Duration::from_millis(2 * NAP as u64)).await;
    assert_eq!(prices(conn).await.unwrap(), [1]);
}

async fn running() {
    let files = Files::new();
    let conn = &mut napping(&files).await;
    interrupt(
        diesel::update(items::table)
            .set(items::price.eq(nap(NAP)))
            .execute(conn),
    )
    .await;
    assert!(conn.is_broken());
    let waited = Instant::now();
    assert_eq!(
        prices(conn).await.unwrap(),
        [NAP],
        "a statement that runs is run to its end"
    );
    assert!(waited.elapsed() > AT_ONCE);
}

async fn between_rows() {
    let files = Files::new();
    let conn = &mut napping(&files).await;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                INSERT INTO items SELECT i, '', i FROM n";
    conn.batch_execute(fill).await.unwrap();
    let all = items::table.select(items::price).order(items::id);
    let mut rows = all.load_stream::<i32>(conn).await.unwrap();
    assert_eq!(rows.try_next().await.unwrap(), Some(1));
    drop(rows);
    assert!(conn.is_broken(), "more rows were left than are read to find the end");
    // The rows that nobody reads are not read to the end: each of them would take a moment.
    let slow = items::table.select(items::price + nap(2) - nap(0)).order(items::id);
    interrupt(slow.load::<i32>(conn)).await;
    let waited = Instant::now();
    assert_eq!(prices(conn).await.unwrap().len(), 3000);
    assert!(waited.elapsed() < Duration::from_secs(3), "{:?}", waited.elapsed());
    assert!(!conn.is_broken());
    // A result that has come as a whole leaves nothing behind.
    let mut rows = items::table
        .select(items::price)
        .limit(3)
        .load_stream::<i32>(conn)
        .await
        .unwrap();
    rows.try_next().await.unwrap();
    drop(rows);
    assert!(!conn.is_broken());
}

async fn waiting_for_a_lock() {
    let files = Files::new();
    let (holder, conn) = (&mut files.tenant("client1").await, &mut files.tenant("client1").await);
    holder
        .transaction::<_, Error, _>(async |_| {
            interrupt(conn.transaction::<(), Error, _>(async |_| panic!("it has no lock"))).await;
            assert!(conn.is_broken());
            Ok(())
        })
        .await
        .unwrap();
    let next = holder.transaction::<(), Error, _>(async |_| Ok(()));
    timeout(Duration::from_secs(5), next)
        .await
        .expect("whoever gave up has not kept the lock")
        .unwrap();
    let refused = conn.transaction::<(), Error, _>(async |_| Ok(())).await;
    assert!(matches!(refused, Err(Error::BrokenTransactionManager)));
}

async fn in_a_transaction() {
    let files = Files::new();
    let mut conn = napping(&files).await;
    interrupt(conn.transaction::<_, Error, _>(async |conn| {
        diesel::update(items::table)
            .set(items::price.eq(9))
            .execute(conn)
            .await?;
        diesel::select(nap(NAP)).execute(conn).await
    }))
    .await;
    assert!(conn.is_broken());
    let dropped = Instant::now();
    drop(conn);
    assert!(dropped.elapsed() < AT_ONCE);
    // Its thread rolls back when the statement has ended.
    let next = &mut files.tenant("client1").await;
    next.transaction::<_, Error, _>(async |_| Ok(())).await.unwrap();
    assert_eq!(prices(next).await.unwrap(), [1]);
}

async fn the_connection_itself() {
    let files = Files::new();
    let mut conn = napping(&files).await;
    {
        let mut sent = pin!(
            diesel::update(items::table)
                .set(items::price.eq(nap(NAP)))
                .execute(&mut conn)
        );
        assert!(timeout(Duration::from_millis(100), sent.as_mut()).await.is_err());
    }
    let dropped = Instant::now();
    drop(conn);
    assert!(dropped.elapsed() < AT_ONCE);
    // The thread may be quicker than the next line.
    let mut opening = Box::pin(AsyncSqliteConnection::open(Duration::ZERO));
    _ = poll_fn(|context| Poll::Ready(opening.as_mut().poll(context))).await;
    drop(opening);
    let mut conn = files.open(&[]).await;
    let (schema, path) = ("client1".parse().unwrap(), files.path("client1"));
    let mut attaching = Box::pin(conn.attach(&schema, &path, Access::ReadWrite));
    _ = poll_fn(|context| Poll::Ready(attaching.as_mut().poll(context))).await;
    drop(attaching);
    // What comes next is behind it.
    conn.detach(&schema).await.unwrap();
    assert!(conn.attached().is_empty());
}

async fn a_guard_outlives_what_was_given_up() {
    let files = Files::new();
    let mut conn = napping(&files).await;
    interrupt(
        diesel::update(items::table)
            .set(items::price.eq(nap(NAP)))
            .execute(&mut conn),
    )
    .await;
    let permits = Arc::new(Semaphore::new(1));
    let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
    conn.into_inner().close_holding(permit);
    assert!(permits.try_acquire().is_err());
    _ = permits.acquire().await.unwrap();
    assert!(!files.path("client1").with_extension("db-wal").exists());
}

/// Each case on both kinds of runtime.
macro_rules! on_both_runtimes {
    ($($case:ident)+) => { $(
        mod $case {
            #[tokio::test]
            async fn on_one_thread() {
                super::$case().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_several_threads() {
                super::$case().await;
            }
        }
    )+ };
}

on_both_runtimes! {
    never_polled
    queued
    more_are_given_up_than_may_wait
    running
    between_rows
    waiting_for_a_lock
    in_a_transaction
    the_connection_itself
    a_guard_outlives_what_was_given_up
}
