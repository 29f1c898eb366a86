//! Text as PostgreSQL reads it.

use std::time::Duration;

pub(crate) use diesel_tenants_translate::quote::{clipped, identifier, literal, names_between, names_in_list};

/// Has the transaction that is open wait no longer than this for a lock.
pub(crate) fn lock_timeout(patience: Duration) -> String {
    let timeout = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    format!("SET LOCAL lock_timeout = {timeout}")
}
