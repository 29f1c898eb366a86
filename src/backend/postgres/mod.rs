//! What speaks to PostgreSQL: connecting, the engine of a connection, catalogs, structures, locks, and version tables.
//! Operations ask here for facts of the catalogs, and each fact is read in one place. Statements that change tenants
//! stand with the operations: in the folders `postgres` of `lifecycle`, `migrations`, `transfer` and others.

pub(crate) mod assertion;
pub(crate) mod catalog;
pub(crate) mod citus;
pub(crate) mod clock;
pub(crate) mod connecting;
pub(crate) mod copy_settings;
pub(crate) mod diagnosis_queries;
mod directory_tables;
pub(crate) mod driver;
pub(crate) mod engine;
pub(crate) mod journal;
pub(crate) mod locks;
pub(crate) mod own_objects;
mod prepared_sql;
pub(crate) mod quote;
pub(crate) mod reset;
pub(crate) mod row_security;
mod schema_size;
pub(crate) mod snapshot;
mod splice;
pub(crate) mod structure;
pub(crate) mod version_table;

pub use crate::backend::postgres::connecting::connect_error::ConnectError;
pub(crate) use crate::backend::postgres::connecting::connector::{ConnectOptions, Connector, EstablishCallback};
pub(crate) use crate::backend::postgres::connecting::startup::search_path;
pub(crate) use crate::backend::postgres::locks::advisory_lock::{
    LOCKED, LockSpan, keeping_lock, lock_all, lock_by, lock_named, require_lock, try_lock, try_lock_named, unlock,
    wait_for_lock,
};
pub(crate) use crate::backend::postgres::locks::backoff::Backoff;
pub(crate) use crate::backend::postgres::locks::lock_name;
pub(crate) use crate::backend::postgres::locks::lock_tables::TableLock;
pub(crate) use crate::backend::postgres::locks::lock_times;
pub(crate) use crate::backend::postgres::locks::set_lock_timeout::set_lock_timeout;
pub(crate) use directory_tables::{FoundDirectory, is_directory};
pub(crate) use prepared_sql::PreparedSql;
pub(crate) use schema_size::schema_size;
pub(crate) use splice::splice;
pub(crate) use version_table::table as version_table;
