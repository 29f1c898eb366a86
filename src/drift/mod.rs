//! How tenants differ from a template, and the statements that would repair them.

mod cross_reference;
mod drift_error;
#[cfg(feature = "mysql")]
mod mysql;
mod postgres;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use cross_reference::CrossReference;
pub use drift_error::DriftError;
pub use postgres::{DatabaseDrift, DatabasesDriftRequest};
pub use report::{Change, Difference, Drift, DriftReport, Repair};

pub use crate::backend::object_kind::ObjectKind;
