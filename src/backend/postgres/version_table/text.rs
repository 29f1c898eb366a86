//! Statements on the version table as text: messages of several statements can't have binds.

use super::table;
use crate::{
    SchemaName,
    backend::postgres::{assertion::require, quote::literal},
};

/// Part of the server's error when a version to revert isn't applied.
pub(crate) const NOT_APPLIED: &str = "diesel-tenants: not applied";

/// Creates the version table as Diesel does, with one more column.
pub(crate) fn create(schema: &SchemaName) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT)",
        table(schema)
    )
}

/// Adds the missing column to a table that Diesel created.
pub(crate) fn add_checksums(schema: &SchemaName) -> String {
    format!("ALTER TABLE {} ADD COLUMN IF NOT EXISTS checksum TEXT", table(schema))
}

/// Writes the comment on the table; the comment is given as a literal.
pub(crate) fn mark(schema: &SchemaName, comment: &str) -> String {
    format!("COMMENT ON TABLE {} IS {comment}", table(schema))
}

/// A condition that fails if a version isn't applied.
pub(crate) fn require_applied(schema: &SchemaName, version: &str) -> String {
    let found = format!(
        "EXISTS (SELECT FROM {} WHERE version = {})",
        table(schema),
        literal(version)
    );
    require(&found, NOT_APPLIED)
}

/// Records a migration as applied, under a condition.
pub(crate) fn insert_if(schema: &SchemaName, version: &str, checksum: Option<&str>, condition: &str) -> String {
    format!(
        "INSERT INTO {} (version, checksum) SELECT {}, {} WHERE {condition}",
        table(schema),
        literal(version),
        checksum.map_or("NULL".to_owned(), literal)
    )
}

pub(crate) fn delete(schema: &SchemaName, version: &str) -> String {
    format!("DELETE FROM {} WHERE version = {}", table(schema), literal(version))
}
