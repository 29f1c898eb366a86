use std::time::Duration;

use crate::backend::postgres::lock_times::{FLEET_TABLE_LOCK_ATTEMPTS, FLEET_TABLE_LOCK_TIMEOUT};

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
            lock_timeout: FLEET_TABLE_LOCK_TIMEOUT,
            lock_attempts: FLEET_TABLE_LOCK_ATTEMPTS,
            statements_a_connection: 4_000,
        }
    }
}
