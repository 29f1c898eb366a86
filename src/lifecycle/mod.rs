//! How tenants come and go: created, suspended, renamed, dropped.

mod activation;
mod archive;
mod archives;
mod create;
mod dependents;
mod drop;
mod errors;
mod hooked;
mod in_use;
mod locks;
mod operation;
mod rename;
mod spares;

pub use crate::pool::{HookResult, LifecycleEvent, LifecycleHooks};
pub use archive::ArchiveRequest;
pub use archives::{ArchivedTenant, PurgeReport};
pub use drop::DropRequest;
pub use errors::LifecycleError;
pub use in_use::TenantUse;
use operation::{Operation, connect};
pub use rename::RenameRequest;
