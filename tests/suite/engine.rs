//! The connection itself: what is prepared, what is given up, and what is sent side by side.

use std::{pin::pin, task::Poll, time::Duration};

use diesel::{
    QueryableByName,
    prelude::*,
    result::{DatabaseErrorKind, Error},
    sql_types::{BigInt, Binary, Integer, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::PostgresConnection;
use diesel_tenants_test_support::{Database, Server};
use futures_util::{StreamExt, future::join_all, join};

#[derive(QueryableByName, Debug, PartialEq)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

diesel::table! {
    public.integers (id) { id -> BigInt }
}

/// The number, by a query that may be prepared. Each `kind` has a text of its own.
async fn typed(conn: &mut PostgresConnection, kind: usize, number: i64) -> QueryResult<i64> {
    let mut query = integers::table
        .select(integers::id)
        .into_boxed()
        .filter(integers::id.eq(number));
    for _ in 0..kind {
        query = query.or_filter(integers::id.eq(number));
    }
    query.get_result(conn).await
}

fn integers(database: &Database) {
    database.run("CREATE TABLE public.integers AS SELECT generate_series(0::int8, 100) AS id");
}

async fn connect(database: &Database) -> PostgresConnection {
    PostgresConnection::establish(database.url()).await.unwrap()
}

/// A query with a text of its own for each `kind`.
async fn number(conn: &mut PostgresConnection, kind: usize, value: i64) -> QueryResult<i64> {
    let found = diesel::sql_query(format!("SELECT $1 + {kind} - {kind} AS number")).bind::<BigInt, _>(value);
    found.get_result::<Number>(conn).await.map(|found| found.number)
}

/// How many statements the server has, but for the one that asks.
async fn on_the_server(conn: &mut PostgresConnection) -> i64 {
    let sql = "SELECT count(*) AS number FROM pg_prepared_statements WHERE statement !~ 'pg_prepared'";
    let found: Number = diesel::sql_query(sql).get_result(conn).await.unwrap();
    found.number
}

#[tokio::test]
async fn a_statement_is_prepared_when_it_comes_a_second_time() {
    let database = Server::shared().database();
    integers(&database);
    let mut conn = connect(&database).await;
    assert_eq!(typed(&mut conn, 1, 10).await, Ok(10));
    assert_eq!(on_the_server(&mut conn).await, 0);
    for round in 0..3 {
        assert_eq!(typed(&mut conn, 1, round).await, Ok(round));
        assert_eq!(on_the_server(&mut conn).await, 1);
    }
    assert_eq!(typed(&mut conn, 2, 20).await, Ok(20));
    assert_eq!(on_the_server(&mut conn).await, 1);
}

#[tokio::test]
async fn what_makes_room_is_closed_on_the_server() {
    let database = Server::shared().database();
    integers(&database);
    let mut conn = connect(&database).await;
    conn.limit_statements(10);
    for round in 0..5 {
        for kind in 0..40 {
            for _ in 0..2 {
                assert_eq!(typed(&mut conn, kind, round).await, Ok(round));
            }
            // One more than is kept: the one that made room last is closed with the next statement.
            let most = on_the_server(&mut conn).await;
            assert!(most <= 11, "{most} statements in round {round}");
        }
    }
    assert!(on_the_server(&mut conn).await >= 5);
    conn.limit_statements(0);
    for _ in 0..3 {
        assert_eq!(typed(&mut conn, 1, 1).await, Ok(1));
        assert_eq!(on_the_server(&mut conn).await, 0);
    }
}

/// Polls a future a few times, and gives it up.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        // The answer comes in between, or some of it.
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    None
}

#[tokio::test]
async fn after_a_future_was_given_up_anywhere_the_next_statement_gets_its_own_answer() {
    let database = Server::shared().database();
    integers(&database);
    let mut conn = connect(&database).await;
    let (mut finished, mut given_up) = (0, 0);
    for round in 0..200_i64 {
        let polls = round as usize % 5;
        let outcome = match round % 4 {
            0 => give_up_after(polls, typed(&mut conn, 1, 3)).await.map(drop),
            1 => {
                let many = diesel::sql_query("SELECT generate_series(1::int8, 20000) AS number");
                give_up_after(polls, many.load::<Number>(&mut conn)).await.map(drop)
            }
            2 => give_up_after(polls, conn.batch_execute("SELECT 1; SELECT pg_sleep(0.001); SELECT 2"))
                .await
                .map(drop),
            _ => {
                let fails = diesel::sql_query("SELECT (1 / 0)::int8 AS number");
                give_up_after(polls, fails.load::<Number>(&mut conn)).await.map(drop)
            }
        };
        match outcome {
            Some(()) => finished += 1,
            None => given_up += 1,
        }
        assert_eq!(number(&mut conn, 1 + polls, round).await, Ok(round));
    }
    assert!(
        finished > 20 && given_up > 20,
        "{finished} finished, {given_up} given up"
    );
}

#[tokio::test]
async fn rows_that_nobody_reads_to_the_end_are_in_nobodys_way() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    for taken in [0, 1, 7, 5000] {
        let series = diesel::sql_query("SELECT generate_series(1::int8, 100000) AS number");
        let rows = series.load_stream::<Number>(&mut conn).await.unwrap();
        let some: Vec<i64> = rows.take(taken).map(|row| row.unwrap().number).collect().await;
        assert_eq!(some, (1..=taken as i64).collect::<Vec<_>>());
        assert_eq!(number(&mut conn, 0, 5).await, Ok(5));
    }
}

