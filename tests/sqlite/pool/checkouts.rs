use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{CheckoutError, SchemaName, SchemaTranslateMap, SqliteFolder, TenantPool, TranslateDsl};
use diesel_tenants_test_support::chain;

use super::store::{Store, prices};
use crate::tables::{items, orders, users};

#[tokio::test]
async fn a_tenants_table_without_a_tenant_is_an_error_before_anything_is_sent() {
    let store = Store::new().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    let error = items::table.count().get_result::<i64>(&mut conn).await.unwrap_err();
    assert!(error.to_string().contains("items"), "{error}");
    assert_eq!(users::table.count().get_result::<i64>(&mut conn).await, Ok(1));
    // Nor does a name that the translator can't see reach anything.
    let hidden = conn.batch_execute("SELECT * FROM client1.items").await;
    assert!(hidden.is_err(), "no tenant's file is attached");
}

#[tokio::test]
async fn another_tenants_file_is_not_attached_unless_the_query_says_so() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let written_out = diesel::sql_query("SELECT price FROM client2.items")
        .execute(&mut conn)
        .await;
    assert!(
        written_out
            .unwrap_err()
            .to_string()
            .contains("no such table: client2.items")
    );
    let theirs: Vec<i32> = items::table
        .select(items::price)
        .in_schema("client2")
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(theirs, [1000]);
    drop(conn);
    // The connection that has both files is not handed out again.
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let written_out = diesel::sql_query("SELECT price FROM client2.items")
        .execute(&mut conn)
        .await;
    assert!(written_out.is_err());
}

#[tokio::test]
async fn unknown_suspended_and_impossible_tenants_are_errors_and_make_no_file() {
    let store = Store::new().await;
    let before = std::fs::read_dir(store.folder.path()).unwrap().count();
    for name in ["client3", "..", "a/b", "con", "ä"] {
        let error = store.pool.for_tenant(name).get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{name}: {error}");
    }
    for name in ["public", "main", "temp", "Client1", "", "a\0b"] {
        let error = store.pool.for_tenant(name).get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{name}: {error}");
    }
    assert_eq!(std::fs::read_dir(store.folder.path()).unwrap().count(), before);
    store.pool.suspend_tenant("client1").await.unwrap();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    store.pool.resume_tenant("client1").await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn what_is_left_on_a_connection_costs_the_connection() {
    let store = Store::new().await;
    for left in [
        "CREATE TEMP TABLE left_here (id)",
        "PRAGMA foreign_keys = OFF",
        "BEGIN",
        "ATTACH ':memory:' AS left_here",
    ] {
        drop(store.pool.for_tenant("client1").get().await.unwrap());
        let before = store.pool.status().available;
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let sent = conn.batch_execute(left).await;
        drop(conn);
        let free = store.pool.status().available;
        assert!(
            sent.is_err() || free == before - 1,
            "{left}: {free} connections are free"
        );
        // Others get a clean one.
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let clean = diesel::sql_query("SELECT * FROM temp.left_here")
            .execute(&mut conn)
            .await;
        assert!(clean.is_err(), "{left}");
        drop(conn);
    }
}

#[tokio::test]
async fn connections_are_kept_by_tenant_and_bounded() {
    let store = Store::with(|builder| builder.max_idle(1)).await;
    for _ in 0..3 {
        assert_eq!(prices(&store.pool, "client1").await, [5000]);
        assert_eq!(prices(&store.pool, "client2").await, [1000]);
    }
    assert_eq!(store.pool.status().available, 1);
}

#[tokio::test]
async fn a_checkout_waits_for_a_connection_and_says_so_if_none_comes_back() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_millis(50))).await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let error = store.pool.for_tenant("client2").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Exhausted { max_size: 1, .. }), "{error}");
    drop(held);
    assert_eq!(prices(&store.pool, "client2").await, [1000]);
    store.pool.close();
    let error = store.pool.for_tenant("client2").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn two_writers_of_one_tenant_queue_and_other_tenants_do_not_wait() {
    let store = Store::new().await;
    let mut first = store.pool.for_tenant("client1").get().await.unwrap();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (end, may_end) = tokio::sync::oneshot::channel::<()>();
    let writer = tokio::spawn(async move {
        first
            .transaction::<_, diesel::result::Error, _>(async |conn| {
                diesel::update(items::table)
                    .set(items::price.eq(1))
                    .execute(conn)
                    .await?;
                begun.send(()).unwrap();
                may_end.await.unwrap();
                diesel::update(items::table)
                    .set(items::price.eq(items::price + 1))
                    .execute(conn)
                    .await
            })
            .await
    });
    has_begun.await.unwrap();
    // Readers, and writers of another tenant, don't wait.
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
    let mut other = store.pool.for_tenant("client2").get().await.unwrap();
    let written = other.transaction::<_, diesel::result::Error, _>(async |conn| {
        diesel::update(items::table).set(items::price.eq(7)).execute(conn).await
    });
    written.await.unwrap();
    let pool = store.pool.clone();
    let second = tokio::spawn(async move {
        let mut conn = pool.for_tenant("client1").get().await.unwrap();
        conn.transaction::<_, diesel::result::Error, _>(async |conn| {
            let price: i32 = items::table.select(items::price).first(conn).await?;
            diesel::update(items::table)
                .set(items::price.eq(price * 10))
                .execute(conn)
                .await
        })
        .await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    end.send(()).unwrap();
    writer.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [20]);
}

#[tokio::test]
async fn a_statement_that_was_given_up_counts_as_in_use_until_it_ends() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_millis(20))).await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT max(i) FROM n";
    let query = diesel::sql_query(slow).execute(&mut conn);
    assert!(tokio::time::timeout(Duration::from_millis(20), query).await.is_err());
    drop(conn);
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Exhausted { .. }), "{error}");
    let mut attempts = 0..1_000;
    while store.pool.for_tenant("client1").get().await.is_err() {
        assert!(attempts.next().is_some(), "the statement has ended long since");
    }
}

