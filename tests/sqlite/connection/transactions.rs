use std::time::Duration;

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::PoolableConnection};
use diesel_tenants::{TenantConnection, sqlite::AsyncSqliteConnection};
use tokio::time::timeout;

use super::prices;
use crate::{
    files::{Files, data_version, is_locked},
    tables::{Item, items, users},
};

type Tenant = TenantConnection<AsyncSqliteConnection>;

/// Long enough for everything that doesn't wait for a lock.
const SOON: Duration = Duration::from_secs(5);

async fn set_price(conn: &mut Tenant, price: i32) -> QueryResult<usize> {
    diesel::update(items::table.find(1))
        .set(items::price.eq(price))
        .execute(conn)
        .await
}

#[tokio::test]
async fn a_transaction_and_its_savepoints_keep_what_is_committed() {
    let conn = &mut Files::new().tenant("client1").await;
    conn.transaction::<_, Error, _>(async |conn| {
        set_price(conn, 5).await?;
        let inner = conn.transaction::<(), Error, _>(async |conn| {
            set_price(conn, 6).await?;
            Err(Error::RollbackTransaction)
        });
        assert_eq!(inner.await, Err(Error::RollbackTransaction));
        conn.transaction::<_, Error, _>(async |conn| {
            diesel::insert_into(items::table)
                .values(Item::new(2, "", 7))
                .execute(conn)
                .await
        })
        .await
    })
    .await
    .unwrap();
    assert_eq!(prices(conn).await.unwrap(), [5, 7]);
    let failed = conn.transaction::<(), Error, _>(async |conn| {
        set_price(conn, 8).await?;
        Err(Error::NotFound)
    });
    assert_eq!(failed.await, Err(Error::NotFound));
    assert_eq!(prices(conn).await.unwrap(), [5, 7]);
    assert!(!conn.is_broken());
}

#[tokio::test]
async fn writers_of_one_tenant_queue_even_if_they_read_first() {
    let files = Files::new();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let mut conn = files.tenant("client1").await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                conn.transaction::<_, Error, _>(async |conn| {
                    let price: i32 = items::table.find(1).select(items::price).get_result(conn).await?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    set_price(conn, price + 1).await
                })
                .await
                .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(prices(&mut files.tenant("client1").await).await.unwrap(), [21]);
}

