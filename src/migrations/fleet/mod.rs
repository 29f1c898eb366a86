//! Migrations of all tenants, thousands of them: what the kinds of databases share.

mod chosen;
mod fleet_error;
mod fleet_event;
mod fleet_migration;
mod halt;
mod limits;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
mod one_by_one;
mod report;
#[cfg(feature = "serde")]
pub(super) mod serialize;
mod status;
mod status_request;
mod task;

pub(super) use chosen::chosen_names;
pub use fleet_error::FleetError;
pub use fleet_event::FleetEvent;
pub use fleet_migration::FleetMigration;
pub(super) use halt::Halt;
pub(super) use limits::Limits;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) use one_by_one::{Crew, Done, Planned, RunOptions};
pub(super) use report::summary;
pub use report::{ChangedMigration, FleetReport, TenantOutcome, TenantReport};
pub use status::{FleetStatus, TenantVersions};
pub use status_request::MigrationStatusRequest;
pub(super) use task::Task;
