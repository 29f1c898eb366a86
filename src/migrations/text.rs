//! Statements on the version table as text, for messages of several statements, which can't have binds.

use super::script::Script;
use crate::{
    SchemaName,
    backend::postgres::{lock_name, quote::literal, version_table::table},
};

/// Part of the server's error when the advisory lock is taken: the value that isn't a boolean.
pub(super) const LOCKED: &str = "diesel-tenants: locked";
/// Part of the server's error when a version that is to be reverted isn't applied.
pub(super) const NOT_APPLIED: &str = "diesel-tenants: not applied";

/// Makes the version table as Diesel does, and one column more.
pub(crate) fn create_version_table(schema: &SchemaName) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT)",
        table(schema)
    )
}

/// Gives a table of Diesel's own the column that it lacks.
pub(super) fn add_checksums(schema: &SchemaName) -> String {
    format!("ALTER TABLE {} ADD COLUMN IF NOT EXISTS checksum TEXT", table(schema))
}

/// A condition that takes the lock on a schema until the end of the transaction, or fails.
pub(crate) fn lock(schema: &SchemaName) -> String {
    let lock = format!(
        "pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended({}, 0))",
        literal(&lock_name(schema))
    );
    require(&lock, LOCKED)
}

/// A condition that fails if a version isn't applied.
pub(super) fn is_applied(schema: &SchemaName, version: &str) -> String {
    let found = format!(
        "EXISTS (SELECT FROM {} WHERE version = {})",
        table(schema),
        literal(version)
    );
    require(&found, NOT_APPLIED)
}

/// Records a migration as applied, under a condition.
pub(crate) fn insert_if(schema: &SchemaName, script: &Script, condition: &str) -> String {
    let checksum = match &script.checksum {
        Some(checksum) => literal(checksum),
        None => "NULL".to_owned(),
    };
    format!(
        "INSERT INTO {} (version, checksum) SELECT {}, {checksum} WHERE {condition}",
        table(schema),
        literal(&script.migration.version)
    )
}

pub(super) fn delete(schema: &SchemaName, version: &str) -> String {
    format!("DELETE FROM {} WHERE version = {}", table(schema), literal(version))
}

/// A condition that fails, with `complaint` in the error, unless another one holds. (That one is volatile or reads a table,
/// so that the server can't know before.)
fn require(condition: &str, complaint: &str) -> String {
    format!("CAST(CASE WHEN {condition} THEN 't' ELSE '{complaint}' END AS pg_catalog.bool)")
}
