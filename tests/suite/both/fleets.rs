//! Migrations of all tenants.

use diesel_migrations::FileBasedMigrations;

use super::{
    on_each,
    store::{ITEMS, Store, migrations},
    test_backend::{Fleet, TestBackend},
};

on_each!(
    pending_migrations_reach_every_tenant_once,
    a_failure_keeps_the_others_from_being_begun_unless_told_otherwise,
    an_edited_migration_is_reported,
);

fn both() -> FileBasedMigrations {
    let stock = "ALTER TABLE items ADD COLUMN stock INTEGER NOT NULL DEFAULT 7";
    migrations(&[("1_items", ITEMS), ("2_stock", stock)])
}

async fn pending_migrations_reach_every_tenant_once<B: TestBackend>() {
    let store = Store::<B>::new().await;
    B::suspend(&store.pool, "client2").await.unwrap();
    let dry_run = Fleet {
        dry_run: true,
        ..Fleet::default()
    };
    let dry = B::migrate_all(&store.pool, both(), dry_run).await;
    assert_eq!(dry.to_string(), "2 pending");
    assert_eq!(B::pending(&store.pool, "client1", both()).await.unwrap(), 1);
    let workers = Fleet {
        workers: Some(4),
        ..Fleet::default()
    };
    let report = B::migrate_all(&store.pool, both(), workers).await;
    assert_eq!(report.to_string(), "2 migrated");
    assert_eq!(report.tenants[0].versions, ["2"]);
    let again = B::migrate_all(&store.pool, both(), Fleet::default()).await;
    assert_eq!(again.to_string(), "2 up to date");
    store.run("client1", "UPDATE items SET price = stock").await.unwrap();
    assert_eq!(store.prices("client1").await, [7, 7]);
}

async fn a_failure_keeps_the_others_from_being_begun_unless_told_otherwise<B: TestBackend>() {
    let store = Store::<B>::new().await;
    for tenant in ["client3", "client4"] {
        store.add(tenant, &[]).await;
    }
    store
        .run("client1", "ALTER TABLE items ADD COLUMN stock INTEGER")
        .await
        .unwrap();
    let one_by_one = Fleet {
        workers: Some(1),
        ..Fleet::default()
    };
    let stopped = B::migrate_all(&store.pool, both(), one_by_one).await;
    assert_eq!(stopped.to_string(), "1 failed, 3 not reached");
    let keep_going = Fleet {
        keep_going: true,
        ..Fleet::default()
    };
    let kept_going = B::migrate_all(&store.pool, both(), keep_going).await;
    assert_eq!(kept_going.to_string(), "3 migrated, 1 failed");
    let failed: Vec<_> = kept_going.failed().map(|failed| failed.tenant.to_string()).collect();
    assert_eq!(failed, ["client1"]);
    assert_eq!(store.prices("client1").await, [5000, 2000]);
}

async fn an_edited_migration_is_reported<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let edited = migrations(&[("1_items", &format!("{ITEMS}; CREATE TABLE more (id INTEGER)"))]);
    let report = B::migrate_all(&store.pool, edited, Fleet::default()).await;
    assert_eq!(report.changed.len(), 1);
    assert_eq!(report.changed[0].tenants.len(), 2);
}
