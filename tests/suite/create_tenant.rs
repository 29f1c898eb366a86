use std::time::{Duration, Instant};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");

async fn migrated() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.migrate_shared(SHARED).await.unwrap();
    (pool, database)
}

#[tokio::test]
async fn a_failed_creation_leaves_no_tenant_and_a_retry_succeeds() {
    let (pool, database) = migrated().await;
    let migrations = [
        ("001_good", "CREATE TABLE good (id int);", ""),
        ("002_index", "CREATE INDEX good_id ON good (id);", ""),
        ("003_broken", "CREATE TABLE bad (id nonsense);", ""),
    ];
    for folder in [
        Folder::of(&migrations),
        Folder::of(&migrations).without_transaction("002_index"),
    ] {
        let message = chain(&pool.create_tenant("client1", folder.migrations()).await.unwrap_err());
        assert!(
            message.starts_with(
                "can't create the tables of tenant \"client1\": migration 003_broken of tenant \"client1\""
            ),
            "{message}"
        );
        assert!(message.ends_with("type \"nonsense\" does not exist"), "{message}");
        assert_eq!(database.schemas(), [""; 0]);
        folder.write("003_broken", "up.sql", "CREATE TABLE bad (id int);");
        pool.create_tenant("client1", folder.migrations()).await.unwrap();
        assert_eq!(database.schemas(), ["client1"]);
        assert!(pool.tenant_exists("client1").await.unwrap());
        database.run("DROP SCHEMA client1 CASCADE");
        // Seen as existing a moment ago.
        assert!(pool.migrate_tenant("client1", folder.migrations()).await.is_err());
    }
}

#[tokio::test]
async fn a_creation_given_up_half_way_is_no_tenant_and_a_retry_starts_over() {
    let (pool, database) = migrated().await;
    let folder = Folder::of(&[
        ("001_good", "CREATE TABLE good (id int);", ""),
        ("002_slow", "SELECT pg_sleep(1);", ""),
    ])
    .without_transaction("002_slow");
    tokio::select! {
        created = pool.create_tenant("client1", folder.migrations()).into_future() => panic!("it was to be given up: {created:?}"),
        () = somebody_sleeps(&database) => {}
    }
    assert_eq!(database.schemas(), ["client1"], "the schema is there");
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(
        error.to_string().starts_with("unknown tenant \"client1\""),
        "but it is no tenant: {error}"
    );
    folder.write("002_slow", "up.sql", "SELECT 1");
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    assert!(pool.tenant_exists("client1").await.unwrap());
}

/// Waits until a migration is in its `pg_sleep`.
async fn somebody_sleeps(database: &Database) {
    let asleep = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let begun = Instant::now();
    while database.values(asleep).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody ever sleeps");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
