//! Names of the objects that Diesel and this library create in a schema themselves.

pub(crate) use crate::backend::migration_sql::VERSION_TABLE;

/// The objects that a move creates in a tenant's schema: a table of the rows that are written meanwhile, and the
/// triggers that fill it.
pub(crate) const JOURNAL: &str = "__diesel_tenants_move";

/// The restrictive policy, which no other policy can override. Each table under row-level security has it.
pub(crate) const ROW_POLICY: &str = "tenant_rows_only";
