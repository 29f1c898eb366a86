//! An index that could not be built is never taken for one that was.

use diesel_tenants::{
    TenantPool,
    migrations::{ChosenMigrations, TenantOutcome},
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

const UNIQUE: &str = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);";

/// Users, and then that their addresses are unique.
fn folder() -> Folder {
    Folder::of(&[
        (
            "0001_users",
            "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);",
            "",
        ),
        ("0002_unique", UNIQUE, "DROP INDEX CONCURRENTLY IF EXISTS users_email;"),
    ])
    .without_transaction("0002_unique")
}

async fn tenants(names: &[&str]) -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let users = folder();
    for name in names {
        let first = ChosenMigrations::with_versions(users.migrations(), ["0001"]);
        pool.create_tenant(*name, first).await.unwrap();
    }
    (pool, database)
}

const TWICE: &str = "INSERT INTO a.users VALUES (1, 'x@example.com'), (2, 'x@example.com')";

fn says_what_to_do(message: &str) -> bool {
    message.starts_with(
        "migration 0002_unique of tenant \"a\" isn't recorded as applied: PostgreSQL could not build the index",
    ) && message.contains("such as duplicate rows")
        && message.contains("`DROP INDEX CONCURRENTLY \"a\".\"users_email\"`, and run the migration again")
}

#[tokio::test]
async fn a_unique_index_that_could_not_be_built_is_a_failure_until_it_is_mended() {
    let (pool, database) = tenants(&["a", "b"]).await;
    database.run(TWICE);
    let migrate = async || pool.migrate_tenants(folder()).keep_going().run().await.unwrap();
    let report = migrate().await;
    assert_eq!(report.to_string(), "1 migrated, 1 failed");
    for _ in 0..2 {
        let report = migrate().await;
        assert_eq!(report.to_string(), "1 up to date, 1 failed");
        let TenantOutcome::Failed(error) = &report.tenants[0].outcome else {
            panic!("{report:?}");
        };
        assert!(says_what_to_do(&chain(error)), "{}", chain(error));
        let error = pool.migrate_tenant("a", folder()).await.unwrap_err();
        assert!(says_what_to_do(&chain(&error)), "{}", chain(&error));
        let status = pool.migration_status(folder()).await.unwrap();
        assert_eq!(status.tenants[0].pending, ["0002"]);
        assert_eq!(status.tenants[0].invalid_indexes, ["users_email"]);
        assert!(status.tenants[1].invalid_indexes.is_empty());
    }
    database.run("DELETE FROM a.users WHERE id = 2");
    assert_eq!(
        migrate().await.to_string(),
        "1 up to date, 1 failed",
        "the index is still the old one"
    );
    database.run("DROP INDEX CONCURRENTLY a.users_email");
    assert_eq!(migrate().await.to_string(), "1 migrated, 1 up to date");
    assert_eq!(
        database.values("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'a.users_email'::regclass"),
        ["true"]
    );
    assert!(
        pool.migration_status(folder()).await.unwrap().tenants[0]
            .invalid_indexes
            .is_empty()
    );
}

#[tokio::test]
async fn a_migration_in_a_transaction_does_not_take_an_invalid_index_for_its_own() {
    let (pool, database) = tenants(&["a", "b"]).await;
    database.run(TWICE);
    pool.migrate_tenant("a", folder()).await.unwrap_err();
    let folder = Folder::of(&[
        ("0001_users", "SELECT 1;", ""),
        (
            "0002_unique",
            "CREATE TABLE other (id int); CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users (email) -- once",
            "",
        ),
    ]);
    // Together in one message, and statement by statement.
    let report = pool
        .migrate_tenants(folder.migrations())
        .keep_going()
        .run()
        .await
        .unwrap();
    let TenantOutcome::Failed(error) = &report.tenants[0].outcome else {
        panic!("{report:?}");
    };
    assert!(says_what_to_do(&chain(error)), "{}", chain(error));
    assert_eq!(report.to_string(), "1 migrated, 1 failed");
    let error = pool.migrate_tenant("a", folder.migrations()).await.unwrap_err();
    assert!(says_what_to_do(&chain(&error)), "{}", chain(&error));
    assert!(
        database
            .values("SELECT 'a' FROM pg_tables WHERE schemaname = 'a' AND tablename = 'other'")
            .is_empty()
    );
}

#[tokio::test]
async fn an_invalid_index_that_a_migration_does_not_name_holds_it_up_no_longer_than_the_others() {
    let (pool, database) = tenants(&["a"]).await;
    database.run(TWICE);
    pool.migrate_tenant("a", folder()).await.unwrap_err();
    let other = folder();
    other.write(
        "0002_unique",
        "up.sql",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_plain ON users (email);",
    );
    pool.migrate_tenant("a", other.migrations()).await.unwrap();
    // It is named all the same.
    let status = pool.migration_status(other.migrations()).await.unwrap();
    assert_eq!(status.tenants[0].invalid_indexes, ["users_email"]);
}

#[tokio::test]
async fn an_invalid_index_of_the_shared_schema_is_a_failure_too() {
    let (pool, database) = tenants(&[]).await;
    let shared = folder();
    pool.migrate_shared(ChosenMigrations::with_versions(shared.migrations(), ["0001"]))
        .await
        .unwrap();
    database.run(&TWICE.replace("a.users", "public.users"));
    pool.migrate_shared(shared.migrations()).await.unwrap_err();
    let message = chain(&pool.migrate_shared(shared.migrations()).await.unwrap_err());
    assert!(
        message.starts_with("migration 0002_unique of the shared schema \"public\" isn't recorded as applied"),
        "{message}"
    );
    let status = pool.shared_migration_status(shared.migrations()).await.unwrap();
    assert_eq!(status.invalid_indexes, ["users_email"]);
}

#[tokio::test]
async fn an_index_on_a_partitioned_table_may_wait_for_those_of_its_partitions() {
    let (pool, database) = tenants(&[]).await;
    let folder = Folder::of(&[
        ("001_parts", "CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);", ""),
        ("002_only", "CREATE INDEX IF NOT EXISTS parts_id ON ONLY parts (id);", ""),
        ("003_concurrently", "CREATE INDEX CONCURRENTLY IF NOT EXISTS parts_1_id ON parts_1 (id);", ""),
    ])
    .without_transaction("003_concurrently");
    pool.create_tenant("a", folder.migrations()).await.unwrap();
    let status = pool.migration_status(folder.migrations()).await.unwrap();
    assert_eq!(status.tenants[0].invalid_indexes, ["parts_id"], "until it is attached");
    database.run("ALTER INDEX a.parts_id ATTACH PARTITION a.parts_1_id");
    let status = pool.migration_status(folder.migrations()).await.unwrap();
    assert!(status.tenants[0].invalid_indexes.is_empty());
}
