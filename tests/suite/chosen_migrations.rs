use diesel_tenants::{
    LifecycleError, TenantPool,
    migrations::{ChosenMigrations, NoMigrations},
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    (pool, database)
}

fn three() -> Folder {
    Folder::of(&[
        ("001_orders", "CREATE TABLE orders (id int)", "DROP TABLE orders"),
        (
            "2026-11-21-000002_billing",
            "CREATE TABLE bills (id int)",
            "DROP TABLE bills",
        ),
        ("003_items", "CREATE TABLE items (id int)", "DROP TABLE items"),
    ])
}

fn tables(database: &Database) -> Vec<String> {
    let sql =
        "SELECT tablename FROM pg_tables WHERE schemaname = 'client1' AND tablename NOT LIKE '\\_\\_%' ORDER BY 1";
    database.values(sql)
}

#[tokio::test]
async fn a_tenant_without_tables_gets_them_later() {
    let (pool, database) = empty().await;
    assert!(pool.create_tenant("client1", NoMigrations).await.unwrap().is_empty());
    assert!(pool.tenant_exists("client1").await.unwrap());
    assert_eq!(
        pool.tenants().await.unwrap().len(),
        1,
        "it is listed, without any table of its own"
    );
    assert_eq!(tables(&database), [""; 0]);
    pool.migrate_tenant("client1", three().migrations()).await.unwrap();
    assert_eq!(tables(&database), ["bills", "items", "orders"]);
}

#[tokio::test]
async fn a_tenant_gets_the_versions_chosen_and_the_rest_stays_pending() {
    let (pool, database) = empty().await;
    let folder = three();
    let some = ChosenMigrations::with_versions(folder.migrations(), ["2026-11-21-000002", "001"]);
    let applied = pool.create_tenant("client1", some).await.unwrap();
    let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    assert_eq!(applied, ["001", "20261121000002"]);
    assert_eq!(tables(&database), ["bills", "orders"]);
    let pending = pool.pending_tenant("client1", folder.migrations()).await.unwrap();
    assert_eq!(pending.len(), 1);
}

#[tokio::test]
async fn migrations_are_chosen_by_their_names() {
    let (pool, database) = empty().await;
    let folder = three();
    let some = ChosenMigrations::matching(folder.migrations(), |name| !name.to_string().ends_with("billing"));
    pool.create_tenant("client1", some).await.unwrap();
    assert_eq!(tables(&database), ["items", "orders"]);
}

#[tokio::test]
async fn a_version_that_is_in_no_migration_is_an_error_and_no_tenant_is_made() {
    let (pool, _database) = empty().await;
    let folder = three();
    let some = ChosenMigrations::with_versions(folder.migrations(), ["001", "004"]);
    let error = pool.create_tenant("client1", some).await.unwrap_err();
    assert!(matches!(error, LifecycleError::Tables { .. }), "{error:?}");
    let message = chain(&error);
    assert!(
        message.ends_with("version \"004\" was chosen, and the source has no migration of that version"),
        "{message}"
    );
    assert!(!pool.tenant_exists("client1").await.unwrap());
}
