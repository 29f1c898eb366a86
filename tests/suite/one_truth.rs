//! A pool without the directory that its database has.

use diesel_tenants::{
    LifecycleError, Placement, SchemaName, TenantPool, directory::DirectoryTables, migrations::NoMigrations,
};
use diesel_tenants_test_support::{Server, chain};

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

#[tokio::test]
async fn a_shard_whose_tenants_the_directory_of_another_database_placed_does_not_let_them_be_taken_for_its_own() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    let pool = TenantPool::builder(main.url())
        .directory(DirectoryTables::new())
        .database("shard1", shard.url())
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    let name = |name: &str| name.parse::<SchemaName>().unwrap();
    let there = Placement::schema(name("placed")).in_database("shard1");
    pool.place_tenant("placed", there.clone(), NoMigrations).await.unwrap();
    pool.create_tenant("moved", NoMigrations).await.unwrap();
    let there = Placement::schema(name("moved")).in_database("shard1");
    pool.move_tenant("moved", there).await.unwrap();

    // As the command does that is pointed at the shard: its pool knows nothing of the directory.
    let pointed = TenantPool::builder(shard.url())
        .directory_tables_if_found()
        .build()
        .await
        .unwrap();
    let further = pool.using_database("shard1").pool().await.unwrap();
    pointed.create_tenant("its_own", NoMigrations).await.unwrap();
    let before = ["its_own", "moved", "placed"];
    for tenant in ["placed", "moved"] {
        let refused = |error: LifecycleError| {
            let told = chain(&error);
            let expected = "the directory of another database placed the tenant here, and would not learn of the change; use a pool of that database";
            assert!(told.contains(expected), "{told}");
            assert_eq!(shard.schemas(), before);
        };
        for pool in [&pointed, &further] {
            refused(pool.rename_tenant(tenant, "after").await.unwrap_err());
            refused(pool.suspend_tenant(tenant).await.unwrap_err());
            refused(pool.resume_tenant(tenant).await.unwrap_err());
            refused(pool.archive_tenant(tenant).await.unwrap_err());
        }
        refused(pointed.drop_tenant(tenant).await.unwrap_err());
        // Migrations are each database's own, and a tenant can be read.
        pointed.migrate_tenant(tenant, NoMigrations).await.unwrap();
        pool.for_tenant(tenant).get().await.unwrap();
    }
    pointed.drop_tenant("its_own").await.unwrap();

    // Where the directory is, everything goes on.
    pool.suspend_tenant("placed").await.unwrap();
    pool.resume_tenant("placed").await.unwrap();
    pool.rename_tenant("placed", "renamed").await.unwrap();
    pool.drop_tenant("renamed").await.unwrap();
    pool.move_tenant("moved", Placement::schema(name("moved")))
        .await
        .unwrap();
    pool.rename_tenant("moved", "at_home").await.unwrap();
    assert_eq!(main.schemas().iter().filter(|schema| *schema == "at_home").count(), 1);
    assert!(!shard.schemas().iter().any(|schema| before.contains(&&**schema)));
}
