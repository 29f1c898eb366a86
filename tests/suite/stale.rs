//! What a connection keeps prepared may be other by now: it heals by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::Checkout;
use diesel_tenants_test_support::{Server, chain};
use futures_util::{TryStreamExt, try_join};

use crate::{
    migrations::Folder,
    schema::{items, orders},
    store::Store,
};

const STALE: &str = "cached plan must not change result type";

async fn descriptions(conn: &mut Checkout) -> QueryResult<Vec<String>> {
    let all = items::table.filter(items::price.gt(0)).order(items::id);
    all.select(items::description).load(conn).await
}

/// Has the connection prepare the query, which it does the second time.
async fn prepared(conn: &mut Checkout) {
    for _ in 0..2 {
        descriptions(conn).await.unwrap();
    }
}

/// Has the server refuse the plans that a connection has of this query; back and forth, so that it does each time.
fn change_type(store: &Store, round: usize) {
    let kind = if round.is_multiple_of(2) { "varchar(50)" } else { "text" };
    for tenant in ["client1", "client2"] {
        store
            .database
            .run(&format!("ALTER TABLE {tenant}.items ALTER description TYPE {kind}"));
    }
}

#[tokio::test]
async fn a_plan_that_is_outdated_is_made_anew_unseen() {
    let store = Store::on_one_connection().await;
    let expected = || Ok(vec!["client1 Tesla".to_owned(), "client1 Huawei".to_owned()]);
    for round in 0..4 {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        for _ in 0..2 {
            assert_eq!(descriptions(&mut conn).await, expected());
        }
        change_type(&store, round);
        // Some meet it on the connection of before, some on one that comes from the pool.
        if round % 2 == 0 {
            drop(conn);
            conn = store.pool.for_tenant("client1").get().await.unwrap();
        }
        for _ in 0..2 {
            assert_eq!(descriptions(&mut conn).await, expected(), "round {round}");
        }
    }
}

#[tokio::test]
async fn streams_pipelines_counts_and_single_rows_heal_as_well() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let find = |id: i32| items::table.find(id).select(items::description);
    let gone = |id: i32| diesel::delete(items::table.filter(items::id.eq(id)));
    for round in 0..3 {
        let one: String = find(1).get_result(&mut conn).await.unwrap();
        assert_eq!(one, "client1 Tesla");
        let stream = items::table.find(2).select((items::id, items::description));
        let rows: Vec<(i32, String)> = stream
            .load_stream(&mut conn)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(rows, [(2, "client1 Huawei".to_owned())]);
        let returned = gone(9)
            .returning(items::description)
            .get_results::<String>(&mut conn)
            .await;
        assert_eq!(returned, Ok(Vec::new()));
        assert_eq!(gone(8).execute(&mut conn).await, Ok(0));
        {
            let conn = &*conn;
            let (one, two) = try_join!(
                find(1).get_result::<String>(&mut &*conn),
                items::table
                    .order(items::id.desc())
                    .select(items::description)
                    .first::<String>(&mut &*conn)
            )
            .unwrap();
            assert_eq!((one.as_str(), two.as_str()), ("client1 Tesla", "client1 Huawei"));
        }
        change_type(&store, round);
        conn = {
            drop(conn);
            store.pool.for_tenant("client1").get().await.unwrap()
        };
    }
}

#[tokio::test]
async fn inside_of_a_transaction_it_is_one_error_and_the_connection_is_well_afterwards() {
    let server = Server::builder().start().unwrap();
    let store = Store::on(&server, |builder| builder.max_size(1)).await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for round in 0..2 {
        prepared(&mut conn).await;
        change_type(&store, round);
        let error = conn
            .transaction(async |conn| {
                items::table
                    .filter(items::price.gt(0))
                    .order(items::id)
                    .select(items::description)
                    .load::<String>(conn)
                    .await
            })
            .await
            .unwrap_err();
        assert_eq!(chain(&error), STALE);
        let again = conn
            .transaction(async |conn| {
                items::table
                    .filter(items::price.gt(0))
                    .order(items::id)
                    .select(items::description)
                    .load::<String>(conn)
                    .await
            })
            .await;
        assert!(again.is_ok(), "{again:?}");
        drop(conn);
        assert_eq!(store.pool.status().size, 1, "the connection is kept");
        conn = store.pool.for_tenant("client1").get().await.unwrap();
    }
    let log = server.log();
    assert!(
        log.contains(STALE) && !log.contains("transaction is aborted"),
        "it was sent again: {log}"
    );
    // One that was begun by SQL, of which only the server knows.
    prepared(&mut conn).await;
    change_type(&store, 0);
    conn.batch_execute("BEGIN").await.unwrap();
    assert_eq!(chain(&descriptions(&mut conn).await.unwrap_err()), STALE);
    conn.batch_execute("ROLLBACK").await.unwrap();
    assert!(descriptions(&mut conn).await.is_ok());
}

