//! Texts of SQL.

use std::time::Duration;

pub(crate) use diesel_tenants_translate::quote::{clipped, identifier, literal, names_between, names_in_list};

/// The statement that limits how long the open transaction waits for a lock.
pub(crate) fn lock_timeout(patience: Duration) -> String {
    let timeout = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    format!("SET LOCAL lock_timeout = {timeout}")
}

/// A condition that fails, with `complaint` in the error, unless `condition` holds. (`condition` must be volatile or
/// read a table, so that the server can't evaluate it in advance.)
pub(crate) fn require(condition: &str, complaint: &str) -> String {
    format!("CAST(CASE WHEN {condition} THEN 't' ELSE '{complaint}' END AS pg_catalog.bool)")
}
