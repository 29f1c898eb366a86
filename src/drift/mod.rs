//! How tenants differ from a template, and the statements that would repair them.

mod alter;
mod compare;
mod cross_references;
mod databases;
mod drift_error;
mod from_template;
#[cfg(feature = "mysql")]
mod mysql;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;
mod structures;
mod unmakable;

pub use cross_references::CrossReference;
pub use databases::{DatabaseDrift, DatabasesDriftRequest};
pub use drift_error::DriftError;
pub use report::{Change, Difference, Drift, DriftReport, Repair};

pub use crate::backend::postgres::structure::Kind as ObjectKind;
