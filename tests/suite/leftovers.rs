//! What is left on a session without a statement that says so: the connection is closed, and the next tenant gets
//! another.

use std::{pin::pin, time::Duration};

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{Recycling, TenantConnection, TenantPool};
use diesel_tenants_test_support::Server;
use futures_util::StreamExt;

use crate::{migrations::Folder, store::Store};

/// One connection, which is not asked for a sign of life before it is handed out.
async fn store() -> Store {
    Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await
}

async fn pid(conn: &mut TenantConnection) -> i32 {
    let pid = diesel::dsl::sql::<Integer>("SELECT pg_backend_pid()");
    pid.get_result(conn).await.unwrap()
}

async fn setting(conn: &mut TenantConnection, name: &str) -> String {
    let value = diesel::dsl::sql::<Text>(&format!("SELECT current_setting('{name}')"));
    value.get_result(conn).await.unwrap()
}

#[tokio::test]
async fn a_setting_that_a_function_leaves_reaches_no_other_tenant_if_the_server_reports_it() {
    let store = store().await;
    let mut reported = vec![
        ("TimeZone", "Asia/Tokyo"),
        ("DateStyle", "SQL, DMY"),
        ("IntervalStyle", "iso_8601"),
        ("client_encoding", "LATIN1"),
        ("standard_conforming_strings", "off"),
        ("application_name", "client1"),
    ];
    if store.value("SELECT current_setting('server_version_num')::int >= 180000") == "t" {
        reported.push(("search_path", "client1"));
    }
    for (name, value) in reported {
        store.database.run(&format!(
            "CREATE OR REPLACE FUNCTION public.leave() RETURNS text LANGUAGE sql \
             AS $$ SELECT set_config('{name}', '{value}', false) $$"
        ));
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let (before, given) = (pid(&mut conn).await, setting(&mut conn, name).await);
        conn.batch_execute("SELECT public.leave()").await.unwrap();
        assert_eq!(setting(&mut conn, name).await, value);
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_eq!(setting(&mut conn, name).await, given);
        assert_ne!(pid(&mut conn).await, before, "{name}");
    }
    // For the time of a transaction it costs nothing.
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    conn.transaction(async |conn| conn.batch_execute("SET LOCAL TIME ZONE 'Asia/Tokyo'").await)
        .await
        .unwrap();
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(pid(&mut conn).await, before);
}

#[tokio::test]
async fn a_channel_that_a_function_listens_to_is_not_heard_by_the_next_tenant() {
    let store = store().await;
    store
        .database
        .run("CREATE FUNCTION public.hear() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'LISTEN news'; END $$");
    for is_in_use in [true, false] {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        conn.batch_execute("SELECT public.hear()").await.unwrap();
        let before = pid(&mut conn).await;
        let conn = is_in_use.then_some(conn);
        store.database.run("NOTIFY news, 'of client1'");
        match conn {
            Some(mut conn) => assert_eq!(pid(&mut conn).await, before),
            None => tokio::time::sleep(Duration::from_millis(300)).await,
        }
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_ne!(pid(&mut conn).await, before, "in use: {is_in_use}");
        let mut news = pin!(conn.notifications_stream());
        let heard = tokio::time::timeout(Duration::from_millis(200), news.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

#[derive(QueryableByName, Debug)]
struct Number {
    #[diesel(sql_type = BigInt)]
    _number: i64,
}

#[tokio::test]
async fn a_connection_whose_rows_were_leaked_is_not_handed_out_again() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    let series = diesel::sql_query("SELECT generate_series(1::int8, 100000) AS _number");
    std::mem::forget(series.load_stream::<Number>(&mut conn).await.unwrap());
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_ne!(pid(&mut conn).await, before);
}

#[tokio::test]
async fn a_tenants_creation_leaves_times_in_utc() {
    let database = Server::shared().database();
    database.run(&format!(
        "ALTER DATABASE {} SET timezone = 'Asia/Tokyo'",
        database.name()
    ));
    let pool = TenantPool::builder(database.url()).max_size(1).build().await.unwrap();
    let folder = Folder::of(&[(
        "001_zones",
        "CREATE TABLE zones AS SELECT current_setting('TimeZone') AS zone",
        "",
    )]);
    let mut processes = Vec::new();
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, folder.migrations()).await.unwrap();
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        assert_eq!(setting(&mut conn, "TimeZone").await, "UTC");
        assert_eq!(database.values(&format!("SELECT zone FROM {tenant}.zones")), ["UTC"]);
        processes.push(pid(&mut conn).await);
    }
    assert_eq!(processes[0], processes[1], "a connection was closed for nothing");
}
