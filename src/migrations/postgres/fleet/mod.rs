//! Migrations of all tenants, in one database of PostgreSQL or in several. Each migration of a tenant is one message
//! and one transaction.

mod crew;
mod databases;
mod failure;
mod fleet_lock;
mod message;
mod migration;
mod site;
mod status;
mod survey;
mod to_do;
mod worker;

pub use databases::{
    DatabaseReport, DatabaseStatus, DatabasesEvent, DatabasesMigration, DatabasesReport, DatabasesStatus,
    DatabasesStatusRequest, SharedReport,
};
