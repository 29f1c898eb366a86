use std::sync::{Arc, Mutex};

use diesel::{connection::InstrumentationEvent, prelude::*, upsert::excluded};
use diesel_async::{AsyncConnection, RunQueryDsl, SaveChangesDsl, SimpleAsyncConnection};
use diesel_tenants::{TenantConnection, sqlite::AsyncSqliteConnection};
use futures_util::TryStreamExt;

use super::prices;
use crate::{
    files::Files,
    tables::{Item, items, orders, users},
};

type Line = (String, String, i32, i32);

async fn bill(conn: &mut TenantConnection<AsyncSqliteConnection>) -> Vec<Line> {
    users::table
        .inner_join(orders::table.inner_join(items::table))
        .select((users::name, items::description, items::price, orders::quantity))
        .load(conn)
        .await
        .unwrap()
}

#[tokio::test]
async fn typed_queries_of_two_tenants_interleave() {
    let files = Files::new();
    let (one, two) = (&mut files.tenant("client1").await, &mut files.tenant("client2").await);
    for _ in 0..3 {
        assert_eq!(bill(one).await, [("Ada".into(), "item of client1".into(), 1, 10)]);
        assert_eq!(bill(two).await, [("Ada".into(), "item of client2".into(), 2, 20)]);
    }
    let (a, b) = tokio::join!(bill(one), bill(two));
    assert_eq!((a[0].2, b[0].2), (1, 2));
}

#[tokio::test]
async fn rows_are_changed_and_returned() {
    let conn = &mut Files::new().tenant("client1").await;
    let inserted: Item = diesel::insert_into(items::table)
        .values((items::description.eq("new"), items::price.eq(3)))
        .returning(Item::as_returning())
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(inserted, Item::new(2, "new", 3));
    let upserted = diesel::insert_into(items::table)
        .values(Item::new(2, "newer", 4))
        .on_conflict(items::id)
        .do_update()
        .set(items::price.eq(excluded(items::price)));
    assert_eq!(upserted.execute(conn).await.unwrap(), 1);
    let saved: Item = Item::new(2, "saved", 5).save_changes(conn).await.unwrap();
    assert_eq!(saved, Item::new(2, "saved", 5));
    assert_eq!(diesel::delete(items::table.find(2)).execute(conn).await.unwrap(), 1);
    assert_eq!(prices(conn).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_long_result_comes_in_order_and_whole() {
    let conn = &mut Files::new().tenant("client1").await;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                INSERT INTO items SELECT i, 'item ' || i, i FROM n";
    assert_eq!(diesel::sql_query(fill).execute(conn).await.unwrap(), 4999);
    assert_eq!(prices(conn).await.unwrap(), (1..=5000).collect::<Vec<_>>());
    for length in [0, 1, 255, 256, 257, 511, 512, 513] {
        let ids = items::table.select(items::id).order(items::id).limit(length);
        let stream = ids.load_stream::<i64>(conn).await.unwrap();
        assert_eq!(
            stream.try_collect::<Vec<_>>().await.unwrap(),
            (1..=length).collect::<Vec<_>>()
        );
    }
    // An error behind the first rows ends the result.
    let fails =
        "SELECT abs(CASE id WHEN 1000 THEN -9223372036854775807 - 1 ELSE id END) AS number FROM items ORDER BY id";
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let mut stream = diesel::sql_query(fails).load_stream::<Number>(conn).await.unwrap();
    for expected in 1..1000 {
        assert_eq!(stream.try_next().await.unwrap().unwrap().number, expected);
    }
    assert!(
        stream
            .try_next()
            .await
            .err()
            .unwrap()
            .to_string()
            .contains("integer overflow")
    );
    drop(stream);
    assert_eq!(prices(conn).await.unwrap().len(), 5000);
}

#[tokio::test]
async fn tables_change_while_statements_are_kept() {
    let files = Files::new();
    let (one, other) = (&mut files.tenant("client1").await, &mut files.tenant("client1").await);
    assert_eq!(prices(one).await.unwrap(), [1]);
    other
        .batch_execute("ALTER TABLE items RENAME TO old; CREATE TABLE items (price INTEGER, id INTEGER PRIMARY KEY); INSERT INTO items VALUES (77, 1)")
        .await
        .unwrap();
    assert_eq!(prices(one).await.unwrap(), [77]);
    other.batch_execute("DROP TABLE items").await.unwrap();
    assert_eq!(
        prices(one).await.unwrap_err().to_string(),
        "no such table: client1.items"
    );
}

#[tokio::test]
async fn more_statements_than_are_kept_give_the_right_rows() {
    let conn = &mut Files::new().tenant("client1").await;
    for round in 0..2 {
        for number in 0..300 {
            let sql = format!("SELECT price + {number} AS price FROM items");
            let price = diesel::dsl::sql::<diesel::sql_types::Integer>(&sql);
            let price = Prices(price).get_result::<i32>(conn).await.unwrap();
            assert_eq!(price, number + 1, "round {round}");
        }
    }
    conn.set_prepared_statement_cache_size(diesel::connection::CacheSize::Disabled);
    assert_eq!(prices(conn).await.unwrap(), [1]);
}

/// A query of raw SQL that may be kept.
#[derive(diesel::query_builder::QueryId)]
struct Prices(diesel::expression::SqlLiteral<diesel::sql_types::Integer>);

impl diesel::query_builder::Query for Prices {
    type SqlType = diesel::sql_types::Integer;
}

impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for Prices {
    fn walk_ast<'b>(
        &'b self,
        mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
    ) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())
    }
}

