use std::time::Duration;

use diesel::{prelude::*, result::Error, sql_types::Integer};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection, pooled_connection::PoolableConnection};

use super::prices;
use crate::{files::Files, tables::items};

#[diesel::declare_sql_function]
extern "SQL" {
    fn explode(number: Integer) -> Integer;
}

#[tokio::test]
async fn a_panic_on_the_thread_is_an_error_and_closes_the_connection() {
    let files = Files::new();
    let mut conn = files.open(&["client1"]).await;
    let panicked = conn
        .spawn_blocking::<(), _>(|_| panic!("on purpose"))
        .await
        .unwrap_err();
    assert!(panicked.to_string().contains("on purpose"), "{panicked}");
    assert!(conn.is_broken());
    let closed = conn.batch_execute("SELECT 1").await.unwrap_err();
    assert!(matches!(
        closed,
        Error::DatabaseError(diesel::result::DatabaseErrorKind::ClosedConnection, _)
    ));
    conn.close().await;
}

#[tokio::test]
async fn a_panic_in_a_function_of_sql_is_an_error() {
    let files = Files::new();
    let mut inner = files.open(&["client1"]).await;
    let registered = inner.spawn_blocking(|connection| {
        explode_utils::register_impl(
            connection,
            |number: i32| if number == 1 { panic!("on purpose") } else { number },
        )
    });
    registered.await.unwrap();
    let mut conn = diesel_tenants::TenantConnection::new(inner, files.tenant("client1").await.map().clone());
    let exploded = items::table.select(explode(items::price)).load::<i32>(&mut conn).await;
    assert!(exploded.is_err());
    // Diesel catches the panic: the connection is as good as before.
    assert!(!conn.is_broken());
    assert_eq!(prices(&mut conn).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_lock_that_is_not_given_in_time_is_an_error() {
    let files = Files::new();
    let mut holder = files.plain("client1");
    use diesel::connection::SimpleConnection as _;
    holder.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mut conn = diesel_tenants::sqlite::AsyncSqliteConnection::open(Duration::from_millis(50))
        .await
        .unwrap();
    let schema: diesel_tenants::SchemaName = "client1".parse().unwrap();
    conn.attach(
        &schema,
        &files.path("client1"),
        diesel_tenants::sqlite::Access::ReadWrite,
    )
    .await
    .unwrap();
    conn.set_writes_to(Some(schema));
    let busy = diesel_async::AsyncConnection::transaction::<(), Error, _>(&mut conn, async |_| Ok(())).await;
    assert_eq!(busy.unwrap_err().to_string(), "database is locked");
    assert!(!conn.is_broken());
    holder.batch_execute("ROLLBACK").unwrap();
    diesel_async::AsyncConnection::transaction::<(), Error, _>(&mut conn, async |_| Ok(()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_is_destroyed_under_way_is_an_error() {
    let files = Files::new();
    files.tenant("client1").await.into_inner().close().await;
    let conn = &mut files.tenant("client1").await;
    let length = std::fs::metadata(files.path("client1")).unwrap().len();
    std::fs::write(files.path("client1"), vec![7; length.try_into().unwrap()]).unwrap();
    assert!(prices(conn).await.is_err());
}
