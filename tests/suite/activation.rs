use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{CheckoutError, LifecycleError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{migrations::Folder, migrations::items_only};

async fn one_tenant() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_millis(300))
        .build()
        .await
        .unwrap();
    pool.create_tenant("client1", items_only()).await.unwrap();
    (pool, database)
}

/// In this database: other tests have theirs.
pub fn advisory_locks(database: &Database) -> Vec<Vec<Option<String>>> {
    database.query_strings(
        "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE l.locktype = 'advisory' AND d.datname = current_database()",
    )
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_at_once_until_it_is_resumed() {
    let (pool, _database) = one_tenant().await;
    pool.for_tenant("client1").get().await.unwrap();
    for _ in 0..2 {
        pool.suspend_tenant("client1").await.unwrap();
        let error = pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
        assert!(pool.tenant_exists("client1").await.unwrap());
        assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Suspended);
    }
    for _ in 0..2 {
        pool.resume_tenant("client1").await.unwrap();
        pool.for_tenant("client1").get().await.unwrap();
        assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Active);
    }
}

#[tokio::test]
async fn another_process_refuses_it_when_it_looks_again_and_lets_it_in_at_once() {
    let (pool, database) = one_tenant().await;
    let other = TenantPool::builder(database.url())
        .schema_cache(10, Duration::from_millis(50))
        .build()
        .await
        .unwrap();
    other.for_tenant("client1").get().await.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(other.for_tenant("client1").get().await.is_err());
    pool.resume_tenant("client1").await.unwrap();
    other.for_tenant("client1").get().await.unwrap();
}

#[tokio::test]
async fn migrations_reach_a_suspended_tenant_and_leave_it_suspended() {
    let (pool, database) = one_tenant().await;
    pool.suspend_tenant("client1").await.unwrap();
    let folder = Folder::of(&[("002_more", "CREATE TABLE more (id int)", "")]);
    pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    assert_ne!(database.query_strings("SELECT to_regclass('client1.more')"), [[None]]);
    assert!(pool.for_tenant("client1").get().await.is_err());
}

#[tokio::test]
async fn a_checkout_from_before_keeps_working() {
    let (pool, _database) = one_tenant().await;
    let mut before = pool.for_tenant("client1").get().await.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
    before
        .batch_execute("INSERT INTO items VALUES (1, 'Tesla', 1)")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_owners_comment_on_an_active_tenant_stays() {
    let (pool, database) = one_tenant().await;
    database.run("COMMENT ON TABLE client1.__diesel_schema_migrations IS 'mine'");
    pool.resume_tenant("client1").await.unwrap();
    let comment = "SELECT obj_description('client1.__diesel_schema_migrations'::regclass)";
    assert_eq!(database.query_strings(comment), [[Some("mine".to_owned())]]);
}

#[tokio::test]
async fn what_is_no_tenant_can_be_neither_suspended_nor_resumed() {
    let (pool, database) = one_tenant().await;
    database.run("CREATE SCHEMA other; COMMENT ON TABLE client1.__diesel_schema_migrations IS 'diesel-tenants: spare'");
    for name in ["nobody", "other", "client1"] {
        for error in [
            pool.suspend_tenant(name).await.unwrap_err(),
            pool.resume_tenant(name).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, LifecycleError::NotFound { tenant } if tenant.as_str() == name),
                "{error:?}"
            );
        }
    }
    for name in ["", "public", "pg_x"] {
        let error = pool.suspend_tenant(name).await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_tenant_in_the_middle_of_something_else_is_waited_for_and_named() {
    let (pool, database) = one_tenant().await;
    let folder = Folder::of(&[("002_slow", "SELECT pg_sleep(0.8)", "")]);
    let suspend = async {
        while advisory_locks(&database).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let error = pool.suspend_tenant("client1").await.unwrap_err();
        assert!(matches!(error, LifecycleError::Locked { .. }), "{error:?}");
        let message = chain(&error);
        assert!(
            message.starts_with("can't suspend tenant \"client1\": a migration"),
            "{message}"
        );
    };
    let (migrated, ()) = tokio::join!(pool.migrate_tenant("client1", folder.migrations()), suspend);
    migrated.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
}
