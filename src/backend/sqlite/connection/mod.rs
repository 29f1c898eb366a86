//! A connection to SQLite that is made for many tenants: each tenant's file is attached under the name of its schema.
//!
//! SQLite blocks the thread that calls it, so a connection is worked on ([`worker`]) by threads for that alone
//! ([`threads`]), by one at a time. What stands on the other side of its [`queue`] never blocks: the connection itself,
//! and the futures of its statements ([`sent`]). Dropping either is always safe; the thread notices.
//!
//! Without async, [`synchronous`], the same work is done on the caller's thread.
//!
//! SQLite resolves a name without a schema in `main`, then in all attached files. So `main` is empty, and a connection
//! has no file attached that its checkout may not see.

mod attach;
#[expect(clippy::module_inception, reason = "the connection itself")]
mod connection;
mod job;
mod load;
mod observer;
mod queue;
mod rows;
mod sent;
mod statement;
mod statements;
#[cfg(feature = "blocking")]
mod synchronous;
mod threads;
mod traits;
mod transaction;
mod worker;

pub use attach::{Access, AttachError, Attached, Resolver};
pub use connection::AsyncSqliteConnection;
pub use rows::{SqliteRow, SqliteRows};
pub use sent::{SqliteExecute, SqliteLoad};
pub(crate) use statement::Statement;
#[cfg(feature = "blocking")]
pub use synchronous::{SqliteFilesConnection, SqliteFilesRows, SqliteFilesTransactionManager};
pub use transaction::{SqliteTransactionManager, SqliteTransactionState};