#[tokio::test]
async fn statements_that_the_server_forgot_are_prepared_anew() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for forget in [
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
    ] {
        prepared(&mut conn).await;
        conn.batch_execute(forget).await.unwrap();
        for _ in 0..2 {
            assert_eq!(
                descriptions(&mut conn).await.map(|found| found.len()),
                Ok(2),
                "{forget}"
            );
        }
        drop(conn);
        conn = store.pool.for_tenant("client1").get().await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_that_failed_while_it_ran_is_not_sent_again() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let order = || {
        let no_such_item = (orders::user_id.eq(1), orders::item_id.eq(99), orders::quantity.eq(1));
        diesel::insert_into(orders::table).values(no_such_item)
    };
    // Each attempt takes a number, which no error gives back.
    let taken = || store.value("SELECT last_value FROM client1.orders_id_seq");
    let before: i32 = taken().parse().unwrap();
    assert!(order().execute(&mut conn).await.is_err());
    assert_eq!(taken(), (before + 1).to_string());
    assert!(
        order()
            .returning(orders::id)
            .get_result::<i32>(&mut conn)
            .await
            .is_err()
    );
    assert_eq!(taken(), (before + 2).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_migration_under_load_costs_no_request_an_error() {
    let store = Store::with(|builder| builder.max_size(6)).await;
    let tenants = ["client1", "client2"];
    let base = Folder::of(&[("001_base", "SELECT 1", "SELECT 1")]);
    for tenant in tenants {
        store.pool.migrate_tenant(tenant, base.migrations()).await.unwrap();
    }
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let requests: Vec<_> = (0..6)
        .map(|number| {
            let (pool, stop, served) = (store.pool.clone(), Arc::clone(&stop), Arc::clone(&served));
            tokio::spawn(async move {
                while !AtomicBool::load(&stop, SeqCst) {
                    let mut conn = pool
                        .for_tenant(tenants[number % 2])
                        .get()
                        .await
                        .map_err(|error| chain(&error))?;
                    let found = descriptions(&mut conn).await.map_err(|error| chain(&error))?;
                    if found.len() != 2 || !found[0].starts_with(tenants[number % 2]) {
                        return Err(format!("{found:?}"));
                    }
                    let counted: i64 = items::table
                        .count()
                        .get_result(&mut conn)
                        .await
                        .map_err(|error| chain(&error))?;
                    assert_eq!(counted, 2);
                    served.fetch_add(1, SeqCst);
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    let steps = [
        ("002_widen", "ALTER TABLE items ALTER description TYPE varchar(100)"),
        ("003_add", "ALTER TABLE items ADD COLUMN note text DEFAULT ''"),
        ("004_widen", "ALTER TABLE items ALTER description TYPE text"),
        ("005_rename", "ALTER TABLE items RENAME COLUMN note TO remark"),
        ("006_drop", "ALTER TABLE items DROP COLUMN remark"),
        (
            "007_price",
            "ALTER TABLE items ALTER price TYPE bigint; ALTER TABLE items ALTER price TYPE int",
        ),
    ];
    let mut done = vec![("001_base", "SELECT 1", "SELECT 1")];
    for (name, sql) in steps {
        done.push((name, sql, "SELECT 1"));
        let report = store
            .pool
            .migrate_tenants(Folder::of(&done).migrations())
            .run()
            .await
            .unwrap();
        assert!(report.is_success(), "{report:?}");
        let before = AtomicUsize::load(&served, SeqCst);
        while AtomicUsize::load(&served, SeqCst) < before + 24 && !requests.iter().any(|request| request.is_finished())
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    stop.store(true, SeqCst);
    for request in requests {
        assert_eq!(request.await.expect("no panic"), Ok(()));
    }
}

#[tokio::test]
async fn work_for_each_tenant_heals_too() {
    let store = Store::on_one_connection().await;
    for round in 0..3 {
        let counted = store
            .pool
            .each_tenant()
            .only(["client1", "client2"])
            .run(|mut conn| async move { descriptions(&mut conn).await })
            .await
            .unwrap();
        assert_eq!(counted.successes().count(), 2, "{counted:?}");
        change_type(&store, round);
    }
}

#[tokio::test]
async fn a_procedure_that_fails_after_it_committed_runs_once_whatever_its_message_says() {
    let store = Store::on_one_connection().await;
    store.database.run(
        "CREATE TABLE client1.runs (id serial PRIMARY KEY);
         CREATE PROCEDURE client1.run() LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO client1.runs DEFAULT VALUES; COMMIT; RAISE EXCEPTION 'what type is ??? of';
         END $$",
    );
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    for call in ["CALL client1.run()", "DO $$ BEGIN CALL client1.run(); END $$"] {
        let error = diesel::sql_query(call).execute(&mut conn).await.unwrap_err();
        assert_eq!(chain(&error), "what type is ??? of");
    }
    assert_eq!(store.database.values("SELECT count(*)::text FROM client1.runs"), ["2"]);
}
