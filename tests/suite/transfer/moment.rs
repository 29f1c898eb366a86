use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use diesel_tenants::{ExportError, LifecycleError, TenantPool};
use diesel_tenants_test_support::{Database, Server, chain};
use tokio::io::AsyncReadExt;

use super::{export, import};
use crate::{clone::strings, rich::shop};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_in_use_is_exported_as_of_one_moment() {
    let (pool, database) = shop().await;
    // Between the two in the order of copying there is one that takes a while.
    database.run(
        "CREATE SCHEMA client1; SET search_path = client1; CREATE TABLE one (id serial PRIMARY KEY); \
         CREATE TABLE filler AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 5000); \
         CREATE TABLE two (id int REFERENCES one)",
    );
    let url = database.url().to_owned();
    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let done = done.clone();
        async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let mut written = 0;
            while !done.load(Relaxed) {
                let write = "BEGIN; WITH n AS (INSERT INTO client1.one DEFAULT VALUES RETURNING id) \
                     INSERT INTO client1.two SELECT id FROM n; COMMIT";
                client.batch_execute(write).await.unwrap();
                written += 1;
            }
            written
        }
    });
    for number in 0..5 {
        let bytes = export(&pool, "client1").await;
        let tenant = format!("copy{number}");
        import(&pool, &tenant, &bytes).await;
        let sql = format!(
            "SELECT (SELECT count(*) FROM {tenant}.one) = (SELECT count(*) FROM {tenant}.two), \
             (SELECT last_value FROM {tenant}.one_id_seq) >= (SELECT coalesce(max(id), 0) FROM {tenant}.one)"
        );
        assert_eq!(strings(&database, &sql), ["t|t"], "{tenant}");
    }
    done.store(true, Relaxed);
    let written = writer.await.unwrap();
    assert!(written > 20, "nobody waited for the exports: {written}");
    let counts = strings(
        &database,
        "SELECT count(*) FROM copy0.one UNION ALL SELECT count(*) FROM copy4.one",
    );
    assert_ne!(counts[0], counts[1], "there were writes in between");
}

/// A tenant whose rows don't fit into what lies between the server and a writer.
async fn large() -> (TenantPool, Database) {
    let database = Server::shared().database();
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.a AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 20000); \
         CREATE TABLE client1.b (id int)",
    );
    let pool = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_millis(300))
        .build()
        .await
        .unwrap();
    (pool, database)
}

/// Does something in the middle of an export, and returns how that ends.
async fn meanwhile<T>(
    pool: &TenantPool,
    something: impl AsyncFnOnce() -> T,
) -> (T, Result<diesel_tenants::transfer::ExportReport, ExportError>) {
    let (writer, mut reader) = tokio::io::duplex(1024);
    let export = pool.export_tenant("client1").to(writer);
    let read = async {
        reader.read_exact(&mut vec![0; 200_000]).await.unwrap();
        let done = something().await;
        tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.unwrap();
        done
    };
    let (exported, done) = tokio::join!(export, read);
    (done, exported)
}

#[tokio::test]
async fn who_renames_drops_or_migrates_waits_for_the_export() {
    let (pool, _database) = large().await;
    pool.migrate_tenant("client1", diesel_tenants::migrations::NoMigrations)
        .await
        .unwrap();
    let (errors, exported) = meanwhile(&pool, async || {
        [
            pool.rename_tenant("client1", "client2").await.unwrap_err(),
            pool.drop_tenant("client1").await.unwrap_err(),
        ]
    })
    .await;
    exported.unwrap();
    for error in errors {
        assert!(
            matches!(error, LifecycleError::Locked { .. } | LifecycleError::InUse { .. }),
            "{error:?}"
        );
    }
    pool.rename_tenant("client1", "client2").await.unwrap();
}

#[tokio::test]
async fn a_tenant_renamed_by_hand_meanwhile_is_told_as_gone() {
    let (pool, database) = large().await;
    // Once with nobody of its name, once with another one: whose rows must not be taken for its own.
    for swap in [
        "ALTER SCHEMA client1 RENAME TO was_client1",
        "CREATE SCHEMA client1; CREATE TABLE client1.a (x text); CREATE TABLE client1.b AS SELECT 7 AS id; \
         ALTER SCHEMA client1 RENAME TO other; ALTER SCHEMA was_client1 RENAME TO client1",
    ] {
        if swap.starts_with("CREATE") {
            database.run(swap);
            let (_, exported) = meanwhile(&pool, async || {
                database.run("ALTER SCHEMA client1 RENAME TO was_client1; ALTER SCHEMA other RENAME TO client1");
            })
            .await;
            let error = exported.unwrap_err();
            assert!(matches!(error, ExportError::Gone { .. }), "{error:?}");
            continue;
        }
        let (_, exported) = meanwhile(&pool, async || database.run(swap)).await;
        let error = exported.unwrap_err();
        assert!(matches!(error, ExportError::Gone { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_export_waits_for_a_migration_of_its_tenant() {
    let (pool, database) = large().await;
    let (client, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let lock = "SELECT pg_advisory_lock(hashtextextended('diesel-tenants: migrations of \"client1\"', 0))";
    client.batch_execute(lock).await.unwrap();
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ExportError::Begin { .. }), "{error:?}");
    let bytes = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    };
    let (exported, ()) = tokio::join!(export(&pool, "client1"), bytes);
    client.batch_execute(&lock.replace("client1", "client2")).await.unwrap();
    let error = super::try_import(&pool, "client2", &exported).await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't import tenant \"client2\": a migration, or another operation on the tenant"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_whose_tables_are_emptied_all_the_time_is_exported_and_cloned_as_of_one_moment() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA client1; SET search_path = client1; CREATE TABLE emptied (id int); INSERT INTO emptied VALUES (7); \
         CREATE TABLE filler AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 500); CREATE VIEW seen AS SELECT id FROM emptied",
    );
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let (url, done) = (database.url().to_owned(), Arc::clone(&done));
            tokio::spawn(async move {
                let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                while !done.load(Relaxed) {
                    let empty = "BEGIN; TRUNCATE client1.emptied; INSERT INTO client1.emptied VALUES (7); COMMIT";
                    client.batch_execute(empty).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    for number in 0..5 {
        let exported = pool.export_tenant("client1").to(Vec::new());
        let exported = in_time(exported)
            .await
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(exported.rows, 501);
        let clone = format!("copy{number}");
        let cloned = in_time(pool.clone_tenant("client1", clone.as_str()).into_future()).await;
        cloned.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(database.values(&format!("SELECT id FROM {clone}.emptied")), ["7"]);
    }
    done.store(true, Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(40), work)
        .await
        .expect("it ends")
}
