//! Everything that speaks to PostgreSQL: connecting, its catalogs, quoting, locks, and version tables. Each fact of the
//! catalogs is read here, once.

mod advisory_lock;
mod backoff;
pub(crate) mod catalog;
pub(crate) mod citus;
pub(crate) mod clock;
mod connect;
mod connect_error;
mod connector;
pub(crate) mod copy_settings;
pub(crate) mod diagnosis;
mod directory_tables;
pub(crate) mod driver;
pub(crate) mod journal;
pub(crate) mod lock_budget;
mod lock_tables;
pub(crate) mod quote;
pub(crate) mod reserved;
pub(crate) mod reset;
pub(crate) mod row_security;
mod safe_session;
mod schema_size;
mod session_proof;
pub(crate) mod snapshot;
mod startup;
pub(crate) mod structure;
pub(crate) mod version_table;

pub(crate) use advisory_lock::{
    LOCKED, LockSpan, keeping_lock, lock_all, lock_name, lock_named, require_lock, try_lock, try_lock_by,
    try_lock_named, unlock, wait_for_lock,
};
pub(crate) use backoff::Backoff;
pub use connect_error::ConnectError;
pub(crate) use connector::{ConnectOptions, Connector, EstablishCallback};
pub use directory_tables::DirectoryUnusable;
pub(crate) use directory_tables::{FoundDirectory, MADE as DIRECTORY_MADE};
pub(crate) use lock_tables::TableLock;
pub(crate) use schema_size::schema_size;
pub(crate) use startup::search_path;
pub(crate) use version_table::table as version_table;
