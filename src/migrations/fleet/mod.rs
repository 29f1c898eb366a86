//! Migrations of all tenants, thousands of them.

mod chosen;
mod crew;
mod databases;
mod failure;
mod fleet_error;
mod fleet_event;
mod fleet_lock;
mod fleet_migration;
mod halt;
mod limits;
mod message;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
mod one_by_one;
mod report;
#[cfg(feature = "serde")]
mod serialize;
mod site;
mod status;
mod status_request;
mod survey;
mod task;
mod to_do;
mod worker;

pub use databases::{
    DatabaseReport, DatabaseStatus, DatabasesEvent, DatabasesMigration, DatabasesReport, DatabasesStatus,
    DatabasesStatusRequest, SharedReport,
};
pub use fleet_error::FleetError;
pub use fleet_event::FleetEvent;
pub use fleet_migration::FleetMigration;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) use one_by_one::{Crew, Done, Planned, RunOptions};
pub use report::{ChangedMigration, FleetReport, TenantOutcome, TenantReport};
pub use status::{FleetStatus, TenantVersions};
pub use status_request::MigrationStatusRequest;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) use task::Task;
