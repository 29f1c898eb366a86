//! Every way to leave something on a session: the connection is closed, and the next tenant gets another.

use std::time::Duration;

use diesel::{
    connection::{CacheSize, Instrumentation, InstrumentationEvent},
    prelude::*,
    sql_types::{Integer, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{RefusedStatement, TenantConnection, TenantPool, migrations::NoMigrations};
use diesel_tenants_test_support::{Server, chain};

use crate::{
    migrations::Folder,
    schema::{items, orders},
    store::Store,
};

/// What the server keeps on the session when the checkout ends.
const LEAVES: &[&str] = &[
    // Settings.
    "SET work_mem = '1MB'",
    "SET SESSION work_mem = '1MB'",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET ROLE NONE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET TIME ZONE 'UTC'",
    // Settings whose classes are called like words of SET.
    "SET local.tenant = 'x'",
    "SET local /* own */ . tenant = 'x'",
    "SET transaction.tenant = 'x'",
    "SET constraints.tenant = 'x'",
    "SET session.tenant = 'x'",
    "RESET work_mem",
    "DISCARD PLANS",
    "SELECT set_config('work_mem', '1MB', false)",
    "SELECT pg_catalog.set_config('work_mem', '1MB', false)",
    "SELECT \"set_config\"('work_mem', '1MB', false)",
    "SELECT U&\"\\0073\\0065\\0074\\005f\\0063\\006f\\006e\\0066\\0069\\0067\"('work_mem', '1MB', false)",
    "SELECT * FROM set_config('work_mem', '1MB', false)",
    "COPY (SELECT set_config('work_mem', '1MB', false)) TO STDOUT",
    "UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
    "UPDATE pg_catalog.pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
    "UPDATE \"pg_settings\" AS s SET setting = '1MB' WHERE s.name = 'work_mem'",
    "UPDATE ONLY (PG_SETTINGS) SET setting = '1MB' WHERE name = 'work_mem'",
    "WITH w AS (SELECT 'work_mem' AS n) UPDATE pg_settings SET setting = '1MB' FROM w WHERE name = n",
    "EXPLAIN ANALYZE UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
    "EXPLAIN (ANALYZE) UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
    "PREPARE p AS UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
    "SELECT setseed(0.5)",
    "SELECT query_to_xml('SELECT set_config(''work_mem'', ''1MB'', false)', true, true, '')",
    "SELECT * FROM ts_stat('SELECT set_config(''work_mem'', ''1MB'', false)::tsvector')",
    // Objects of the session.
    "PREPARE p AS SELECT 1",
    "DEALLOCATE ALL",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "CREATE TEMP TABLE t (id int)",
    "CREATE TEMPORARY TABLE t (id int)",
    "CREATE LOCAL TEMP TABLE t (id int)",
    "CREATE TABLE pg_temp.t (id int)",
    "CREATE TEMP TABLE t AS SELECT 1 AS id",
    "SELECT 1 AS id INTO TEMP t",
    "SELECT 1 AS id INTO TEMP TABLE t",
    "SELECT 1 AS id INTO pg_temp.t",
    "CREATE TEMP VIEW v AS SELECT 1 AS id",
    "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS id",
    "CREATE VIEW pg_temp.v AS SELECT 1 AS id",
    "CREATE TEMP SEQUENCE s",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE pg_temp.e AS ENUM ('a')",
    "CREATE DOMAIN pg_temp.d AS int",
    "CREATE COLLATION IF NOT EXISTS pg_temp.c FROM \"C\"",
    "CREATE TEXT SEARCH CONFIGURATION pg_temp.x (COPY = simple)",
    // Listening, libraries, locks, and code that can do anything.
    "LISTEN news",
    "UNLISTEN *",
    "LOAD 'plpgsql'",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_catalog.pg_advisory_lock_shared(1, 2)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT \"pg_try_advisory_lock_shared\"(1)",
    // A function of one argument can be called as if it were a field.
    "SELECT (1::bigint).pg_advisory_lock",
    "SELECT ((0.5::float8)).setseed",
    "SELECT x.pg_advisory_lock FROM generate_series(1::bigint, 1) AS x",
    "SELECT (x).pg_try_advisory_lock FROM generate_series(1::bigint, 1) AS x",
    "SELECT (ARRAY[1::bigint])[1].\"pg_advisory_lock\"",
    "DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false); END $$",
    "CALL public.nothing()",
    "BEGIN",
    "START TRANSACTION",
];

/// What a session forgets by itself, or never had.
const LEAVE_NOTHING: &[&str] = &[
    "SELECT setting FROM pg_settings WHERE name = 'search_path'",
    "SELECT current_setting('search_path')",
    "SET LOCAL work_mem = '1MB'",
    "SET LOCAL local.tenant = 'x'",
    "SELECT pg_advisory_xact_lock(1)",
    "UPDATE items SET price = price WHERE id = 1",
    "SELECT lo_unlink(lo_create(0))",
    "NOTIFY news",
];

async fn pid(conn: &mut TenantConnection) -> i32 {
    let pid = diesel::dsl::sql::<Integer>("SELECT pg_backend_pid()");
    pid.get_result(conn).await.unwrap()
}

#[tokio::test]
async fn whatever_leaves_something_on_the_session_costs_the_connection() {
    let store = Store::on_one_connection().await;
    store
        .database
        .run("CREATE PROCEDURE public.nothing() LANGUAGE sql AS 'SELECT 1'");
    for sql in LEAVES {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let before = pid(&mut conn).await;
        // Whether the server could do it or not: some builds lack some.
        let _ = conn.batch_execute(sql).await;
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_ne!(pid(&mut conn).await, before, "{sql}");
    }
    for sql in LEAVE_NOTHING {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let before = pid(&mut conn).await;
        conn.batch_execute(sql).await.unwrap();
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_eq!(pid(&mut conn).await, before, "{sql}");
    }
}

#[tokio::test]
async fn a_search_path_written_to_pg_settings_leads_nobody_to_another_tenant() {
    let store = Store::on_one_connection().await;
    // A body that the translator can't see.
    store.database.run(
        "CREATE FUNCTION public.dearest() RETURNS text LANGUAGE plpgsql AS \
         'BEGIN RETURN (SELECT description FROM items ORDER BY price DESC LIMIT 1); END'",
    );
    for sql in [
        "UPDATE pg_settings SET setting = 'client1' WHERE name = 'search_path'",
        "UPDATE pg_catalog.pg_settings SET setting = 'client1' WHERE name = 'search_path'",
        "WITH w AS (SELECT 'search_path' AS n) UPDATE pg_settings SET setting = 'client1' FROM w WHERE name = n",
        "EXPLAIN ANALYZE UPDATE pg_settings SET setting = 'client1' WHERE name = 'search_path'",
    ] {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        // As text, and as a statement of Diesel's.
        diesel::sql_query(sql).execute(&mut conn).await.unwrap();
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        let answer = diesel::dsl::sql::<Text>("SELECT public.dearest()")
            .get_result::<String>(&mut conn)
            .await;
        let error = answer.expect_err(sql).to_string();
        assert!(error.contains("relation \"items\" does not exist"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_test_transaction_ends_with_its_checkout() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.begin_test_transaction().await.unwrap();
    let before = pid(&mut conn).await;
    diesel::delete(items::table.filter(items::id.eq(3)))
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_ne!(pid(&mut conn).await, before);
    let sold = diesel::update(items::table.filter(items::id.eq(1))).set(items::price.eq(7));
    assert_eq!(sold.execute(&mut conn).await, Ok(1));
    drop(conn);
    assert_eq!(store.value("SELECT price FROM client2.items WHERE id = 1"), "7");
}

#[tokio::test]
async fn a_test_keeps_its_checkout_for_as_long_as_its_test_transaction() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.begin_test_transaction().await.unwrap();
    diesel::delete(orders::table).execute(&mut conn).await.unwrap();
    assert_eq!(orders::table.count().get_result::<i64>(&mut conn).await, Ok(0));
    drop(conn);
    assert_eq!(store.value("SELECT count(*) FROM client1.orders"), "2");
}

struct Watcher;

impl Instrumentation for Watcher {
    fn on_connection_event(&mut self, _: InstrumentationEvent<'_>) {}
}

#[tokio::test]
async fn instrumentation_and_the_cache_of_statements_are_one_checkouts_own() {
    let store = Store::on_one_connection().await;
    let changes: [fn(&mut TenantConnection); 2] = [
        |conn| conn.set_instrumentation(Watcher),
        |conn| conn.set_prepared_statement_cache_size(CacheSize::Disabled),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let before = pid(&mut conn).await;
        change(&mut conn);
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_ne!(pid(&mut conn).await, before, "change {number}");
    }
}

#[tokio::test]
async fn an_answer_in_a_pipeline_says_nothing_of_a_query_given_up_behind_it() {
    use futures_util::poll;
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let pid = pid(&mut conn).await;
    let shared = &*conn;
    {
        let quick = diesel::dsl::sql::<Integer>("SELECT 1 FROM pg_sleep(0.5)");
        let slow = diesel::dsl::sql::<Integer>("SELECT 1 FROM pg_sleep(600)");
        let (mut one, mut two) = (shared, shared);
        let mut quick = Box::pin(quick.get_result::<i32>(&mut one));
        let mut slow = Box::pin(slow.get_result::<i32>(&mut two));
        let is_run = |seconds: &str| {
            let running = format!(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND query LIKE '%pg_sleep({seconds})%' \
                 AND wait_event = 'PgSleep'"
            );
            store.value(&running) == "1"
        };
        // The first answer is on its way, and nobody has read it yet, when the server is at the second query.
        while !is_run("0.5") {
            assert!(poll!(&mut quick).is_pending());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while !is_run("600") {
            assert!(poll!(&mut slow).is_pending());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(slow);
        assert_eq!(quick.await, Ok(1));
    }
    drop(conn);
    assert_eq!(store.pool.status().size, 0, "the connection is closed");
}

#[tokio::test]
async fn a_migration_that_writes_to_pg_settings_changes_nothing_for_the_next_tenant() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    for tenant in ["a", "b", "c"] {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    for (number, table) in ["pg_settings", "pg_catalog.pg_settings"].into_iter().enumerate() {
        let up = format!(
            "CREATE TABLE seen{number} AS SELECT current_setting('work_mem') AS value;
             UPDATE {table} SET setting = '77777' WHERE name = 'work_mem';"
        );
        let folder = Folder::of(&[
            ("001", "CREATE TABLE one (id int)", ""),
            (&format!("01{number}_two"), &up, ""),
        ]);
        let report = pool
            .migrate_tenants(folder.migrations())
            .workers(1)
            .run()
            .await
            .unwrap();
        assert_eq!(report.to_string(), "3 migrated");
        for tenant in ["a", "b", "c"] {
            let seen = database.values(&format!("SELECT value FROM {tenant}.seen{number}"));
            assert_ne!(seen, ["77777kB"], "{tenant} after {table}");
        }
    }
}

#[tokio::test]
async fn a_search_path_that_a_function_left_is_noticed_when_the_next_tenant_is_looked_up() {
    let store = Store::with(|builder| builder.max_size(1).schema_cache(100, std::time::Duration::ZERO)).await;
    store.database.run(
        "CREATE FUNCTION public.lead() RETURNS text LANGUAGE sql AS $$ SELECT set_config('search_path', 'client1', false) $$",
    );
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("SELECT public.lead()").await.unwrap();
    drop(conn);
    // PostgreSQL 18 tells of it, and the connection was closed when it came back.
    if let Err(error) = store.pool.for_tenant("client2").get().await {
        let message = chain(&error);
        assert!(message.contains("holds \"client1\""), "{message}");
    }
    // Nobody else meets that connection.
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    let path = diesel::dsl::sql::<Text>("SELECT current_setting('search_path')");
    assert_eq!(path.get_result::<String>(&mut conn).await.unwrap(), "");
}

/// Why nothing was sent.
fn refused(answer: QueryResult<impl std::fmt::Debug>) -> RefusedStatement {
    match answer {
        Err(diesel::result::Error::QueryBuilderError(error)) => *error.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_id_that_another_tenant_made_last_is_not_told() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    let insert = "INSERT INTO orders (user_id, item_id, quantity) VALUES (1, 1, 1)";
    conn.batch_execute(insert).await.unwrap();
    // By the sequence's name it is the tenant's own.
    let own = "SELECT currval('client1.orders_id_seq')";
    conn.batch_execute(own).await.unwrap();
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    for sql in [
        "SELECT lastval()",
        "INSERT INTO items VALUES (pg_catalog.lastval(), '', 1)",
    ] {
        let error = refused(conn.batch_execute(sql).await);
        assert!(matches!(error, RefusedStatement::LastValue { .. }), "{error:?}");
        let error = refused(diesel::sql_query(sql).execute(&mut conn).await);
        assert!(error.to_string().contains("use RETURNING, at 1:"), "{error}");
        let error = refused(diesel::sql_query(sql).execute(&mut &*conn).await);
        assert!(matches!(error, RefusedStatement::LastValue { .. }), "{error:?}");
    }
    // Nothing was sent.
    assert_eq!(pid(&mut conn).await, before);
}

#[tokio::test]
async fn rows_that_nobody_would_send_cost_the_next_tenant_no_connection() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    for sql in [
        "COPY items FROM STDIN",
        "COPY public.users (id, name) FROM stdin WITH (FORMAT csv)",
    ] {
        let error = refused(conn.batch_execute(sql).await);
        assert!(
            error.to_string().starts_with("Diesel can't run `COPY … FROM STDIN`"),
            "{error}"
        );
        let error = refused(diesel::sql_query(sql).execute(&mut conn).await);
        assert!(matches!(error, RefusedStatement::CopyFromStdin { .. }), "{error:?}");
    }
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(pid(&mut conn).await, before);
}

#[tokio::test]
async fn what_is_no_table_is_not_created_in_the_schema_of_extensions_that_all_tenants_share() {
    let store = Store::with(|builder| builder.extension_schemas(["extensions"])).await;
    store.database.run("CREATE SCHEMA extensions");
    for sql in [
        "CREATE OR REPLACE FUNCTION add_item(w text) RETURNS void BEGIN ATOMIC INSERT INTO items VALUES (9, w, 1); END",
        "CREATE PROCEDURE add_item(w text) LANGUAGE sql AS ''",
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE DOMAIN price AS int",
        "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        "CREATE COLLATION \"own\" FROM \"C\"",
        "CREATE TEXT SEARCH CONFIGURATION own (COPY = simple)",
        "CREATE STATISTICS own ON id, price FROM items",
    ] {
        for target in [store.pool.for_tenant("client1"), store.pool.shared()] {
            let mut conn = target.get().await.unwrap();
            let answer = conn.batch_execute(sql).await;
            // Of the shared tables' checkout it is enough that it has no tenant for the table.
            if conn.map().unqualified().is_some() || !sql.contains(" items") {
                let error = refused(answer);
                assert!(matches!(error, RefusedStatement::NoSchema { .. }), "{sql}: {error:?}");
            } else {
                answer.unwrap_err();
            }
        }
    }
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let error = refused(conn.batch_execute("CREATE TYPE \"mood\" AS ENUM ()").await);
    let message = "`mood` has no schema, and would be created in a schema that all tenants share: write the tenant's schema \
         before the name";
    assert!(error.to_string().starts_with(message), "{error}");
    conn.batch_execute("CREATE TYPE client1.mood AS ENUM (); CREATE TABLE moods (id int); DROP TABLE moods")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_of_ones_own_may_do_what_it_likes() {
    let store = Store::new().await;
    let connection = diesel_tenants::PostgresConnection::establish(store.database.url())
        .await
        .unwrap();
    let map = diesel_tenants::SchemaTranslateMap::tenant("client1".parse().unwrap());
    let mut conn = TenantConnection::new(connection, map);
    let sql =
        "SET search_path = client1; SELECT nextval('orders_id_seq'); SELECT lastval(); CREATE TYPE mood AS ENUM ()";
    conn.batch_execute(sql).await.unwrap();
}
