//! The lives of tenants that are schemas of PostgreSQL. Each operation runs on a connection outside the pool, under an
//! advisory lock on the names involved.

mod activation;
mod adopt;
mod archiving;
mod clone;
mod creating;
mod dependents;
mod drop;
mod hooked;
mod in_use;
mod left_texts;
mod operation;
mod read_migrations;
mod rename;
mod require_directory;
mod same_database;
mod spares;
mod tenant_id;

pub(crate) use clone::keep_from_migrating;
pub use creating::{CreateRequest, CreateWithError};
pub use spares::SpareReport;
