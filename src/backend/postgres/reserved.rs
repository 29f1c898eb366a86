//! Names of what Diesel and this library put into a schema of their own accord.

/// Diesel's table of the migrations that were applied.
pub(crate) const VERSION_TABLE: &str = "__diesel_schema_migrations";

/// What a move makes in a tenant's schema: a table of the rows that are written meanwhile, and what fills it.
pub(crate) const JOURNAL: &str = "__diesel_tenants_move";

/// The restrictive policy, which no other policy can override. Each table under row-level security has it.
pub(crate) const ROW_POLICY: &str = "tenant_rows_only";
