//! The server refuses a step: each operation says so with a variant of its own, at once, and has done nothing.

use std::time::{Duration, Instant};

use diesel_tenants::{LifecycleError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::items_only;

/// A tenant `a`, in a database that refuses some commands from now on.
async fn refusing(commands: &str) -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.create_tenant("a", items_only()).await.unwrap();
    database.run(&format!(
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ \
         BEGIN RAISE EXCEPTION 'not today'; END $$;
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ({commands}) EXECUTE FUNCTION public.refuse()"
    ));
    (pool, database)
}

async fn assert_untouched(pool: &TenantPool, error: LifecycleError, start: &str, started: Instant) {
    let message = chain(&error);
    assert!(message.starts_with(start), "{message}");
    assert!(message.ends_with(": not today"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let all = pool.all_tenants().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].name.as_str(), all[0].status), ("a", TenantStatus::Active));
    pool.for_tenant("a").get().await.unwrap();
}

#[tokio::test]
async fn of_the_schemas_creation() {
    let (pool, _database) = refusing("'CREATE SCHEMA'").await;
    let started = Instant::now();
    let error = pool.create_tenant("b", items_only()).await.unwrap_err();
    assert!(matches!(error, LifecycleError::Schema { .. }), "{error:?}");
    assert_untouched(&pool, error, "can't create the schema of tenant \"b\"", started).await;
}

#[tokio::test]
async fn of_the_tables_creation() {
    let (pool, _database) = refusing("'CREATE TABLE'").await;
    let started = Instant::now();
    let error = pool.create_tenant("b", items_only()).await.unwrap_err();
    assert!(matches!(error, LifecycleError::Tables { .. }), "{error:?}");
    assert_untouched(&pool, error, "can't create the tables of tenant \"b\"", started).await;
}

#[tokio::test]
async fn of_a_rename() {
    let (pool, _database) = refusing("'ALTER SCHEMA'").await;
    let started = Instant::now();
    let error = pool.rename_tenant("a", "b").await.unwrap_err();
    assert!(matches!(error, LifecycleError::Rename { .. }), "{error:?}");
    assert_untouched(
        &pool,
        error,
        "can't rename tenant \"a\" to \"b\"; the tenant is unchanged",
        started,
    )
    .await;
}

#[tokio::test]
async fn of_a_drop() {
    let (pool, _database) = refusing("'DROP SCHEMA'").await;
    let started = Instant::now();
    let error = pool.drop_tenant("a").await.unwrap_err();
    assert!(matches!(error, LifecycleError::Drop { .. }), "{error:?}");
    assert_untouched(&pool, error, "can't drop or archive tenant \"a\"", started).await;
}

#[tokio::test]
async fn of_an_archiving_half_way() {
    let (pool, _database) = refusing("'COMMENT'").await;
    let started = Instant::now();
    let error = pool.archive_tenant("a").await.unwrap_err();
    assert!(matches!(error, LifecycleError::Drop { .. }), "{error:?}");
    assert_untouched(&pool, error, "can't drop or archive tenant \"a\"", started).await;
}

#[tokio::test]
async fn of_a_suspension() {
    let (pool, _database) = refusing("'COMMENT'").await;
    let started = Instant::now();
    let error = pool.suspend_tenant("a").await.unwrap_err();
    assert!(matches!(error, LifecycleError::Activation { .. }), "{error:?}");
    assert_untouched(
        &pool,
        error,
        "can't suspend or resume tenant \"a\"; the tenant is unchanged",
        started,
    )
    .await;
}

#[tokio::test]
async fn of_a_sign_up_that_took_a_spare() {
    let (pool, database) = refusing("'ALTER SCHEMA'").await;
    pool.prepare_spares(1, items_only()).await.unwrap();
    // The spare is passed over, and the tenant made as always.
    pool.create_tenant("b", items_only()).await.unwrap();
    pool.for_tenant("b").get().await.unwrap();
    database.run("DROP EVENT TRIGGER refuse");
    pool.create_tenant("c", items_only()).await.unwrap();
    assert_eq!(
        pool.all_tenants().await.unwrap().len(),
        3,
        "a, b, and c, which was the spare"
    );
}

#[tokio::test]
async fn when_there_is_no_server_the_operation_is_named() {
    let server = Server::start();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    server.stop();
    for (error, start) in [
        (
            pool.rename_tenant("a", "b").await.unwrap_err(),
            "can't connect to rename tenant \"a\" to \"b\": ",
        ),
        (
            pool.drop_tenant("a").await.unwrap_err(),
            "can't connect to drop tenant \"a\": ",
        ),
        (
            pool.suspend_tenant("a").await.unwrap_err(),
            "can't connect to suspend tenant \"a\": ",
        ),
    ] {
        assert!(matches!(error, LifecycleError::Connect { .. }), "{error:?}");
        assert!(chain(&error).starts_with(start), "{}", chain(&error));
    }
    server.restart();
}
