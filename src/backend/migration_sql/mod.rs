//! The SQL of a migration, for any database: Diesel's trait doesn't show it.

mod call;
pub(crate) mod checksum;
mod direction;
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(crate) mod line;
mod recorder;

pub(crate) use call::call_version;
pub use direction::Direction;
pub(crate) use recorder::record;

/// Diesel's table of the migrations that were applied.
pub(crate) const VERSION_TABLE: &str = "__diesel_schema_migrations";
