mod interrupted;

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, LifecycleError, Placement, Sqlite, SqliteFolder, SqlitePoolBuilder, TenantPool, TenantStatus,
    directory::{DirectoryTables, FixedDirectory},
};
use diesel_tenants_test_support::chain;

use super::store::{self, Store, prices, tenant_migrations};
use crate::tables::items;

/// A store whose tenants are in the directory, with a pool that knows it.
async fn with_directory(options: impl FnOnce(SqlitePoolBuilder) -> SqlitePoolBuilder) -> Store {
    let Store { pool, folder } = Store::new().await;
    pool.prepare_directory().await.unwrap();
    pool.prepare_directory().await.unwrap();
    let builder = TenantPool::builder(SqliteFolder::new(folder.path())).directory(DirectoryTables::new());
    let pool = options(builder).build().await.unwrap();
    let store = Store { pool, folder };
    run(
        &store.pool,
        "INSERT INTO public.tenants (name, schema_name) VALUES ('client1', 'client1'), ('client2', 'client2');
         INSERT INTO public.domains (domain, tenant) VALUES ('cars.example.org', 'client1')",
    )
    .await
    .unwrap();
    store
}

fn at_once(builder: SqlitePoolBuilder) -> SqlitePoolBuilder {
    builder.reuse_after(Duration::ZERO)
}

async fn run(pool: &TenantPool<Sqlite>, sql: &str) -> QueryResult<()> {
    pool.shared().get().await.unwrap().batch_execute(sql).await
}

/// Name, place and status of each entry.
async fn entries(store: &Store) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Entry {
        #[diesel(sql_type = diesel::sql_types::Text)]
        entry: String,
    }

    let sql = "SELECT name || ' ' || schema_name || ' ' || status AS entry FROM public.tenants ORDER BY name";
    let mut conn = store.pool.shared().get().await.unwrap();
    let entries: Vec<Entry> = diesel::sql_query(sql).load(&mut conn).await.unwrap();
    entries.into_iter().map(|row| row.entry).collect()
}

async fn error_of(pool: &TenantPool<Sqlite>, tenant: &str) -> CheckoutError {
    pool.for_tenant(tenant).get().await.unwrap_err()
}

async fn domain(pool: &TenantPool<Sqlite>) -> Option<String> {
    let tenant = pool.tenant_of_domain("Cars.Example.org.").await.unwrap();
    tenant.map(|tenant| tenant.to_string())
}

