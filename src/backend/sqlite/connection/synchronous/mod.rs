//! The same connection without async: what the thread of an [`AsyncSqliteConnection`](super::AsyncSqliteConnection)
//! does is done on the caller's thread, so that a statement takes no way from thread to thread.

mod connection;
mod diesel_traits;
mod rows;
mod transaction;

pub use connection::SqliteFilesConnection;
pub use rows::SqliteFilesRows;
pub use transaction::SqliteFilesTransactionManager;
