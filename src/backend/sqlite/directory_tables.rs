//! How a directory in the shared file is recognized.

/// The table of what the directory's triggers need: how long a place stays closed, and how often anything was changed. A
/// shared file with this table has a directory.
pub(crate) const STATE_TABLE: &str = "tenants_state";
