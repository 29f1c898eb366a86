//! Text as PostgreSQL reads it.

use std::time::Duration;

/// A string in SQL. Connections on which a backslash escapes are refused from the start.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name in double quotes.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Has the transaction that is open wait no longer than this for a lock.
pub(crate) fn lock_timeout(patience: Duration) -> String {
    let timeout = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    format!("SET LOCAL lock_timeout = {timeout}")
}
