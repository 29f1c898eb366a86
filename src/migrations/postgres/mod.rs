//! Migrations of schemas of PostgreSQL.
//!
//! A `Plan` is what there is to apply. A `Script` is one migration, ready to be sent, and a `Runner` sends scripts to
//! one schema. `fleet` migrates all tenants, and `outside` finds what a migration does beyond its schema.

mod batches;
mod execute;
mod fleet;
mod invalid_indexes;
mod migrate;
mod outside;
mod prepare;
mod reset;
mod run;
mod runner;
mod runner_transaction;
mod script;
mod session_effects;
mod shared_status;

pub use execute::BlockingConnection;
pub use fleet::{
    DatabaseReport, DatabaseStatus, DatabasesEvent, DatabasesMigration, DatabasesReport, DatabasesStatus,
    DatabasesStatusRequest, SharedReport,
};
pub use outside::{left_on_session, outside_work};
pub(crate) use runner::Runner;
pub(crate) use script::{Body, Plan, Script};
