//! The life of tenants: they are created, suspended, renamed, archived and dropped.
//!
//! The operations are methods of [`TenantPool`](crate::TenantPool). Each runs on a connection outside the pool; short
//! work may borrow a free connection of the pool. Each runs under an advisory lock on the names involved, and is one
//! transaction wherever PostgreSQL allows. Where one transaction is not possible, the schema is marked as unfinished,
//! so that it can't be checked out until the same call has finished the work after a crash.

mod activation;
mod adopt;
pub(crate) mod archiving;
mod ask_directory;
mod clone;
pub(crate) mod creating;
mod dependents;
mod drop;
mod in_use;
mod left_texts;
mod lifecycle_error;
#[cfg(feature = "mysql")]
mod mysql;
mod operation;
mod read_migrations;
mod rename;
mod require_directory;
mod run_hooks;
mod same_database;
mod spares;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tenant_id;
mod tenant_use;

pub(crate) use crate::lifecycle::archiving::archive::archive_name;
pub use crate::lifecycle::archiving::archive::{ArchiveRequest, RestoreRequest};
pub use crate::lifecycle::archiving::archives::{ArchivedTenant, PurgeReport};
pub use crate::tenancy::{HookResult, LifecycleEvent, LifecycleHooks};
pub(crate) use clone::keep_from_migrating;
pub use clone::{CloneError, CloneRequest};
pub use creating::{CreateRequest, CreateWithError};
pub use drop::DropRequest;
pub use lifecycle_error::LifecycleError;
#[cfg(feature = "mysql")]
pub use mysql::SweepReport;
#[cfg(feature = "mysql")]
pub(crate) use mysql::of_life;
pub use rename::RenameRequest;
pub use spares::SpareReport;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::of_file;
pub use tenant_use::TenantUse;
