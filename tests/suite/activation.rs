use std::time::Duration;

use diesel_tenants::{LifecycleError, TenantPool};
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
