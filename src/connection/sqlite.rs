//! Connections to SQLite that can be wrapped.

use diesel::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use super::Wrapped;

impl Wrapped for SyncConnectionWrapper<SqliteConnection> {}