#[tokio::test]
async fn queries_side_by_side_each_get_their_own_answer_also_when_one_fails_or_is_given_up() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    for round in 0..20 {
        let shared = &conn;
        let ask = |value: i64| async move {
            let mut connection = shared;
            let kind = value % 7;
            if kind == 3 {
                let fails = diesel::sql_query("SELECT (1 / 0)::int8 AS number");
                let error = fails.get_result::<Number>(&mut connection).await.unwrap_err();
                return error.to_string().parse().unwrap_or(-1);
            }
            let sql = format!("SELECT $1 + {kind} - {kind} AS number");
            let found = diesel::sql_query(sql).bind::<BigInt, _>(value);
            found.get_result::<Number>(&mut connection).await.unwrap().number
        };
        let abandoned = async {
            give_up_after(round % 4, ask(1_000_000)).await;
        };
        let (found, ()) = join!(join_all((0..50).map(ask)), abandoned);
        let expected: Vec<i64> = (0..50).map(|value| if value % 7 == 3 { -1 } else { value }).collect();
        assert_eq!(found, expected);
    }
    assert_eq!(number(&mut conn, 0, 5).await, Ok(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_side_by_side_in_several_tasks_wake_each_other() {
    let database = Server::shared().database();
    let conn = std::sync::Arc::new(connect(&database).await);
    let tasks = (0..8_i64).map(|task| {
        let conn = std::sync::Arc::clone(&conn);
        tokio::spawn(async move {
            for round in 0..300 {
                let mut shared = &*conn;
                let value = task * 1000 + round;
                let found = diesel::sql_query("SELECT $1 AS number").bind::<BigInt, _>(value);
                if round % 10 == task {
                    give_up_after(1, found.get_result::<Number>(&mut shared)).await;
                } else {
                    assert_eq!(found.get_result::<Number>(&mut shared).await.unwrap().number, value);
                }
            }
        })
    });
    let all = join_all(tasks);
    for task in tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("a task was not woken")
    {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_last_and_then_waits_for_another_keeps_nobody_asleep() {
    let database = Server::shared().database();
    let conn = std::sync::Arc::new(connect(&database).await);
    let (tell, told) = tokio::sync::oneshot::channel();
    let first = std::sync::Arc::clone(&conn);
    let asked_first = tokio::spawn(async move {
        let mut shared = &*first;
        let slow = diesel::sql_query("SELECT 1::int8 AS number FROM pg_sleep(0.3)");
        tell.send(slow.get_result::<Number>(&mut shared).await).unwrap();
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked_last = tokio::spawn(async move {
        let mut shared = &*conn;
        let mut number = pin!(diesel::sql_query("SELECT 2::int8 AS number").get_result::<Number>(&mut shared));
        let is_pending = std::future::poll_fn(|context| Poll::Ready(number.as_mut().poll(context).is_pending())).await;
        assert!(is_pending);
        // It is the one that the socket would wake, and asks nothing until the first one has its answer.
        let first = told.await.unwrap();
        (first.unwrap().number, number.await.unwrap().number)
    });
    let numbers = tokio::time::timeout(Duration::from_secs(10), asked_last).await;
    assert_eq!(numbers.expect("nobody was woken").unwrap(), (1, 2));
    asked_first.await.unwrap();
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

#[tokio::test]
async fn more_than_the_sockets_hold_goes_both_ways_at_once() {
    let database = Server::shared().database();
    let conn = connect(&database).await;
    let shared = &conn;
    let echo = |number: usize| async move {
        let mut connection = shared;
        let bytes = vec![number as u8; 1 << 20];
        let found = diesel::sql_query("SELECT $1 AS bytes").bind::<Binary, _>(&bytes);
        let found: Bytes = found.get_result(&mut connection).await.unwrap();
        assert!(found.bytes == bytes);
    };
    tokio::time::timeout(Duration::from_secs(60), join_all((0..40).map(echo)))
        .await
        .expect("both sides wait for each other");
}

#[tokio::test]
async fn rows_to_copy_are_refused_and_no_answer_is_taken_for_anothers() {
    let database = Server::shared().database();
    database
        .run("CREATE TABLE public.numbers (number int); CREATE VIEW public.few AS SELECT number FROM public.numbers");
    let mut conn = connect(&database).await;
    for sql in [
        "COPY public.numbers FROM STDIN",
        "COPY public.numbers FROM STDIN; SELECT 1",
        "COPY public.few FROM STDIN",
    ] {
        let error = conn.batch_execute(sql).await.unwrap_err().to_string();
        assert!(error.contains("FROM STDIN") || error.contains("view"), "{error}");
        assert_eq!(number(&mut conn, 0, 5).await, Ok(5));
    }
    // By the other protocol nobody knows how many answers there will be.
    for table in ["numbers", "few"] {
        let mut conn = connect(&database).await;
        let copy = diesel::sql_query(format!("COPY public.{table} FROM STDIN"));
        let error = copy.execute(&mut conn).await.unwrap_err().to_string();
        assert!(error.contains("FROM STDIN"), "{error}");
        assert!(conn.is_closed());
        assert!(number(&mut conn, 0, 5).await.is_err());
    }
    conn.batch_execute("COPY (SELECT generate_series(1, 1000)) TO STDOUT")
        .await
        .unwrap();
    let copied = diesel::sql_query("COPY (SELECT generate_series(1, 1000)) TO STDOUT");
    assert_eq!(copied.execute(&mut conn).await, Ok(1000));
    assert_eq!(number(&mut conn, 0, 6).await, Ok(6));
}

#[tokio::test]
async fn what_fails_when_its_values_are_bound_leaves_nothing_prepared() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.notes (text text NOT NULL)");
    diesel::table! { public.notes (text) { text -> Text } }
    let mut conn = connect(&database).await;
    for _ in 0..20 {
        let nul = notes::table.filter(notes::text.eq("\0")).count();
        let error = nul.get_result::<i64>(&mut conn).await.unwrap_err();
        assert!(error.to_string().contains("invalid byte sequence"), "{error}");
        let most = on_the_server(&mut conn).await;
        assert!(most <= 1, "{most} statements");
    }
    let one = notes::table.filter(notes::text.eq("one")).count();
    assert_eq!(one.get_result::<i64>(&mut conn).await, Ok(0));
}

#[tokio::test]
async fn inside_of_a_pipelined_transaction_nothing_is_sent_a_second_time() {
    let database = Server::shared().database();
    integers(&database);
    let mut conn = connect(&database).await;
    let insert = || {
        diesel::insert_into(integers::table)
            .values(integers::id.eq(1000))
            .returning(integers::id)
    };
    for turn in ["ROLLBACK", "COMMIT"] {
        for _ in 0..2 {
            insert().get_result::<i64>(&mut conn).await.unwrap();
        }
        let before = database.values("SELECT count(*) FROM public.integers");
        // The plan of the statement is outdated.
        database.run("ALTER TABLE public.integers ALTER id TYPE int4; ALTER TABLE public.integers ALTER id TYPE int8");
        diesel::sql_query("SELECT 1").execute(&mut conn).await.unwrap();
        database.run("ALTER TABLE public.integers ALTER id TYPE numeric");
        let shared = &conn;
        let (mut one, mut two, mut three) = (shared, shared, shared);
        let outcome = join!(
            async { one.batch_execute("BEGIN").await },
            async { insert().get_result::<i64>(&mut two).await },
            async { three.batch_execute(turn).await },
        );
        assert!(outcome.1.is_err(), "{outcome:?}");
        database.run("ALTER TABLE public.integers ALTER id TYPE int8");
        assert_eq!(database.values("SELECT count(*) FROM public.integers"), before);
    }
}

#[tokio::test]
async fn bad_input_is_an_error_before_anything_is_sent() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    let nul = diesel::sql_query("SELECT '\0'").execute(&mut conn).await.unwrap_err();
    assert!(is_unsendable(&nul), "{nul:?}");
    let nul = conn.batch_execute("SELECT '\0'").await.unwrap_err();
    assert!(is_unsendable(&nul), "{nul:?}");
    let mut many = diesel::sql_query("SELECT 1").into_boxed();
    for _ in 0..70_000 {
        many = many.bind::<Integer, _>(1);
    }
    let error = many.execute(&mut conn).await.unwrap_err();
    assert!(is_unsendable(&error), "{error:?}");
    assert_eq!(number(&mut conn, 0, 5).await, Ok(5));
}

/// As Diesel's other connections call what the protocol has no form for.
fn is_unsendable(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _))
}

async fn pid(conn: &mut PostgresConnection) -> i64 {
    let pid: QueryResult<Number> = diesel::sql_query("SELECT pg_backend_pid()::int8 AS number")
        .get_result(conn)
        .await;
    pid.unwrap().number
}

#[tokio::test]
async fn a_session_that_the_server_ends_says_why() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    let pid = pid(&mut conn).await;
    assert!(!conn.is_closed());
    database.run(&format!("SELECT pg_terminate_backend({pid})"));
    let error = number(&mut conn, 0, 5).await.unwrap_err().to_string();
    assert!(error.contains("terminating connection"), "{error}");
    assert!(conn.is_closed());
    let error = number(&mut conn, 0, 5).await.unwrap_err();
    assert!(error.to_string().contains("clos"), "{error}");
}

#[tokio::test]
async fn an_idle_session_that_has_ended_is_noticed_without_asking() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    let pid = pid(&mut conn).await;
    database.run(&format!("SELECT pg_terminate_backend({pid})"));
    for _ in 0..500 {
        if conn.is_closed() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection seems well");
}

#[tokio::test]
async fn a_future_that_is_never_polled_sends_nothing() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.numbers (number int)");
    let mut conn = connect(&database).await;
    drop(diesel::sql_query("INSERT INTO public.numbers VALUES (1)").execute(&mut conn));
    let count: Number = diesel::sql_query("SELECT count(*) AS number FROM public.numbers")
        .get_result(&mut conn)
        .await
        .unwrap();
    assert_eq!(count.number, 0);
}

#[tokio::test]
async fn notifications_arrive_between_answers_and_while_nothing_is_asked() {
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    conn.batch_execute("LISTEN news").await.unwrap();
    database.run("NOTIFY news, 'one'");
    assert_eq!(number(&mut conn, 0, 5).await, Ok(5));
    database.run("NOTIFY news, 'two'");
    let mut news = pin!(conn.notifications_stream());
    for expected in ["one", "two"] {
        let notification = tokio::time::timeout(Duration::from_secs(10), news.next()).await;
        assert_eq!(notification.unwrap().unwrap().unwrap().payload, expected);
    }
}

#[tokio::test]
async fn names_of_columns_are_found() {
    #[derive(QueryableByName, Debug, PartialEq)]
    struct Swapped {
        #[diesel(sql_type = Text)]
        second: String,
        #[diesel(sql_type = Text)]
        first: String,
    }
    let database = Server::shared().database();
    let mut conn = connect(&database).await;
    for _ in 0..3 {
        let found: Swapped = diesel::sql_query("SELECT 'a' AS first, NULL::text AS none, 'b' AS second")
            .get_result(&mut conn)
            .await
            .unwrap();
        assert_eq!((&*found.first, &*found.second), ("a", "b"));
    }
}
