//! Row-level security, by which tenants that share tables see only their own rows.

mod id_column;
mod id_types;
mod show_rows;
mod unprotected;

pub(crate) use id_column::{IdColumn, with_descendants};
pub(crate) use id_types::{id_types, kept};
pub(crate) use show_rows::ShowRows;
pub(crate) use unprotected::unprotected;

/// The policy that shows a tenant its rows.
const SHOWING_POLICY: &str = "tenant_rows";
