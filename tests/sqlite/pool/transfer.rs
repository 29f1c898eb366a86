//! The export of one tenant, and its import into this folder or another one.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, LifecycleError, Sqlite, SqliteFolder, TenantPool,
    directory::DirectoryTables,
    transfer::{ExportError, FormatError, ImportError},
};
use diesel_tenants_test_support::chain;

use super::store::{Store, migrations, prices, tenant_migrations};
use crate::tables::{TENANT, items};

async fn export(pool: &TenantPool<Sqlite>, tenant: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let report = pool.export_tenant(tenant).to(&mut bytes).await.unwrap();
    assert_eq!(report.bytes, bytes.len() as u64);
    bytes
}

/// The files of the folder, without those that SQLite keeps beside an open one.
fn files(store: &Store) -> Vec<String> {
    let names = std::fs::read_dir(store.folder.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm") && name != ".locks")
        .collect();
    names.sort();
    names
}

const RICH: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB, length INTEGER AS (length(body)) STORED);
    INSERT INTO notes (id, body) VALUES (7, x'00ff'), (9, NULL);
    DELETE FROM notes WHERE id = 9;
    CREATE TABLE pairs (a TEXT, b REAL, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO pairs VALUES ('ä', 0.1), ('', -1e300);
    CREATE VIRTUAL TABLE texts USING fts5(text);
    INSERT INTO texts VALUES ('the quick brown fox');
    CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10;
    CREATE TRIGGER noted AFTER INSERT ON items BEGIN INSERT INTO notes (body) VALUES (NEW.description); END;
";

#[tokio::test]
async fn a_tenant_comes_back_as_it_was_under_another_name_in_another_folder() {
    let (store, other) = (Store::new().await, Store::new().await);
    let rich = || migrations(&[("1_tables", TENANT), ("2_rich", RICH)]);
    store.pool.migrate_tenant("client1", rich()).await.unwrap();
    store.pool.suspend_tenant("client1").await.unwrap();
    let mut bytes = Vec::new();
    let exported = store.pool.export_tenant("client1").to(&mut bytes).await.unwrap();
    // items, orders, notes, pairs and the version table.
    assert_eq!((exported.tables, exported.rows), (5, 1 + 1 + 2 + 2));
    assert_eq!(exported.versions.len(), 2);
    assert!(exported.versions.iter().all(|version| version.checksum.is_some()));

    let before = files(&other);
    let imported = other.pool.import_tenant("client9").from(&bytes[..]).await.unwrap();
    assert_eq!(imported.exported_as, "client1");
    assert_eq!((imported.tables, imported.rows), (exported.tables, exported.rows));
    assert_eq!(imported.versions, exported.versions);
    assert!(imported.server_version > 3_000_000);
    let mut after = before.clone();
    after.push("client9.db".to_owned());
    after.sort();
    assert_eq!(files(&other), after, "and nothing else is left");
    assert_eq!(files(&store), before);

    let error = other.pool.for_tenant("client9").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    other.pool.resume_tenant("client9").await.unwrap();
    assert_eq!(prices(&other.pool, "client9").await, [5000]);
    assert_eq!(other.pool.migrate_tenant("client9", rich()).await.unwrap(), []);
    let mut conn = other.pool.for_tenant("client9").get().await.unwrap();
    for holds in [
        "SELECT 1 FROM texts WHERE texts MATCH 'brown'",
        "SELECT 1 FROM notes WHERE id = 7 AND length = 2 AND body = x'00ff'",
        "SELECT 1 FROM pairs WHERE a = 'ä' AND b = 0.1",
        "INSERT INTO items VALUES (2, 'noted', 3) RETURNING 1",
        "SELECT 1 FROM notes WHERE id = 10 AND body = 'noted'",
        "SELECT 1 FROM cheap WHERE id = 2",
    ] {
        let found: Vec<One> = diesel::sql_query(holds).load(&mut conn).await.unwrap();
        assert_eq!(found.len(), 1, "{holds}");
    }
    drop(conn);
    // Beside its own, a folder takes it back under a new name only.
    store.pool.import_tenant("restored").from(&bytes[..]).await.unwrap();
    let error = store.pool.import_tenant("client1").from(&bytes[..]).await.unwrap_err();
    assert!(
        matches!(error, ImportError::Lifecycle(LifecycleError::AlreadyExists { .. })),
        "{error}"
    );
    store.pool.resume_tenant("client1").await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[derive(QueryableByName)]
struct One {}

#[tokio::test]
async fn an_export_is_as_of_one_moment_and_no_writer_waits_for_it() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("UPDATE items SET price = 500; INSERT INTO items VALUES (2, '', 500)")
        .await
        .unwrap();
    drop(conn);
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let pool = store.pool.clone();
    let writer = tokio::spawn(async move {
        let mut written = 0;
        while stopped.try_recv().is_err() {
            let mut conn = pool.for_tenant("client1").get().await.unwrap();
            let moved = conn.transaction::<_, diesel::result::Error, _>(async |conn| {
                for (id, change) in [(1, -1), (2, 1)] {
                    diesel::update(items::table.find(id))
                        .set(items::price.eq(items::price + change))
                        .execute(conn)
                        .await?;
                }
                Ok(())
            });
            moved.await.unwrap();
            written += 1;
        }
        written
    });
    for number in 0..5 {
        // A reader that takes little at a time.
        let (near, far) = tokio::io::duplex(1024);
        let name = format!("copy{number}");
        let (exported, imported) = tokio::join!(
            store.pool.export_tenant("client1").to(near),
            store.pool.import_tenant(&name).from(far)
        );
        exported.unwrap();
        imported.unwrap();
        assert_eq!(prices(&store.pool, &name).await.iter().sum::<i32>(), 1000);
    }
    stop.send(()).unwrap();
    assert!(writer.await.unwrap() > 0);
}

#[tokio::test]
async fn a_damaged_truncated_or_foreign_export_is_refused_and_leaves_nothing() {
    let store = Store::new().await;
    let bytes = export(&store.pool, "client1").await;
    let before = files(&store);
    let refused = async |bytes: &[u8]| {
        let error = store.pool.import_tenant("client3").from(bytes).await.unwrap_err();
        assert!(!store.pool.tenant_exists("client3").await.unwrap());
        assert_eq!(files(&store), before);
        match error {
            ImportError::Format { source, .. } => source,
            error => panic!("{}", chain(&error)),
        }
    };
    let every = bytes.len() / 60;
    let places = (0..200)
        .chain((200..bytes.len()).step_by(every))
        .chain(bytes.len() - 40..bytes.len());
    for at in places {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        refused(&damaged).await;
    }
    for length in (0..200)
        .chain((200..bytes.len()).step_by(every))
        .chain([bytes.len() - 1])
    {
        let error = refused(&bytes[..length]).await;
        assert!(
            matches!(error, FormatError::Truncated { .. } | FormatError::NotAnExport),
            "{length}: {error}"
        );
    }
    assert!(matches!(refused(b"SQLite format 3\0").await, FormatError::NotAnExport));
    // The beginning of an export of PostgreSQL.
    let payload = [
        &[0, 0, 0, 1][..],
        b"a",
        &170_004_u32.to_be_bytes(),
        &[0, 0, 0, 1],
        b"0",
        &[0],
    ]
    .concat();
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let postgres = [&bytes[..12], b"T", &length, &payload].concat();
    let error = refused(&postgres).await;
    assert!(
        matches!(
            error,
            FormatError::AnotherDatabase {
                exported_from: "PostgreSQL",
                ..
            }
        ),
        "{error}"
    );
    // What comes after an export is not read.
    let two = [&bytes[..], &bytes[..]].concat();
    let mut reader = &two[..];
    store.pool.import_tenant("client3").from(&mut reader).await.unwrap();
    assert_eq!(reader.len(), bytes.len());
    store.pool.import_tenant("client4").from(&mut reader).await.unwrap();
    assert_eq!(prices(&store.pool, "client4").await, [5000]);
}

#[tokio::test]
async fn a_dropped_future_leaves_nothing() {
    let store = Store::new().await;
    let bytes = export(&store.pool, "client1").await;
    let before = files(&store);
    for length in [20, 500, bytes.len() / 2, bytes.len() - 1] {
        let (mut near, far) = tokio::io::duplex(bytes.len());
        tokio::io::AsyncWriteExt::write_all(&mut near, &bytes[..length])
            .await
            .unwrap();
        let importing = store.pool.import_tenant("client3").from(far);
        let waited = tokio::time::timeout(Duration::from_millis(100), importing).await;
        assert!(waited.is_err(), "it waits for the rest");
        let (near, _far) = tokio::io::duplex(64);
        let exporting = store.pool.export_tenant("client1").to(near);
        let waited = tokio::time::timeout(Duration::from_millis(100), exporting).await;
        assert!(waited.is_err(), "nobody reads");
    }
    // What had begun on another thread ends by itself.
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while files(&store) != before && std::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(files(&store), before);
    // Neither keeps the tenants from being used and changed.
    store.pool.rename_tenant("client1", "client3").await.unwrap();
    store.pool.import_tenant("client1").from(&bytes[..]).await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn unknown_tenants_can_not_be_exported_and_archives_can() {
    let store = Store::new().await;
    let error = store.pool.export_tenant("nobody").to(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ExportError::UnknownTenant { .. }), "{error}");
    for name in ["public", "main", "Client1"] {
        let error = store.pool.export_tenant(name).to(Vec::new()).await.unwrap_err();
        assert!(matches!(error, ExportError::InvalidName(_)), "{error}");
        let error = store.pool.import_tenant(name).from(&[][..]).await.unwrap_err();
        assert!(matches!(error, ImportError::InvalidName(_)), "{error}");
    }
    store.pool.suspend_tenant("client1").await.unwrap();
    let archive = store.pool.archive_tenant("client1").await.unwrap();
    let bytes = export(&store.pool, archive.as_str()).await;
    store.pool.drop_tenant(&archive).await.unwrap();
    store.pool.import_tenant("client1").from(&bytes[..]).await.unwrap();
    store.pool.resume_tenant("client1").await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}

#[tokio::test]
async fn a_directory_learns_of_an_import() {
    let Store { pool, folder } = Store::new().await;
    pool.prepare_directory().await.unwrap();
    let builder = TenantPool::builder(SqliteFolder::new(folder.path())).directory(DirectoryTables::new());
    let pool = builder.build().await.unwrap();
    let store = Store { pool, folder };
    store.pool.create_tenant("known", tenant_migrations()).await.unwrap();
    let bytes = export(&store.pool, "known").await;
    let mut damaged = bytes.clone();
    damaged[bytes.len() - 1] ^= 1;
    assert!(store.pool.import_tenant("copy").from(&damaged[..]).await.is_err());
    assert!(store.pool.placement_of("copy").await.unwrap().is_none());
    store.pool.import_tenant("copy").from(&bytes[..]).await.unwrap();
    assert!(prices(&store.pool, "copy").await.is_empty());
    let tenants = store.pool.tenants().await.unwrap();
    let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names, ["copy", "known"]);
}
