//! A pool without the directory that its database has.

use diesel_tenants::{LifecycleError, TenantPool, directory::DirectoryTables, migrations::NoMigrations};
use diesel_tenants_test_support::Server;

use crate::store::chain;

#[tokio::test]
async fn a_pool_that_would_not_tell_the_directory_of_its_database_changes_no_tenant() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .directory_tables_if_found()
        .build()
        .await
        .unwrap();
    pool.create_tenant("before", NoMigrations).await.unwrap();
    pool.prepare_directory().await.unwrap();
    database.run("INSERT INTO public.tenants (name, schema_name) VALUES ('before', 'before')");

    let refused = |error: LifecycleError| {
        assert!(matches!(error, LifecycleError::DirectoryIgnored { .. }), "{error:?}");
        let told = chain(&error);
        assert!(
            told.contains("this database has a directory, the tables `tenants` and `domains` in schema \"public\""),
            "{told}"
        );
        assert_eq!(database.schemas(), ["before"]);
    };
    refused(pool.create_tenant("client1", NoMigrations).await.unwrap_err());
    refused(pool.ensure_tenant("client1", NoMigrations).await.unwrap_err());
    refused(pool.rename_tenant("before", "after").await.unwrap_err());
    refused(pool.suspend_tenant("before").await.unwrap_err());
    refused(pool.resume_tenant("before").await.unwrap_err());
    refused(pool.archive_tenant("before").await.unwrap_err());
    refused(pool.drop_tenant("before").await.unwrap_err());
    assert!(chain(&pool.clone_tenant("before", "client1").await.unwrap_err()).contains("has a directory"));
    let mut exported = Vec::new();
    pool.export_tenant("before").to(&mut exported).await.unwrap();
    let error = pool.import_tenant("client1").from(&exported[..]).await.unwrap_err();
    assert!(chain(&error).contains("has a directory"), "{error}");
    assert_eq!(database.schemas(), ["before"]);

    let told = TenantPool::builder(database.url())
        .directory_tables_if_found()
        .build()
        .await
        .unwrap();
    told.rename_tenant("before", "after").await.unwrap();
    let also = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    also.for_tenant("after").get().await.unwrap();
    assert_eq!(
        database.values("SELECT name || schema_name FROM public.tenants"),
        ["afterafter"]
    );
}

#[tokio::test]
async fn a_table_of_the_applications_that_is_called_tenants_too_is_no_directory() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.tenants (id int PRIMARY KEY, name text NOT NULL, status text NOT NULL)");
    let pool = TenantPool::builder(database.url())
        .directory_tables_if_found()
        .build()
        .await
        .unwrap();
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    assert!(database.values("SELECT name FROM public.tenants").is_empty());
}
