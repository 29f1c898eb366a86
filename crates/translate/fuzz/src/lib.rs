//! What the fuzz targets share.

mod names;
mod sql;

pub use names::{identifier_at, identifiers};
pub use sql::{mysql, sql, sqlite};
