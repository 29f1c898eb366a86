use std::time::Duration;

/// The statement that limits how long the open transaction waits for a lock.
pub(crate) fn set_lock_timeout(patience: Duration) -> String {
    let timeout = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    format!("SET LOCAL lock_timeout = {timeout}")
}