#[tokio::test]
async fn the_instrumentation_sees_queries_in_order() {
    let conn = &mut Files::new().tenant("client1").await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let text = match event {
            InstrumentationEvent::StartQuery { query, .. } => format!("start {query}"),
            InstrumentationEvent::FinishQuery { error, .. } => format!("finish {}", error.is_none()),
            InstrumentationEvent::BeginTransaction { depth, .. } => format!("begin {depth}"),
            InstrumentationEvent::CommitTransaction { depth, .. } => format!("commit {depth}"),
            _ => "other".into(),
        };
        log.lock().unwrap().push(text);
    });
    conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        diesel::update(items::table.find(1))
            .set(items::price.eq(7))
            .execute(conn)
            .await
    })
    .await
    .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "begin 1",
            "start UPDATE \"client1\".`items` SET `price` = ? WHERE (`items`.`id` = ?) -- binds: [7, 1]",
            "finish true",
            "commit 1"
        ]
    );
}

#[tokio::test]
async fn a_connection_to_one_file_needs_no_translation() {
    let files = Files::new();
    let path = files.path("client2");
    let mut conn = AsyncSqliteConnection::establish(path.to_str().unwrap()).await.unwrap();
    assert_eq!(
        items::table.select(items::price).load::<i32>(&mut conn).await.unwrap(),
        [2]
    );
    assert!(
        AsyncSqliteConnection::establish("/no/such/folder/file.db")
            .await
            .is_err()
    );
    let mut memory = AsyncSqliteConnection::establish(":memory:").await.unwrap();
    memory.batch_execute("CREATE TABLE orders (id)").await.unwrap();
    assert_eq!(orders::table.count().get_result::<i64>(&mut memory).await.unwrap(), 0);
}

#[test]
fn no_runtime_is_needed() {
    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let files = Files::new();
    let mut work = std::pin::pin!(async {
        let conn = &mut files.tenant("client1").await;
        conn.transaction::<_, diesel::result::Error, _>(async |conn| prices(conn).await)
            .await
    });
    let prices = loop {
        match work.as_mut().poll(&mut context) {
            std::task::Poll::Ready(prices) => break prices,
            std::task::Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!(prices.unwrap(), [1]);
}

#[tokio::test]
async fn an_expression_as_deep_as_sqlite_allows_fits_on_the_threads_stack() {
    let conn = &mut Files::new().tenant("client1").await;
    let condition = vec!["price = 7"; 990].join(" OR ");
    let sql = format!("UPDATE items SET price = 8 WHERE {condition}");
    assert_eq!(diesel::sql_query(sql).execute(conn).await.unwrap(), 0);
    let nested = format!(
        "UPDATE items SET price = 8 WHERE price = {}7{}",
        "abs(".repeat(90),
        ")".repeat(90)
    );
    assert_eq!(diesel::sql_query(nested).execute(conn).await.unwrap(), 0);
}
