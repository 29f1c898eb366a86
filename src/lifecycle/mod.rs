//! The life of tenants: they are created, suspended, renamed, archived and dropped.
//!
//! The operations are methods of [`TenantPool`](crate::TenantPool). Each runs on a connection outside the pool; short
//! work may borrow a free connection of the pool. Each runs under an advisory lock on the names involved, and is one
//! transaction wherever PostgreSQL allows. Where one transaction is not possible, the schema is marked as unfinished,
//! so that it can't be checked out until the same call has finished the work after a crash.

mod archives;
mod ask_directory;
mod clone_error;
mod lifecycle_error;
#[cfg(feature = "mysql")]
mod mysql;
mod postgres;
mod requests;
mod run_hooks;
#[cfg(feature = "sqlite")]
mod sqlite;
mod status_change;
mod tenant_use;

pub use crate::tenancy::{HookResult, LifecycleEvent, LifecycleHooks};
pub use archives::{ArchivedTenant, PurgeReport};
pub use clone_error::CloneError;
pub use lifecycle_error::LifecycleError;
#[cfg(feature = "mysql")]
pub use mysql::SweepReport;
#[cfg(feature = "mysql")]
pub(crate) use mysql::of_life;
pub(crate) use postgres::keep_from_migrating;
pub use postgres::{CreateRequest, CreateWithError, SpareReport};
pub use requests::{ArchiveRequest, CloneRequest, DropRequest, RenameRequest, RestoreRequest};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::of_file;
pub use tenant_use::TenantUse;