#[tokio::test]
async fn every_operation_is_in_the_directory() {
    let store = with_directory(at_once).await;
    let pool = &store.pool;
    assert_eq!(domain(pool).await.as_deref(), Some("client1"));
    pool.rename_tenant("client1", "client9").await.unwrap();
    assert_eq!(domain(pool).await.as_deref(), Some("client9"));
    pool.suspend_tenant("client2").await.unwrap();
    pool.create_tenant("client3", tenant_migrations()).await.unwrap();
    pool.clone_tenant("client9", "client4").await.unwrap();
    assert_eq!(
        entries(&store).await,
        [
            "client2 client2 suspended",
            "client3 client3 active",
            "client4 client4 active",
            "client9 client9 active"
        ]
    );
    assert_eq!(prices(pool, "client9").await, [5000]);
    assert_eq!(prices(pool, "client4").await, [5000]);
    assert!(matches!(
        error_of(pool, "client1").await,
        CheckoutError::UnknownTenant { .. }
    ));
    assert!(matches!(
        error_of(pool, "client2").await,
        CheckoutError::SuspendedTenant { .. }
    ));
    pool.resume_tenant("client2").await.unwrap();
    let archive = pool.archive_tenant("client2").await.unwrap();
    assert!(matches!(
        error_of(pool, "client2").await,
        CheckoutError::UnknownTenant { .. }
    ));
    pool.restore_tenant(&archive, "client5").await.unwrap();
    assert_eq!(prices(pool, "client5").await, [1000]);
    let archive = pool.archive_tenant("client5").await.unwrap();
    assert_eq!(pool.drop_archived(Duration::ZERO).await.unwrap().dropped.len(), 1);
    assert!(pool.restore_tenant(&archive, "client5").await.is_err());
    pool.drop_tenant("client4").await.unwrap();
    assert_eq!(
        entries(&store).await,
        ["client3 client3 active", "client9 client9 active"]
    );
    let tenants = pool.tenants().await.unwrap();
    let tenants: Vec<_> = tenants
        .iter()
        .map(|tenant| (tenant.name.as_str(), tenant.status))
        .collect();
    assert_eq!(
        tenants,
        [("client3", TenantStatus::Active), ("client9", TenantStatus::Active)]
    );
    // What fails leaves nothing behind.
    assert!(pool.create_tenant("client6", store::Unreadable).await.is_err());
    let taken = pool.create_tenant("client9", tenant_migrations()).await;
    assert!(matches!(taken, Err(LifecycleError::AlreadyExists { .. })));
    assert!(pool.rename_tenant("client9", "client3").await.is_err());
    let held = pool.for_tenant("client9").get().await.unwrap();
    for wait in [Duration::ZERO, Duration::from_millis(20)] {
        assert!(pool.rename_tenant("client9", "client8").wait(wait).await.is_err());
        assert!(pool.drop_tenant("client9").wait(wait).await.is_err());
        assert!(pool.archive_tenant("client9").wait(wait).await.is_err());
    }
    drop(held);
    assert_eq!(entries(&store).await.len(), 2);
    assert_eq!(prices(pool, "client9").await, [5000]);
    assert!(pool.archived_tenants().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pool_that_would_not_tell_the_directory_refuses_and_a_file_without_an_entry_is_no_tenant() {
    let store = with_directory(at_once).await;
    let other = store.other().await;
    let builder = TenantPool::builder(SqliteFolder::new(store.folder.path())).directory_tables_if_found();
    let found = builder.build().await.unwrap();
    assert_eq!(domain(&found).await.as_deref(), Some("client1"));
    for refused in [
        other.drop_tenant("client1").await,
        other.rename_tenant("client1", "client3").await,
        other.suspend_tenant("client1").await,
        other.create_tenant("client3", tenant_migrations()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(LifecycleError::DirectoryIgnored { .. })));
    }
    run(&store.pool, "DELETE FROM public.tenants WHERE name = 'client2'")
        .await
        .unwrap();
    assert!(matches!(
        error_of(&store.pool, "client2").await,
        CheckoutError::UnknownTenant { .. }
    ));
    // It may be anybody's.
    for refused in [
        store.pool.create_tenant("client2", tenant_migrations()).await,
        store.pool.ensure_tenant("client2", tenant_migrations()).await,
        store
            .pool
            .rename_tenant("client1", "client2")
            .await
            .map(|()| Vec::new()),
    ] {
        assert!(
            matches!(refused, Err(LifecycleError::AlreadyExists { .. })),
            "{refused:?}"
        );
    }
    store.pool.drop_tenant("client2").await.unwrap();
    store.pool.ensure_tenant("client2", tenant_migrations()).await.unwrap();
    assert!(prices(&store.pool, "client2").await.is_empty());
}

#[tokio::test]
async fn a_name_to_which_domains_led_stays_closed_while_a_process_may_remember_them() {
    let store = with_directory(|builder| builder).await;
    store.pool.rename_tenant("client1", "client9").await.unwrap();
    let error = store
        .pool
        .create_tenant("client1", tenant_migrations())
        .await
        .unwrap_err();
    assert!(matches!(error, LifecycleError::LeftLately { .. }), "{}", chain(&error));
    // The application's own SQL is held to it too.
    let by_hand = run(
        &store.pool,
        "INSERT INTO public.tenants (name, schema_name) VALUES ('client1', 'client1')",
    );
    assert!(by_hand.await.is_err());
    // Nobody's domains led there.
    store.pool.rename_tenant("client2", "client8").await.unwrap();
    store.pool.create_tenant("client2", tenant_migrations()).await.unwrap();
    // Back is always possible.
    store.pool.rename_tenant("client9", "client1").await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn no_two_tenants_have_one_place_and_other_kinds_of_places_are_refused() {
    let store = with_directory(at_once).await;
    let pool = &store.pool;
    let taken = run(
        pool,
        "INSERT INTO public.tenants (name, schema_name) VALUES ('thief', 'client1')",
    )
    .await;
    assert!(taken.is_err());
    run(
        pool,
        "INSERT INTO public.tenants (name, schema_name, tenant_id, database_name) VALUES
            ('rows', NULL, '42', NULL), ('shard', 'client1', NULL, 'shard1'), ('shared', 'public', NULL, NULL)",
    )
    .await
    .unwrap();
    assert!(matches!(
        error_of(pool, "rows").await,
        CheckoutError::NoRowSecurity { .. }
    ));
    assert!(matches!(error_of(pool, "shard").await, CheckoutError::Database { .. }));
    assert!(matches!(
        error_of(pool, "shared").await,
        CheckoutError::Directory { .. }
    ));
    for tenant in ["rows", "shard", "shared"] {
        let refused = pool.drop_tenant(tenant).await;
        assert!(matches!(refused, Err(LifecycleError::Elsewhere { .. })), "{refused:?}");
    }
    assert_eq!(prices(pool, "client1").await, [5000]);
    // A tenant in a file of another name can be used.
    run(pool, "UPDATE public.tenants SET name = 'shop' WHERE name = 'client2'")
        .await
        .unwrap();
    assert_eq!(prices(pool, "shop").await, [1000]);
    let dropped = pool.drop_tenant("client2").await;
    assert!(
        matches!(dropped, Err(LifecycleError::OthersSchema { .. })),
        "{dropped:?}"
    );
}

#[tokio::test]
async fn a_fixed_directory_says_which_files_are_whose() {
    let directory = FixedDirectory::new()
        .with("shop", Placement::schema("client1".parse().unwrap()))
        .and_then(|directory| directory.with("small", Placement::rows("42")))
        .and_then(|directory| directory.with_domain("cars.example.org", "shop"))
        .unwrap();
    let Store { folder, .. } = Store::new().await;
    let builder = TenantPool::builder(SqliteFolder::new(folder.path())).directory(directory);
    let pool = builder.build().await.unwrap();
    assert_eq!(prices(&pool, "shop").await, [5000]);
    assert_eq!(domain(&pool).await.as_deref(), Some("shop"));
    for unknown in ["client1", "client2"] {
        assert!(matches!(
            error_of(&pool, unknown).await,
            CheckoutError::UnknownTenant { .. }
        ));
    }
    assert!(matches!(
        error_of(&pool, "small").await,
        CheckoutError::NoRowSecurity { .. }
    ));
}

#[tokio::test]
async fn another_process_sees_a_change() {
    let store = with_directory(at_once).await;
    let other = TenantPool::builder(SqliteFolder::new(store.folder.path()))
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    assert_eq!(domain(&other).await.as_deref(), Some("client1"));
    assert_eq!(prices(&other, "client2").await, [1000]);
    store.pool.rename_tenant("client1", "client9").await.unwrap();
    run(
        &store.pool,
        "UPDATE public.tenants SET status = 'suspended' WHERE name = 'client2'",
    )
    .await
    .unwrap();
    let started = std::time::Instant::now();
    while domain(&other).await.as_deref() != Some("client9")
        || !matches!(
            other.for_tenant("client2").get().await,
            Err(CheckoutError::SuspendedTenant { .. })
        )
    {
        assert!(started.elapsed() < Duration::from_secs(10), "never seen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut conn = other.for_tenant("client9").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(1));
}
