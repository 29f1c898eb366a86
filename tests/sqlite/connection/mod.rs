//! The library's own connection to SQLite.

mod attaching;
mod cancellation;
mod failures;
mod own_maps;
mod play;
mod queries;
mod transactions;

use diesel::{QueryResult, prelude::*, sql_types::Integer};
use diesel_async::RunQueryDsl;
use diesel_tenants::{TenantConnection, sqlite::AsyncSqliteConnection};

use super::tables::items;

#[diesel::declare_sql_function]
extern "SQL" {
    /// Sleeps for so many milliseconds.
    fn nap(milliseconds: Integer) -> Integer;
}

/// Makes the function `nap` known to a connection.
async fn with_nap(connection: &mut AsyncSqliteConnection) {
    let registered = connection.spawn_blocking(|connection| {
        nap_utils::register_nondeterministic_impl(connection, |milliseconds: i32| {
            std::thread::sleep(std::time::Duration::from_millis(milliseconds.unsigned_abs().into()));
            milliseconds
        })
    });
    registered.await.unwrap();
}

async fn prices(conn: &mut TenantConnection<AsyncSqliteConnection>) -> QueryResult<Vec<i32>> {
    items::table.select(items::price).order(items::id).load(conn).await
}
