//! Nothing that one checkout leaves on a session reaches the next one.

use diesel::{prelude::*, sql_types};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::{
    store::{Store, connection, prices},
    tables::{items, users},
};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
}

async fn number(conn: &mut impl diesel_async::AsyncConnection<Backend = diesel::mysql::Mysql>, sql: &str) -> i64 {
    let found: Number = diesel::sql_query(sql).get_result(conn).await.unwrap();
    found.number
}

/// The number of the session, by which it is known again.
const SESSION: &str = "SELECT CAST(CONNECTION_ID() AS SIGNED) AS number";

#[tokio::test]
async fn what_is_left_on_a_session_costs_the_connection() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let lock = format!("SELECT GET_LOCK('{}', 0)", store.first);
    for left in [
        "SET @a = 1",
        "SET SESSION foreign_key_checks = 0",
        "SET sql_mode = ''",
        "CREATE TEMPORARY TABLE items (id INT)",
        "LOCK TABLES items WRITE",
        "SELECT price INTO @a FROM items",
        "BEGIN",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        &lock,
    ] {
        let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
        let before = number(&mut *conn, SESSION).await;
        conn.batch_execute(left)
            .await
            .unwrap_or_else(|error| panic!("{left}: {error}"));
        drop(conn);
        let mut conn = store.pool.for_tenant(&store.second).get().await.unwrap();
        assert_ne!(number(&mut *conn, SESSION).await, before, "{left}");
        drop(conn);
        assert_eq!(prices(&store.pool, &store.second).await, [1000], "{left}");
    }
    // What leaves nothing keeps the connection.
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let before = number(&mut *conn, SESSION).await;
    diesel::update(items::table)
        .set(items::price.eq(1))
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    let mut conn = store.pool.for_tenant(&store.second).get().await.unwrap();
    assert_eq!(number(&mut *conn, SESSION).await, before);
}

#[tokio::test]
async fn a_caller_that_reads_one_row_of_few_keeps_the_connection() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
        sessions.push(number(&mut *conn, SESSION).await);
        assert_eq!(
            items::table.select(items::price).first::<i32>(&mut conn).await,
            Ok(5000)
        );
        assert_eq!(
            users::table
                .select(users::name)
                .order(users::id)
                .first::<String>(&mut conn)
                .await
                .unwrap(),
            "Ada"
        );
        let error = diesel::sql_query("SELECT nothing FROM items").execute(&mut conn).await;
        assert!(error.is_err());
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
}

#[tokio::test]
async fn an_id_that_was_generated_for_one_tenant_is_forgotten_before_the_next_one() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let last = "SELECT CAST(LAST_INSERT_ID() AS SIGNED) AS number";
    let sets = [
        "INSERT INTO items (description, price) VALUES ('a', 1)",
        "UPDATE items SET price = LAST_INSERT_ID(77)",
        "/* first */ REPLACE INTO items (description, price) VALUES ('b', 1)",
        "SELECT LAST_INSERT_ID(78)",
    ];
    for set in sets {
        let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
        let session = number(&mut *conn, SESSION).await;
        diesel::sql_query(set).execute(&mut conn).await.unwrap();
        assert_ne!(number(&mut *conn, last).await, 0, "{set}: the checkout itself sees it");
        drop(conn);
        let mut conn = store.pool.for_tenant(&store.second).get().await.unwrap();
        assert_eq!(number(&mut *conn, SESSION).await, session, "the connection is kept");
        assert_eq!(number(&mut *conn, last).await, 0, "{set}");
        assert_eq!(
            number(&mut *conn, "SELECT CAST(@@identity AS SIGNED) AS number").await,
            0,
            "{set}"
        );
        drop(conn);
        // Nor do pinned tables alone.
        let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
        diesel::sql_query(set).execute(&mut conn).await.unwrap_or_default();
        drop(conn);
        let mut conn = store.pool.shared().get().await.unwrap();
        assert_eq!(number(&mut *conn, last).await, 0, "{set}");
        assert!(users::table.count().get_result::<i64>(&mut conn).await.is_ok());
    }
}

#[tokio::test]
async fn what_the_statement_before_left_is_not_shown() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let twice = diesel::sql_query("INSERT INTO items (description, price) VALUES ('Tesla', 1)")
        .execute(&mut conn)
        .await;
    assert!(twice.is_err());
    drop(conn);
    let mut conn = store.pool.for_tenant(&store.second).get().await.unwrap();
    for sql in [
        "SHOW WARNINGS",
        "SHOW ERRORS",
        "SELECT FOUND_ROWS()",
        "SELECT @@warning_count",
        "GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT",
    ] {
        let error = diesel::sql_query(sql).execute(&mut conn).await.unwrap_err();
        assert!(error.to_string().contains("may be another tenant's"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn sessions_are_set_up_alike_whatever_the_servers_defaults_are() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let expected = "SELECT CAST(@@autocommit = 1 AND @@completion_type = 'NO_CHAIN' AND @@sql_auto_is_null = 0 \
        AND @@time_zone = '+00:00' AND @@character_set_client = 'utf8mb4' AND @@character_set_results = 'utf8mb4' \
        AS SIGNED) AS number";
    assert_eq!(number(&mut *conn, expected).await, 1);
    // A session without the library's settings has the server's.
    assert!(number(&mut connection().await, SESSION).await > 0);
}
