//! A condition of SQL that fails instead of being false.

/// A condition that fails, with `complaint` in the error, unless `condition` holds. (`condition` must be volatile or
/// read a table, so that the server can't evaluate it in advance.)
pub(crate) fn require(condition: &str, complaint: &str) -> String {
    format!("CAST(CASE WHEN {condition} THEN 't' ELSE '{complaint}' END AS pg_catalog.bool)")
}
