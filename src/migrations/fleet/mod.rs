//! Migrations of all tenants, thousands of them.

mod crew;
mod errors;
mod lock;
mod message;
mod report;
mod request;
#[cfg(feature = "serde")]
mod serialize;
mod status;
mod survey;
mod to_do;
mod worker;

use std::time::Duration;

pub use errors::FleetError;
pub use report::{ChangedMigration, FleetReport, TenantOutcome, TenantReport};
pub use request::{FleetEvent, FleetMigration};
pub use status::{FleetStatus, TenantVersions};

/// How workers treat the server.
#[derive(Debug, Clone, Copy)]
struct Limits {
    lock_timeout: Duration,
    lock_attempts: u32,
    statements_a_connection: usize,
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
