//! Migrations of the tenants of several databases: one plan, one report.

mod choice;
mod event;
mod fleet_database;
mod migration;
mod report;
mod running;
mod status;

pub use event::DatabasesEvent;
pub use migration::DatabasesMigration;
pub use report::{DatabaseReport, DatabasesReport, SharedReport};
pub use status::{DatabaseStatus, DatabasesStatus, DatabasesStatusRequest};