#[tokio::test]
async fn a_read_only_checkout_can_not_write() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").read_only().get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(1));
    let written = diesel::delete(items::table).execute(&mut conn).await;
    assert!(written.unwrap_err().to_string().contains("readonly"));
    drop(conn);
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(diesel::delete(items::table).execute(&mut conn).await, Ok(1));
}

#[tokio::test]
async fn a_map_leads_to_a_tenant_and_a_symbolic_schema_stands_for_it() {
    diesel::table! { tenant.prices (id) { id -> BigInt } }
    let store = Store::with(|builder| builder.symbolic_schema("tenant")).await;
    let map = SchemaTranslateMap::tenant("client2".parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    assert_eq!(
        items::table.select(items::price).load::<i32>(&mut conn).await,
        Ok(vec![1000])
    );
    drop(conn);
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("CREATE TABLE tenant.prices (id INTEGER PRIMARY KEY)")
        .await
        .unwrap();
    assert_eq!(prices::table.count().get_result::<i64>(&mut conn).await, Ok(0));
    let error = store.pool.for_tenant("tenant").get().await.unwrap_err();
    assert!(chain(&error).contains("symbolic_schema"), "{error}");
}

#[tokio::test]
async fn a_map_with_several_schemas_reaches_their_files_and_no_later_checkout_does() {
    mod billing {
        diesel::table! { billing.items (id) { id -> BigInt, price -> Integer } }
    }
    let store = Store::new().await;
    let names = ["client1", "client2", "client3"].map(|name| name.parse().unwrap());
    let [client1, client2, client3]: [diesel_tenants::SchemaName; 3] = names;
    let map = SchemaTranslateMap::tenant(client1.clone()).with("billing", client2);
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    let own: i32 = items::table.select(items::price).first(&mut conn).await.unwrap();
    let theirs: i32 = billing::items::table
        .select(billing::items::price)
        .first(&mut conn)
        .await
        .unwrap();
    assert_eq!((own, theirs), (5000, 1000));
    drop(conn);
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let hidden = diesel::sql_query("SELECT price FROM client2.items")
        .execute(&mut conn)
        .await;
    assert!(hidden.is_err());
    let map = SchemaTranslateMap::tenant(client1).with("billing", client3);
    let error = store.pool.with_map(map).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn a_dropped_future_leaves_a_clean_connection_or_none() {
    let store = Store::new().await;
    let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n";
    for wait in [0, 1, 5, 20] {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let query = diesel::sql_query(slow).execute(&mut conn);
        let _ = tokio::time::timeout(Duration::from_millis(wait), query).await;
        drop(conn);
        let others = prices(&store.pool, "client1");
        assert_eq!(
            tokio::time::timeout(Duration::from_secs(1), others).await.unwrap(),
            [5000]
        );
    }
    assert_eq!(
        orders::table
            .count()
            .get_result::<i64>(&mut store.pool.for_tenant("client1").get().await.unwrap())
            .await,
        Ok(0)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_query_does_not_follow_a_link_to_another_tenant() {
    let store = Store::new().await;
    let [file, link] = ["client2.db", "link.db"].map(|name| store.folder.path().join(name));
    std::os::unix::fs::symlink(file, link).unwrap();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let followed = items::table.count().in_schema("link");
    assert!(RunQueryDsl::get_result::<i64>(followed, &mut conn).await.is_err());
}

#[tokio::test]
async fn a_transaction_that_raw_sql_has_ended_runs_nothing_more() {
    let store = Store::new().await;
    for end in ["COMMIT", "/* done */ COMMIT", "-- done\nEND", ";ROLLBACK"] {
        for load in [false, true] {
            let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
            let ended = conn.transaction::<(), diesel::result::Error, _>(async |conn| {
                match load {
                    true => drop(diesel::sql_query(end).load::<Nothing>(conn).await?),
                    false => drop(diesel::sql_query(end).execute(conn).await?),
                }
                let more = diesel::delete(items::table).execute(conn).await;
                assert!(more.is_err(), "{end:?}: it would be committed at once");
                more.map(drop)
            });
            assert!(ended.await.is_err());
            drop(conn);
            assert_eq!(prices(&store.pool, "client1").await, [5000], "{end:?}");
        }
    }
}

#[derive(QueryableByName)]
struct Nothing {}

#[tokio::test]
async fn a_view_or_trigger_can_not_keep_the_name_of_a_schema() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for sql in [
        "CREATE VIEW cheap AS SELECT * FROM client1.items",
        "CREATE VIEW cheap AS SELECT client1.items.price FROM items",
        "CREATE TRIGGER sold AFTER INSERT ON orders BEGIN DELETE FROM items WHERE id IN (SELECT id FROM client1.items); END",
        "CREATE TRIGGER sold AFTER INSERT ON client1.orders BEGIN DELETE FROM items; END",
    ] {
        let error = conn.batch_execute(sql).await.unwrap_err();
        assert!(error.to_string().contains("can't name the schema `client1`"), "{error}");
    }
    conn.batch_execute(
        "CREATE VIEW client1.cheap AS SELECT * FROM items; \
         CREATE TRIGGER client1.sold AFTER INSERT ON orders BEGIN UPDATE items SET price = 0; END",
    )
    .await
    .unwrap();
    drop(conn);
    store.pool.rename_tenant("client1", "client9").await.unwrap();
    let mut conn = store.pool.for_tenant("client9").get().await.unwrap();
    conn.batch_execute(
        "SELECT * FROM cheap; INSERT INTO orders VALUES (1, 1, 1, 1); ALTER TABLE orders RENAME TO old_orders",
    )
    .await
    .unwrap();
    drop(conn);
    assert_eq!(prices(&store.pool, "client9").await, [0]);
}

#[tokio::test]
async fn nothing_can_be_left_in_main() {
    let store = Store::new().await;
    for sql in [
        "CREATE TABLE main.left_here (id)",
        "CREATE VIEW main.left_here AS SELECT 1",
        "CREATE VIRTUAL TABLE \"MAIN\".left_here USING fts5(text)",
        "PRAGMA main.user_version = 1",
    ] {
        let mut conn = store.pool.shared().get().await.unwrap();
        let error = conn.batch_execute(sql).await.unwrap_err();
        assert!(error.to_string().contains("readonly"), "{sql}: {error}");
    }
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("CREATE TABLE own (id); INSERT INTO own VALUES (1); BEGIN IMMEDIATE; DROP TABLE own; COMMIT")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_share_of_no_connection_is_one_of_one() {
    let store = Store::with(|builder| builder.max_per_tenant(0).wait_timeout(Duration::from_millis(50))).await;
    store.pool.for_tenant("client1").get().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_map_does_not_follow_a_link_to_another_tenant() {
    let store = Store::new().await;
    let path = |name: &str| store.folder.path().join(name);
    std::os::unix::fs::symlink(path("client1.db"), path("client3.db")).unwrap();
    let [client2, client3]: [SchemaName; 2] = ["client2", "client3"].map(|name| name.parse().unwrap());
    let map = SchemaTranslateMap::tenant(client2).with("billing", client3);
    let error = store.pool.with_map(map).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[tokio::test]
async fn a_checkout_that_was_given_up_counts_as_in_use_until_its_file_was_opened() {
    let store = Store::new().await;
    let folder = SqliteFolder::new(store.folder.path());
    let pool = TenantPool::builder(folder).max_size(1).build().await.unwrap();
    let locks = std::fs::read_dir(store.folder.path().join(".locks")).unwrap();
    let moves = locks.map(|lock| lock.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("moves")
    });
    // As if a file were being renamed: whoever opens one waits.
    let held: Vec<_> = moves
        .map(|path| {
            let lock = std::fs::File::open(path).unwrap();
            lock.lock().unwrap();
            lock
        })
        .collect();
    assert!(!held.is_empty());
    let given_up = tokio::time::timeout(Duration::from_millis(50), pool.for_tenant("client1").get()).await;
    assert!(given_up.is_err());
    let status = pool.status();
    assert_eq!(status.size - status.available, 1, "{status:?}");
    drop(held);
    assert_eq!(prices(&pool, "client1").await, [5000]);
}
