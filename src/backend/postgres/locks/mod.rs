//! Locks: advisory ones, those on tables, and the pauses between attempts.

pub(crate) mod advisory_lock;
pub(crate) mod backoff;
pub(crate) mod lock_count_limit;
pub(crate) mod lock_name;
pub(crate) mod lock_tables;
pub(crate) mod lock_times;
pub(crate) mod set_lock_timeout;
