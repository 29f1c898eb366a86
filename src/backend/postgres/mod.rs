//! PostgreSQL: what its catalogs tell, and how it quotes, locks and keeps versions. Each fact of the catalogs stands here once.

mod advisory_lock;
mod backoff;
pub(crate) mod quote;
pub(crate) mod structure;
pub(crate) mod version_table;

pub(crate) use advisory_lock::{LockSpan, lock_all, lock_name, try_lock, try_lock_named, unlock};
pub(crate) use backoff::Backoff;
pub(crate) use version_table::table as version_table;
