//! Poolers between a pool and its database.

mod pgbouncer;
mod pgpool;
mod process;

pub use pgbouncer::PgBouncer;
pub use pgpool::Pgpool;
