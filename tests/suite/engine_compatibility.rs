//! What applications know of diesel-async's connection to PostgreSQL, and find again on ours.

use std::{
    cell::RefCell,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use diesel::{
    connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation},
    prelude::*,
    result::Error,
    sql_types::Text,
};
use diesel_async::{
    AsyncConnection, RunQueryDsl, SaveChangesDsl, SimpleAsyncConnection, pooled_connection::PoolableConnection,
};
use diesel_tenants::PostgresConnection;
use diesel_tenants_test_support::{Database, Server};
use futures_util::FutureExt;

diesel::table! {
    public.integers (id) { id -> BigInt }
}

async fn connect(database: &Database) -> PostgresConnection {
    PostgresConnection::establish(database.url()).await.unwrap()
}

#[tokio::test]
async fn a_transaction_with_an_isolation_level_runs_without_a_map_too() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.integers AS SELECT generate_series(0::int8, 100) AS id");
    let mut conn = connect(&database).await;
    let mut transaction = conn.build_transaction().repeatable_read().read_only();
    for _ in 0..2 {
        let level = transaction
            .run(async |conn| {
                let level = diesel::dsl::sql::<Text>("current_setting('transaction_isolation')");
                diesel::select(level).get_result::<String>(conn).await
            })
            .await;
        assert_eq!(level, Ok("repeatable read".to_owned()));
    }
    let written = transaction
        .run(async |conn| diesel::delete(integers::table).execute(conn).await)
        .await;
    assert!(written.is_err());
    let nested = conn
        .transaction(async |conn| conn.build_transaction().run(async |_| Ok::<_, Error>(())).await)
        .await;
    assert_eq!(nested, Err(Error::AlreadyInTransaction));
    assert_eq!(integers::table.count().get_result::<i64>(&mut conn).await, Ok(101));
}

#[tokio::test]
async fn changes_are_saved_and_returned() {
    diesel::table! {
        public.prices (id) { id -> BigInt, price -> Integer }
    }
    #[derive(AsChangeset, Identifiable, Queryable, Debug, PartialEq)]
    struct Price {
        id: i64,
        price: i32,
    }
    let database = Server::shared().database();
    database.run("CREATE TABLE public.prices AS SELECT 2::int8 AS id, 5 AS price");
    let mut conn = connect(&database).await;
    let saved: Price = Price { id: 2, price: 7 }.save_changes(&mut conn).await.unwrap();
    assert_eq!(saved, Price { id: 2, price: 7 });
    assert_eq!(database.values("SELECT price FROM public.prices"), ["7"]);
}

#[tokio::test]
async fn a_failure_outside_of_transactions_leaves_the_next_transaction_alone() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    let fails = "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$";
    conn.batch_execute(fails).await.unwrap_err();
    let inner = conn
        .transaction(async |conn| {
            let inner = conn
                .transaction(async |conn| {
                    conn.batch_execute("RELEASE SAVEPOINT diesel_savepoint_1").await?;
                    Err::<(), _>(Error::NotFound)
                })
                .await;
            Err::<(), _>(inner.unwrap_err())
        })
        .await;
    // The savepoint was not there to be rolled back to: an error, unless that was to be expected.
    assert!(matches!(inner, Err(Error::DatabaseError(..))), "{inner:?}");
}

#[tokio::test]
async fn other_pools_are_told_of_a_transaction_whose_begin_was_given_up() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    assert!(!conn.is_broken());
    {
        let mut begin = pin!(conn.batch_execute("BEGIN"));
        assert!(begin.as_mut().now_or_never().is_none());
    }
    assert!(conn.is_broken(), "it may come into force");
    // Having sent its answer, the server waits for the next statement.
    let answered = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%' \
                    AND wait_event = 'ClientRead'";
    while database.values(answered).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(conn.is_broken());
}

#[tokio::test]
async fn one_instrumentation_sees_how_a_connection_is_opened_and_what_it_runs() {
    type Seen = Arc<Mutex<Vec<Vec<&'static str>>>>;
    std::thread_local! {
        // By test: each runs in a thread of its own.
        static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
    }

    struct Observer {
        seen: Seen,
        number: usize,
    }

    impl Instrumentation for Observer {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            let name = match event {
                InstrumentationEvent::StartEstablishConnection { .. } => "start",
                InstrumentationEvent::FinishEstablishConnection { error: None, .. } => "finish",
                InstrumentationEvent::FinishEstablishConnection { .. } => "failed",
                InstrumentationEvent::StartQuery { .. } => "query",
                _ => return,
            };
            self.seen.lock().unwrap()[self.number].push(name);
        }
    }

    set_default_instrumentation(|| {
        let seen = SEEN.with_borrow(Clone::clone)?;
        let mut all = seen.lock().unwrap();
        all.push(Vec::new());
        let number = all.len() - 1;
        drop(all);
        Some(Box::new(Observer { seen, number }))
    })
    .unwrap();
    let database = Server::shared().database();
    let seen = Seen::default();
    SEEN.set(Some(Arc::clone(&seen)));
    connect(&database).await.batch_execute("SELECT 1").await.unwrap();
    for url in ["postgres://127.0.0.1:1/nowhere", "port=none"] {
        PostgresConnection::establish(url).await.unwrap_err();
    }
    let failed = vec!["start", "failed"];
    assert_eq!(
        *seen.lock().unwrap(),
        [vec!["start", "finish", "query"], failed.clone(), failed]
    );
}
