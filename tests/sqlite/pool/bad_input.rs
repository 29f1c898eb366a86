use diesel_tenants::{BuildError, CheckoutError, SqliteFolder, TenantPool};
use diesel_tenants_test_support::chain;

use super::store::{Store, prices};

#[tokio::test]
async fn a_folder_that_can_not_be_used_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = TenantPool::builder(SqliteFolder::new(&missing))
        .build()
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("there is no folder") && chain(&error).contains("missing"),
        "{}",
        chain(&error)
    );
    assert!(!missing.exists());
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = TenantPool::builder(SqliteFolder::new(&file)).build().await.unwrap_err();
    assert!(chain(&error).contains("is not a folder"), "{}", chain(&error));
    TenantPool::builder(SqliteFolder::new(&missing))
        .create_folder()
        .build()
        .await
        .unwrap();
    assert!(missing.is_dir());
    let empty = TenantPool::builder(SqliteFolder::new(&missing))
        .max_size(0)
        .build()
        .await;
    assert!(matches!(empty, Err(BuildError::Empty)));
    let url = TenantPool::builder("sqlite:data").build().await;
    assert!(matches!(url, Err(BuildError::SqliteUrl)));
    assert_eq!("sqlite:data/x".parse(), Ok(SqliteFolder::new("data/x")));
    assert_eq!("sqlite:///data".parse(), Ok(SqliteFolder::new("/data")));
    assert!("postgres://localhost".parse::<SqliteFolder>().is_err());
}

#[tokio::test]
async fn a_tenants_file_that_is_no_database_is_an_error_that_names_it() {
    let store = Store::new().await;
    std::fs::write(
        store.folder.path().join("client3.db"),
        "This is a text, and not a database at all.",
    )
    .unwrap();
    let error = store.pool.for_tenant("client3").get().await.unwrap_err();
    assert!(chain(&error).contains("client3.db"), "{}", chain(&error));
    // It doesn't hide the others.
    assert_eq!(store.pool.tenants().await.unwrap().len(), 2);
    // An empty file has no version table: it is no tenant's.
    std::fs::write(store.folder.path().join("client4.db"), "").unwrap();
    let error = store.pool.for_tenant("client4").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn a_file_that_is_removed_under_way_is_an_unknown_tenant() {
    let store = Store::new().await;
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
    std::fs::remove_file(store.folder.path().join("client1.db")).unwrap();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}
