//! How tenants that are schemas of PostgreSQL differ, in one database or in several.

mod alter;
mod compare;
mod cross_references;
mod databases;
mod from_template;
mod structures;
mod unmakable;

pub use databases::{DatabaseDrift, DatabasesDriftRequest};
