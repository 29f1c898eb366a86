use std::time::Duration;

/// How workers treat the server.
#[derive(Debug, Clone, Copy)]
pub(in crate::migrations) struct Limits {
    pub(in crate::migrations) lock_timeout: Duration,
    pub(in crate::migrations) lock_attempts: u32,
    pub(in crate::migrations) statements_a_connection: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(2),
            lock_attempts: 10,
            statements_a_connection: 4_000,
        }
    }
}
