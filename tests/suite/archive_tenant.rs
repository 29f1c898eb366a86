use std::time::{Duration, SystemTime};

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{CheckoutError, LifecycleError, MigrationError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::items_only;

async fn one_tenant() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    create(&pool, &database, "client1").await;
    (pool, database)
}

async fn create(pool: &TenantPool, database: &Database, tenant: &str) {
    pool.create_tenant(tenant, items_only()).await.unwrap();
    let quoted = tenant.replace('"', "\"\"");
    database.run(&format!("INSERT INTO \"{quoted}\".items VALUES (1, 'kept', 1)"));
}

async fn has_item(pool: &TenantPool, tenant: &str) -> bool {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    conn.batch_execute("SELECT 1 / count(*) FROM items").await.is_ok()
}

#[tokio::test]
async fn an_archived_tenant_is_gone_and_comes_back_with_its_data() {
    let (pool, database) = one_tenant().await;
    pool.for_tenant("client1").get().await.unwrap();
    let archive = pool.archive_tenant("client1").await.unwrap();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    assert!(pool.tenants().await.unwrap().is_empty());
    assert_eq!(pool.all_tenants().await.unwrap()[0].status, TenantStatus::Archived);

    let archived = pool.archived_tenants().await.unwrap();
    assert_eq!(archived.len(), 1);
    assert_eq!(
        (&archived[0].archive, archived[0].tenant.as_str()),
        (&archive, "client1")
    );
    let age = SystemTime::now().duration_since(archived[0].since).unwrap();
    assert!(age < Duration::from_secs(60), "{age:?}");

    let fresh = TenantPool::builder(database.url()).build().await.unwrap();
    let error = fresh.for_tenant(&archive).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    let error = fresh.migrate_tenant(&archive, items_only()).await.unwrap_err();
    assert!(matches!(error, MigrationError::UnknownSchema { .. }), "{error:?}");

    pool.restore_tenant(&archive, "client1").await.unwrap();
    assert!(has_item(&pool, "client1").await);
    assert!(pool.archived_tenants().await.unwrap().is_empty());
}

#[tokio::test]
async fn long_and_hostile_names_are_kept_to_the_letter_and_told_apart() {
    let (pool, database) = one_tenant().await;
    let long = "ü".repeat(30);
    let names = [
        format!("{long}a"),
        format!("{long}b"),
        "It's; \"DROP\" \\' TABLE --".to_owned(),
        " two  words ".to_owned(),
    ];
    for name in &names {
        create(&pool, &database, name).await;
        pool.archive_tenant(name).await.unwrap();
    }
    let archived = pool.archived_tenants().await.unwrap();
    assert_eq!(archived.len(), names.len());
    for name in &names {
        let archive = archived
            .iter()
            .find(|archived| archived.tenant.as_str() == name)
            .unwrap();
        pool.restore_tenant(&archive.archive, name).await.unwrap();
        assert!(has_item(&pool, name).await);
    }
}

#[tokio::test]
async fn a_tenant_in_use_is_archived_only_by_force() {
    let (pool, _database) = one_tenant().await;
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM items").await.unwrap();
    let error = pool.archive_tenant("client1").wait(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, LifecycleError::InUse { .. }), "{error:?}");
    pool.archive_tenant("client1").force().await.unwrap();
    assert!(conn.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn what_is_no_tenant_is_not_archived_and_what_is_no_archive_not_restored() {
    let (pool, database) = one_tenant().await;
    database.run("CREATE SCHEMA other");
    let archive = pool.archive_tenant("client1").await.unwrap();
    for name in ["nobody", "other", archive.as_str()] {
        let error = pool.archive_tenant(name).await.unwrap_err();
        assert!(matches!(error, LifecycleError::NotFound { .. }), "{error:?}");
    }
    create(&pool, &database, "client1").await;
    for name in ["nobody", "other", "client1"] {
        let error = pool.restore_tenant(name, "x").await.unwrap_err();
        assert!(
            matches!(&error, LifecycleError::NotArchived { archive } if archive.as_str() == name),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn archives_are_dropped_by_age_past_those_that_can_not_be() {
    let (pool, database) = one_tenant().await;
    let mut archives = Vec::new();
    for tenant in ["client1", "client2", "client3"] {
        if tenant != "client1" {
            create(&pool, &database, tenant).await;
        }
        archives.push(pool.archive_tenant(tenant).await.unwrap());
    }
    let kept = pool.drop_archived(Duration::from_secs(3600)).await.unwrap();
    assert!(kept.dropped.is_empty() && kept.failed.is_empty(), "{kept:?}");
    // An hour ago and more.
    for archive in &archives[..2] {
        database.run(&format!(
            "COMMENT ON TABLE {}.__diesel_schema_migrations IS 'diesel-tenants: archived 1700000000 active x'",
            archive.quoted()
        ));
    }
    database.run(&format!(
        "CREATE VIEW public.report AS SELECT count(*) FROM {}.items",
        archives[0].quoted()
    ));
    let report = pool.drop_archived(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(report.dropped.len(), 1, "{report:?}");
    assert_eq!(report.dropped[0].archive, archives[1]);
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].0.archive, archives[0]);
    assert!(
        matches!(report.failed[0].1, LifecycleError::Referenced { .. }),
        "{report:?}"
    );
    database.run("DROP VIEW public.report");
    let report = pool.drop_archived(Duration::ZERO).await.unwrap();
    assert_eq!((report.dropped.len(), report.failed.len()), (2, 0), "{report:?}");
    assert!(pool.all_tenants().await.unwrap().is_empty());
}

#[tokio::test]
async fn one_archive_is_dropped_by_its_name_and_a_half_dropped_one_is_finished_not_restored() {
    let (pool, database) = one_tenant().await;
    let archive = pool.archive_tenant("client1").await.unwrap();
    pool.drop_tenant(&archive).await.unwrap();
    assert!(pool.archived_tenants().await.unwrap().is_empty());

    create(&pool, &database, "client1").await;
    let archive = pool.archive_tenant("client1").await.unwrap();
    database.run(&format!(
        "COMMENT ON TABLE {}.__diesel_schema_migrations IS 'diesel-tenants: dropping archived 1900000000 active x'",
        archive.quoted()
    ));
    let error = pool.restore_tenant(&archive, "client1").await.unwrap_err();
    assert!(matches!(error, LifecycleError::NotArchived { .. }), "{error:?}");
    let report = pool.drop_archived(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(report.dropped.len(), 1, "{report:?}");
    assert!(pool.all_tenants().await.unwrap().is_empty());
}
