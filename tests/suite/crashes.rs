//! The server is killed in the middle: afterwards nothing is half-done, and the same call succeeds.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

const UP: &str = "CREATE TABLE one (id int); INSERT INTO one VALUES (1); SELECT pg_sleep(30);";

async fn start() -> (Server, Database, TenantPool) {
    let server = Server::start();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    (server, database, pool)
}

/// Kills the server once a backend sleeps in a migration, and starts it again.
async fn crash_in_mid_migration(server: &Server, database: &Database) {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while database.query_strings(asleep) != [[Some("1".to_owned())]] {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop();
    server.restart();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_migration() {
    let (server, database, pool) = start().await;
    database.run("CREATE SCHEMA client1");
    let folder = Folder::of(&[("001_slow", UP, "")]);
    let (result, ()) = tokio::join!(
        pool.migrate_tenant("client1", folder.migrations()),
        crash_in_mid_migration(&server, &database)
    );
    let message = chain(&result.unwrap_err());
    assert!(
        message.starts_with("migration 001_slow of tenant \"client1\" could not be applied"),
        "{message}"
    );
    assert_eq!(database.query_strings("SELECT to_regclass('client1.one')"), [[None]]);
    folder.write("001_slow", "up.sql", "CREATE TABLE one (id int)");
    assert_eq!(
        pool.migrate_tenant("client1", folder.migrations()).await.unwrap().len(),
        1
    );
    assert!(
        pool.pending_tenant("client1", folder.migrations())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_creation_in_one_transaction() {
    let (server, database, pool) = start().await;
    let folder = Folder::of(&[("001_good", "CREATE TABLE good (id int)", ""), ("002_slow", UP, "")]);
    let (result, ()) = tokio::join!(
        pool.create_tenant("client1", folder.migrations()),
        crash_in_mid_migration(&server, &database)
    );
    assert!(chain(&result.unwrap_err()).starts_with("can't create the schema of tenant \"client1\""));
    assert_eq!(database.query_strings("SELECT to_regnamespace('client1')"), [[None]]);
    folder.write("002_slow", "up.sql", "SELECT 1");
    assert_eq!(
        pool.create_tenant("client1", folder.migrations()).await.unwrap().len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_creation_in_several_steps() {
    let (server, database, pool) = start().await;
    let folder = Folder::of(&[
        ("001_good", "CREATE TABLE good (id int)", ""),
        ("002_index", "CREATE INDEX CONCURRENTLY good_id ON good (id)", ""),
        ("003_slow", UP, ""),
    ])
    .without_transaction("002_index");
    let (result, ()) = tokio::join!(
        pool.create_tenant("client1", folder.migrations()),
        crash_in_mid_migration(&server, &database)
    );
    assert!(result.is_err());
    assert!(
        !pool.tenant_exists("client1").await.unwrap(),
        "what is left of it is no tenant"
    );
    folder.write("003_slow", "up.sql", "SELECT 1");
    assert_eq!(
        pool.create_tenant("client1", folder.migrations()).await.unwrap().len(),
        3
    );
    assert!(pool.tenant_exists("client1").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_an_archiving_and_a_drop_that_wait_for_a_transaction() {
    let (server, _database, pool) = start().await;
    let folder = Folder::of(&[("001_one", "CREATE TABLE one (id int)", "")]);
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    let wait = Duration::from_secs(20);
    for round in 0..3 {
        let mut conn = pool.for_tenant("client1").get().await.unwrap();
        conn.batch_execute("BEGIN; SELECT * FROM one").await.unwrap();
        let crash = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.stop();
            server.restart();
        };
        let operation = async {
            match round {
                0 => pool.rename_tenant("client1", "client2").wait(wait).await,
                1 => pool.archive_tenant("client1").wait(wait).await.map(drop),
                _ => pool.drop_tenant("client1").wait(wait).await,
            }
        };
        let (result, ()) = tokio::join!(operation, crash);
        assert!(result.is_err());
        drop(conn);
        assert!(pool.tenant_exists("client1").await.unwrap(), "it is as it was");
    }
    pool.rename_tenant("client1", "client2").await.unwrap();
    let archive = pool.archive_tenant("client2").await.unwrap();
    pool.drop_tenant(archive).await.unwrap();
    assert!(pool.all_tenants().await.unwrap().is_empty());
}
