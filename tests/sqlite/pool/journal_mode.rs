//! Tenants' files that another program has turned to a rollback journal. A connection holds no lock on such a file
//! between its statements.

use std::time::Duration;

use diesel::{Connection, SqliteConnection, connection::SimpleConnection, prelude::*, sql_types::Text};
use diesel_tenants::{CheckoutError, LifecycleError, Sqlite, SqliteFolder, TenantPool, blocking};

use super::store::{Store, prices, tenant_migrations};
use crate::tables::items;

#[derive(QueryableByName)]
struct Mode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

fn plain(store: &Store, tenant: &str) -> SqliteConnection {
    let path = store.folder.path().join(format!("{tenant}.db"));
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// A store in which another program has changed the mode of a tenant's file.
async fn changed(tenant: &str) -> Store {
    let store = Store::new().await;
    store.pool.close();
    let begun = std::time::Instant::now();
    let mut connection = plain(&store, tenant);
    while connection.batch_execute("PRAGMA journal_mode = DELETE").is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(mode(&mut connection), "delete");
    drop(connection);
    let folder = SqliteFolder::new(store.folder.path());
    Store {
        pool: TenantPool::builder(folder).build().await.unwrap(),
        ..store
    }
}

fn mode(connection: &mut SqliteConnection) -> String {
    let mode = diesel::sql_query("PRAGMA journal_mode");
    diesel::RunQueryDsl::get_result::<Mode>(mode, connection)
        .unwrap()
        .journal_mode
}

#[tokio::test]
async fn such_a_file_is_not_dropped_or_renamed_while_a_checkout_has_it() {
    let store = changed("client1").await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(mode(&mut plain(&store, "client1")), "wal");
    let other = store.other().await;
    let wait = Duration::from_millis(100);
    let dropped = other.drop_tenant("client1").wait(wait).await;
    assert!(matches!(dropped, Err(LifecycleError::Files { .. })), "{dropped:?}");
    let renamed = other.rename_tenant("client1", "client3").wait(wait).await;
    assert!(matches!(renamed, Err(LifecycleError::Files { .. })), "{renamed:?}");
    let prices_now = items::table.select(items::price);
    let read = diesel_async::RunQueryDsl::load::<i32>(prices_now, &mut conn).await;
    assert_eq!(read.unwrap(), [5000]);
    drop(conn);
    other.drop_tenant("client1").await.unwrap();
    other.create_tenant("client1", tenant_migrations()).await.unwrap();
    assert_eq!(prices(&store.pool, "client1").await, [0; 0]);
}

#[test]
fn the_same_holds_without_async() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(changed("client1"));
    let folder = SqliteFolder::new(store.folder.path());
    let pool: blocking::TenantPool<Sqlite> = blocking::TenantPool::builder(folder).build().unwrap();
    let conn = pool.for_tenant("client1").get().unwrap();
    let dropped = store.pool.drop_tenant("client1").wait(Duration::from_millis(100));
    let dropped = runtime.block_on(dropped.into_future());
    assert!(matches!(dropped, Err(LifecycleError::Files { .. })), "{dropped:?}");
    drop(conn);
}

#[tokio::test]
async fn a_checkout_that_may_only_read_refuses_such_a_file() {
    let store = changed("client1").await;
    let refused = store.pool.for_tenant("client1").read_only().get().await;
    let error = refused.err().unwrap();
    assert!(matches!(error, CheckoutError::Files { .. }), "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    let message = format!("{source} {:?}", source.source());
    assert!(
        message.contains("is not in WAL mode") || message.contains("NotInWalMode"),
        "{message}"
    );
    // A checkout that may write turns it.
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
    store.pool.for_tenant("client1").read_only().get().await.unwrap();
}
