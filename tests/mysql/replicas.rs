//! Checkouts that only read, from a real replica.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{CheckoutError, Mysql, MysqlUrl, TenantPool, directory::DirectoryTables};
use diesel_tenants_test_support::{MariaDb, chain};

use crate::{store::NoMigrations, tables::items};

fn start(settings: &[&str]) -> MariaDb {
    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    server
        .restart(settings)
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    server
}

fn url(server: &MariaDb) -> MysqlUrl {
    server.url().parse().unwrap()
}

async fn run(server: &MariaDb, sql: &str) {
    let mut conn = AsyncMysqlConnection::establish(&server.url()).await.unwrap();
    conn.batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The tenant's prices, and the port of the server that said so.
async fn seen(pool: &TenantPool<Mysql>, tenant: &str) -> Result<(Vec<i32>, i64), CheckoutError> {
    #[derive(QueryableByName)]
    struct Port {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        port: i64,
    }

    let mut conn = pool.for_tenant(tenant).read_only().get().await?;
    let prices = items::table.select(items::price).load(&mut conn).await.unwrap();
    let port: Port = diesel::sql_query("SELECT CAST(@@port AS SIGNED) AS port")
        .get_result(&mut conn)
        .await
        .unwrap();
    assert!(conn.batch_execute("DELETE FROM items").await.is_err(), "it only reads");
    Ok((prices, port.port))
}

async fn create(pool: &TenantPool<Mysql>, tenant: &str, price: i32) {
    pool.create_tenant(tenant, NoMigrations).await.unwrap();
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    conn.batch_execute(&format!(
        "CREATE TABLE items (id BIGINT PRIMARY KEY AUTO_INCREMENT, description VARCHAR(100) NOT NULL, price INT NOT NULL);
         INSERT INTO items (description, price) VALUES ('Tesla', {price})"
    ))
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_serves_what_it_has_and_the_server_itself_the_rest() {
    let main = start(&[
        "--log-bin=binlog",
        "--server-id=1",
        "--log-bin-trust-function-creators=1",
    ]);
    let replica = start(&["--server-id=2", "--read-only=1"]);
    let port = |server: &MariaDb| -> i64 { server.url().rsplit(':').next().unwrap().parse().unwrap() };
    let (main_port, replica_port) = (port(&main), port(&replica));
    let url_of_main = main.url();
    let password = url_of_main.split(['@', ':']).nth(2).unwrap();
    // Behind what the server did when it was set up: its accounts are its own.
    let position = main.session().unwrap().run("SELECT @@gtid_binlog_pos").unwrap();
    let follow = format!(
        "SET GLOBAL gtid_slave_pos = '{}';
         CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {main_port}, MASTER_USER = 'root', \
         MASTER_PASSWORD = '{password}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos; START SLAVE",
        position[0][0]
    );
    run(&replica, &follow).await;
    let build = async || {
        TenantPool::builder(url(&main))
            .directory(DirectoryTables::new())
            .reuse_after(Duration::ZERO)
            .replica(url(&replica))
            .build()
            .await
            .unwrap()
    };
    let pool = build().await;
    pool.prepare_directory().await.unwrap();
    create(&pool, "client1", 5000).await;
    let until = async |pool: &TenantPool<Mysql>, tenant: &str, expected: (Vec<i32>, i64)| {
        let begun = Instant::now();
        loop {
            let now = seen(pool, tenant).await;
            match now {
                Ok(now) if now == expected => break,
                now => assert!(begun.elapsed() < Duration::from_secs(20), "{now:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until(&pool, "client1", (vec![5000], replica_port)).await;
    pool.shared().read_only().get().await.unwrap();

    // A replica that stands still: the server itself has the tenant that it doesn't know yet.
    run(&replica, "STOP SLAVE").await;
    create(&pool, "client2", 1000).await;
    assert_eq!(seen(&pool, "client2").await.unwrap(), (vec![1000], main_port));
    // Its tenant of that name is another one by now.
    pool.rename_tenant("client1", "client3").await.unwrap();
    create(&pool, "client1", 7).await;
    assert_eq!(seen(&pool, "client1").await.unwrap(), (vec![7], main_port));
    let other = build().await;
    assert_eq!(seen(&other, "client1").await.unwrap(), (vec![7], main_port));
    pool.suspend_tenant("client2").await.unwrap();
    assert!(matches!(
        seen(&pool, "client2").await,
        Err(CheckoutError::SuspendedTenant { .. })
    ));
    run(&replica, "START SLAVE").await;
    until(&pool, "client1", (vec![7], replica_port)).await;
    until(&pool, "client3", (vec![5000], replica_port)).await;

    replica.kill().unwrap();
    until(&pool, "client1", (vec![7], main_port)).await;
    replica.restart(&["--server-id=2"]).unwrap();
    until(&pool, "client1", (vec![7], replica_port)).await;

    // The main server is down, and the directory's answers are still remembered.
    main.kill().unwrap();
    let begun = Instant::now();
    while seen(&pool, "client1").await.ok() != Some((vec![7], replica_port)) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
