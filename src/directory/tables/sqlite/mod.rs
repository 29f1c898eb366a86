//! The directory's tables in the shared file of SQLite.

mod find;
mod prepare;

/// The table of what the triggers need: how long a place stays closed, and how often anything was changed. A shared file
/// with this table has a directory.
pub(crate) const STATE_TABLE: &str = "tenants_state";