#[tokio::test]
async fn a_transaction_locks_its_tenants_file_only_and_no_reader() {
    let files = Files::new();
    let (writer, reader) = (&mut files.tenant("client1").await, &mut files.tenant("client1").await);
    let other = &mut files.tenant("client2").await;
    writer
        .transaction::<_, Error, _>(async |writer| {
            set_price(writer, 50).await?;
            assert_eq!(timeout(SOON, prices(reader)).await.unwrap()?, [1]);
            let written = other.transaction::<_, Error, _>(async |other| {
                diesel::insert_into(users::table)
                    .values(users::name.eq("Bob"))
                    .execute(other)
                    .await?;
                set_price(other, 60).await
            });
            assert_eq!(timeout(SOON, written).await.unwrap()?, 1);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(prices(reader).await.unwrap(), [50]);
    assert_eq!(prices(other).await.unwrap(), [60]);
}

#[tokio::test]
async fn the_lock_changes_nothing_in_the_file() {
    let files = Files::new();
    let conn = &mut files.tenant("client1").await;
    let mut watcher = files.plain("client1");
    let mut version = || data_version(&mut watcher);
    let before = version();
    conn.transaction::<_, Error, _>(async |conn| prices(conn).await)
        .await
        .unwrap();
    assert_eq!(version(), before);
    conn.transaction::<_, Error, _>(async |conn| set_price(conn, 9).await)
        .await
        .unwrap();
    assert_ne!(version(), before);
}

#[tokio::test]
async fn a_connection_that_only_reads_begins_without_a_lock() {
    let files = Files::new();
    let writer = &mut files.tenant("client1").await;
    let reader = files.open(&["public", "client1"]).await;
    let reader = &mut TenantConnection::new(reader, writer.map().clone());
    writer
        .transaction::<_, Error, _>(async |writer| {
            set_price(writer, 50).await?;
            let read = reader.transaction::<_, Error, _>(async |reader| prices(reader).await);
            assert_eq!(timeout(SOON, read).await.unwrap()?, [1]);
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn immediate_and_exclusive_transactions_lock_all_files() {
    let files = Files::new();
    let conn = &mut files.tenant("client1").await;
    let mut other = files.plain("public");
    let mut is_locked = || is_locked(&mut other);
    assert!(!is_locked());
    conn.immediate_transaction::<_, Error, _>(async |conn| {
        assert!(is_locked());
        let nested = conn.immediate_transaction::<(), Error, _>(async |_| Ok(()));
        assert_eq!(nested.await, Err(Error::AlreadyInTransaction));
        set_price(conn, 5).await
    })
    .await
    .unwrap();
    assert!(!is_locked());
    let failed = conn.exclusive_transaction::<(), Error, _>(async |conn| {
        assert!(is_locked());
        set_price(conn, 6).await?;
        Err(Error::RollbackTransaction)
    });
    assert_eq!(failed.await, Err(Error::RollbackTransaction));
    assert_eq!(prices(conn).await.unwrap(), [5]);
    let inner = &mut files.open(&["client1"]).await;
    inner
        .immediate_transaction::<_, Error, _>(async |inner| inner.batch_execute("DELETE FROM client1.orders").await)
        .await
        .unwrap();
}

#[tokio::test]
async fn after_sqlite_rolled_back_nothing_runs_until_the_transaction_ends() {
    let conn = &mut Files::new().tenant("client1").await;
    let ended = conn.transaction::<(), Error, _>(async |conn| {
        set_price(conn, 5).await?;
        let conflict = diesel::sql_query("INSERT OR ROLLBACK INTO items VALUES (1, 'again', 1)")
            .execute(conn)
            .await;
        assert!(matches!(
            conflict,
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
        ));
        let refused = set_price(conn, 6).await.unwrap_err();
        assert!(refused.to_string().contains("rolled the transaction back"), "{refused}");
        let nested = conn
            .transaction::<_, Error, _>(async |conn| set_price(conn, 7).await)
            .await;
        assert!(nested.is_err());
        Ok(())
    });
    assert!(
        ended
            .await
            .unwrap_err()
            .to_string()
            .contains("rolled the transaction back")
    );
    assert!(!conn.is_broken());
    assert_eq!(prices(conn).await.unwrap(), [1]);
    // An error that leaves the transaction open stops nothing.
    conn.transaction::<_, Error, _>(async |conn| {
        let conflict = diesel::insert_into(items::table)
            .values(Item::new(1, "again", 1))
            .execute(conn)
            .await;
        assert!(conflict.is_err());
        set_price(conn, 8).await
    })
    .await
    .unwrap();
    assert_eq!(prices(conn).await.unwrap(), [8]);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_no_transaction_open() {
    let conn = &mut Files::new().tenant("client1").await;
    conn.batch_execute(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY);
        CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
    )
    .await
    .unwrap();
    let failed =
        conn.transaction::<_, Error, _>(async |conn| conn.batch_execute("INSERT INTO children VALUES (1)").await);
    assert!(matches!(
        failed.await,
        Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
    ));
    assert!(!conn.is_broken());
    conn.transaction::<_, Error, _>(async |conn| set_price(conn, 8).await)
        .await
        .unwrap();
    assert_eq!(prices(conn).await.unwrap(), [8]);
}

#[tokio::test]
async fn a_transaction_begun_by_hand_is_noticed() {
    let files = Files::new();
    let mut conn = files.open(&["client1"]).await;
    conn.batch_execute("BEGIN").await.unwrap();
    assert!(conn.is_broken());
    conn.batch_execute("COMMIT").await.unwrap();
    assert!(!conn.is_broken());
    let ended = conn
        .transaction::<_, Error, _>(async |conn| conn.batch_execute("ROLLBACK").await)
        .await;
    assert!(ended.unwrap_err().to_string().contains("rolled the transaction back"));
    assert!(!conn.is_broken());
    diesel::sql_query("begin").execute(&mut conn).await.unwrap();
    assert!(conn.is_broken());
    let conn = &mut files.tenant("client1").await;
    assert!(!conn.is_broken());
    conn.batch_execute("SAVEPOINT a").await.unwrap();
    assert!(conn.is_broken());
}
