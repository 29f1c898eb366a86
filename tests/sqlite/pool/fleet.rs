use diesel_tenants::migrations::TenantOutcome;

use super::store::{Store, migrations, tenant_migrations};
use crate::tables::TENANT;

const MORE: &str = "ALTER TABLE items ADD COLUMN stock INTEGER NOT NULL DEFAULT 7";

#[tokio::test]
async fn a_failure_keeps_the_others_from_being_begun_unless_told_otherwise() {
    let store = Store::new().await;
    for tenant in ["client3", "client4"] {
        store.pool.create_tenant(tenant, tenant_migrations()).await.unwrap();
    }
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, "ALTER TABLE items ADD COLUMN stock")
        .await
        .unwrap();
    drop(conn);
    let both = || migrations(&[("1_tables", TENANT), ("2_stock", MORE)]);
    let stopped = store.pool.migrate_tenants(both()).workers(1).run().await.unwrap();
    assert_eq!(stopped.to_string(), "1 failed, 3 not reached");
    let kept_going = store.pool.migrate_tenants(both()).keep_going().run().await.unwrap();
    assert_eq!(kept_going.to_string(), "3 migrated, 1 failed");
    let canary = store
        .pool
        .migrate_tenants(both())
        .keep_going()
        .canaries(["client1"])
        .run()
        .await
        .unwrap();
    assert_eq!(canary.failed().count(), 1);
    assert!(matches!(
        canary.tenant("client1").unwrap().outcome,
        TenantOutcome::Failed(_)
    ));
}

#[tokio::test]
async fn a_migration_stays_in_its_file() {
    let store = Store::new().await;
    for escape in [
        "CREATE TABLE public.gifts (id)",
        "INSERT INTO public.users VALUES (2, 'Eve')",
        "ATTACH 'elsewhere.db' AS elsewhere",
        "COMMIT; CREATE TABLE half (id)",
    ] {
        let with_escape = migrations(&[("1_tables", TENANT), ("2_escape", escape)]);
        let report = store.pool.migrate_tenants(with_escape).keep_going().run().await;
        if let Ok(report) = report {
            assert_eq!(report.to_string(), "2 failed", "{escape}");
        }
    }
    assert!(!store.folder.path().join("elsewhere.db").exists());
    assert!(!std::path::Path::new("elsewhere.db").exists());
}
