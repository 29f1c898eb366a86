use std::{
    fs,
    time::{Duration, Instant},
};

use diesel_tenants::{FleetError, TenantPool, migrations::NoMigrations};

use super::store::{Store, migrations, tenant_migrations};
use crate::tables::{SHARED, TENANT};

const MORE: &str = "ALTER TABLE items ADD COLUMN stock INTEGER NOT NULL DEFAULT 7";

#[tokio::test]
async fn the_status_says_what_each_tenant_has_and_lacks() {
    let store = Store::new().await;
    store.pool.suspend_tenant("client2").await.unwrap();
    let both = || migrations(&[("1_tables", TENANT), ("2_stock", MORE)]);
    store.pool.migrate_tenant("client1", both()).await.unwrap();
    store
        .pool
        .archive_tenant({
            store.pool.create_tenant("client3", tenant_migrations()).await.unwrap();
            "client3"
        })
        .await
        .unwrap();
    let status = store.pool.migration_status(both()).await.unwrap();
    let told: Vec<_> = status
        .tenants
        .iter()
        .map(|tenant| {
            (
                tenant.tenant.as_str(),
                tenant.status.to_string(),
                tenant.newest(),
                tenant.pending.len(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("client1", "active".to_owned(), Some("2"), 0),
            ("client2", "suspended".to_owned(), Some("1"), 1)
        ],
        "an archive is not migrated"
    );
    assert!(status.changed.is_empty());
    let status = store
        .pool
        .migration_status(tenant_migrations())
        .only(["client1"])
        .await
        .unwrap();
    assert_eq!(status.tenants[0].unknown, ["2"]);
    let edited = migrations(&[("1_tables", &format!("{TENANT}; CREATE TABLE more (id);"))]);
    let status = store.pool.migration_status(edited).await.unwrap();
    assert_eq!(status.changed[0].version, "1");
    assert_eq!(status.changed[0].tenants.len(), 2);
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_named_and_no_file_is_made() {
    let store = Store::new().await;
    let files = || fs::read_dir(store.folder.path()).unwrap().count();
    let before = files();
    let error = store
        .pool
        .migration_status(NoMigrations)
        .only(["nobody"])
        .await
        .unwrap_err();
    assert!(matches!(error, FleetError::UnknownTenant { tenant } if tenant.as_str() == "nobody"));
    assert_eq!(files(), before);

    fs::write(store.folder.path().join("client3.db"), "").unwrap();
    let status = store
        .pool
        .migration_status(tenant_migrations())
        .only(["client3"])
        .await
        .unwrap();
    assert_eq!(status.tenants[0].pending, ["1"], "it was never migrated");
    let report = store
        .pool
        .migrate_tenants(tenant_migrations())
        .only(["client3"])
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "1 migrated");
}

#[tokio::test]
async fn the_shared_file_has_a_status_before_there_is_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let pool = TenantPool::builder(diesel_tenants::SqliteFolder::new(folder.path()))
        .build()
        .await
        .unwrap();
    let shared = || migrations(&[("1_users", SHARED), ("2_more", "CREATE TABLE more (id)")]);
    let status = pool.shared_migration_status(shared()).await.unwrap();
    assert_eq!(
        (status.applied.len(), status.pending),
        (0, vec!["1".to_owned(), "2".to_owned()])
    );
    assert!(!folder.path().join("public.db").exists());
    pool.migrate_shared(migrations(&[("1_users", SHARED), ("3_gone", "CREATE TABLE gone (id)")]))
        .await
        .unwrap();
    let status = pool.shared_migration_status(shared()).await.unwrap();
    assert_eq!(status.applied, ["1", "3"]);
    assert_eq!(
        (status.pending, status.unknown),
        (vec!["2".to_owned()], vec!["3".to_owned()])
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let store = Store::new().await;
    fs::write(
        store.folder.path().join("notes.db"),
        "no database at all, but a text of some length".repeat(99),
    )
    .unwrap();
    let error = store.pool.migration_status(tenant_migrations()).await.unwrap_err();
    let FleetError::Files(source) = error else {
        panic!("{error}")
    };
    assert!(source.to_string().contains("notes.db is not a database"), "{source}");
    let status = store
        .pool
        .migration_status(tenant_migrations())
        .only(["client1"])
        .await
        .unwrap();
    assert_eq!(status.tenants.len(), 1);
}

#[tokio::test]
#[ignore = "makes 10,000 files: the figure in docs/sqlite.md"]
async fn ten_thousand_files_are_looked_at_in_seconds() {
    let store = Store::new().await;
    let template = fs::read(store.folder.path().join("client1.db")).unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    for number in 0..10_000 {
        let path = store.folder.path().join(format!("t{number}.db"));
        fs::write(&path, &template).unwrap();
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    let begun = Instant::now();
    let status = store.pool.migration_status(tenant_migrations()).await.unwrap();
    assert_eq!(status.tenants.len(), 10_002);
    println!("{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(60), "also on a busy machine");
}
