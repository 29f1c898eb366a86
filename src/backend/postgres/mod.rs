//! PostgreSQL: what its catalogs tell, and how it quotes, locks and keeps versions. Each fact of the catalogs stands here once.

mod advisory_lock;
mod backoff;
mod connect;
mod connect_error;
mod directory_tables;
pub(crate) mod driver;
pub(crate) mod quote;
mod schema_size;
mod session_proof;
mod startup;
pub(crate) mod structure;
mod unprotected;
pub(crate) mod version_table;

pub(crate) use advisory_lock::{LockSpan, lock_all, lock_name, try_lock, try_lock_named, unlock};
pub(crate) use backoff::Backoff;
pub(crate) use connect::{ConnectOptions, Connector, EstablishCallback};
pub use connect_error::ConnectError;
pub use directory_tables::DirectoryUnusable;
pub(crate) use directory_tables::{FoundDirectory, MADE as DIRECTORY_MADE};
pub(crate) use schema_size::schema_size;
pub(crate) use startup::search_path;
pub(crate) use unprotected::unprotected;
pub(crate) use version_table::table as version_table;
