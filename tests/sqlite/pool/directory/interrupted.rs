//! What a crash leaves after each step of an operation, made by hand.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    CheckoutError, LifecycleError, SqliteFolder, TenantPool, directory::DirectoryTables, migrations::NoMigrations,
};
use diesel_tenants_test_support::chain;

use super::{
    super::store::{prices, tenant_migrations},
    at_once, domain, entries, error_of, run, with_directory,
};

#[tokio::test]
async fn the_same_call_finishes_what_was_interrupted() {
    let store = with_directory(at_once).await;
    let pool = &store.pool;
    let path = |name: &str| store.folder.path().join(format!("{name}.db"));
    let forget = async || {
        // As a process that begins knows nothing.
        TenantPool::builder(SqliteFolder::new(store.folder.path()))
            .directory(DirectoryTables::new())
            .reuse_after(Duration::ZERO)
            .build()
            .await
            .unwrap()
    };

    // A creation, without its file and with it. The file is made anew: nobody knows whose rows it has.
    run(
        pool,
        "INSERT INTO public.tenants (name, schema_name, status) VALUES ('client3', 'client3', 'unfinished')",
    )
    .await
    .unwrap();
    assert!(matches!(
        error_of(&forget().await, "client3").await,
        CheckoutError::UnknownTenant { .. }
    ));
    pool.ensure_tenant("client3", tenant_migrations()).await.unwrap();
    let mut conn = pool.for_tenant("client3").get().await.unwrap();
    conn.batch_execute("INSERT INTO items VALUES (1, '', 3)").await.unwrap();
    drop(conn);
    run(
        pool,
        "UPDATE public.tenants SET status = 'unfinished' WHERE name = 'client3'",
    )
    .await
    .unwrap();
    pool.create_tenant("client3", tenant_migrations()).await.unwrap();
    assert!(prices(pool, "client3").await.is_empty());

    // A drop, whose file is gone.
    std::fs::remove_file(path("client3")).unwrap();
    let fresh = forget().await;
    assert!(matches!(
        error_of(&fresh, "client3").await,
        CheckoutError::MissingSchema { .. }
    ));
    let ensured = fresh.ensure_tenant("client3", tenant_migrations()).await.unwrap_err();
    assert!(chain(&ensured).contains("repeat the rename"), "{}", chain(&ensured));
    assert!(fresh.rename_tenant("client1", "client3").await.is_err());
    fresh.drop_tenant("client3").await.unwrap();
    assert!(matches!(
        fresh.drop_tenant("client3").await,
        Err(LifecycleError::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_rename_that_was_interrupted_shows_nobody_the_file_and_is_finished_by_the_same_call() {
    // Before the entry is changed, and after that.
    for is_renamed in [false, true] {
        let store = with_directory(at_once).await;
        let pool = &store.pool;
        // The same file under its new name, as an archive of the old one: a pool without directory makes one.
        let archive = {
            run(pool, "ALTER TABLE public.tenants_state RENAME TO hidden")
                .await
                .unwrap();
            let plain = store.other().await;
            let archive = plain.archive_tenant("client1").await.unwrap();
            run(pool, "ALTER TABLE public.hidden RENAME TO tenants_state")
                .await
                .unwrap();
            archive
        };
        let name = store.folder.path().join("client9.db");
        let mut files = std::fs::read_dir(store.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let file = files
            .find(|path| {
                path.extension().is_some_and(|ending| ending == "db") && path.to_string_lossy().contains("archived")
            })
            .unwrap_or_else(|| panic!("no file of {archive}"));
        std::fs::rename(file, name).unwrap();
        if is_renamed {
            run(
                pool,
                "UPDATE public.tenants SET name = 'client9', schema_name = 'client9' WHERE name = 'client1'",
            )
            .await
            .unwrap();
        }
        for tenant in ["client1", "client9"] {
            let error = error_of(pool, tenant).await;
            assert!(
                matches!(
                    error,
                    CheckoutError::UnknownTenant { .. } | CheckoutError::MissingSchema { .. }
                ),
                "{error}"
            );
        }
        // No other call takes the file, or the name, away.
        let others = [
            pool.create_tenant("client9", NoMigrations).await.map(drop),
            pool.ensure_tenant("client9", NoMigrations).await.map(drop),
            pool.rename_tenant("client2", "client9").await,
        ];
        for other in others {
            assert!(other.is_err(), "renamed: {is_renamed}");
        }
        if !is_renamed {
            let dropped = pool.drop_tenant("client9").await;
            assert!(
                matches!(dropped, Err(LifecycleError::OthersSchema { .. })),
                "{dropped:?}"
            );
            assert_eq!(pool.drop_archived(Duration::ZERO).await.unwrap().failed.len(), 1);
        }
        pool.rename_tenant("client1", "client9").await.unwrap();
        assert_eq!(prices(pool, "client9").await, [5000]);
        assert_eq!(domain(pool).await.as_deref(), Some("client9"));
        assert_eq!(
            entries(&store).await,
            ["client2 client2 active", "client9 client9 active"]
        );
    }
}

#[tokio::test]
async fn an_archiving_that_was_interrupted_is_finished_by_the_same_call() {
    let store = with_directory(at_once).await;
    let pool = &store.pool;
    run(pool, "ALTER TABLE public.tenants_state RENAME TO hidden")
        .await
        .unwrap();
    let archive = store.other().await.archive_tenant("client1").await.unwrap();
    run(pool, "ALTER TABLE public.hidden RENAME TO tenants_state")
        .await
        .unwrap();
    assert!(matches!(
        error_of(pool, "client1").await,
        CheckoutError::MissingSchema { .. }
    ));
    assert_eq!(pool.drop_archived(Duration::ZERO).await.unwrap().failed.len(), 1);
    assert_eq!(pool.archive_tenant("client1").await.unwrap(), archive);
    assert!(matches!(
        error_of(pool, "client1").await,
        CheckoutError::UnknownTenant { .. }
    ));
    pool.restore_tenant(&archive, "client1").await.unwrap();
    assert_eq!(prices(pool, "client1").await, [5000]);
    assert_eq!(domain(pool).await.as_deref(), Some("client1"));
}
