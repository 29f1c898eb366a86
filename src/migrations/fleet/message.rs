//! One migration of one tenant as one message, which the server runs as one transaction.

use std::time::Duration;

use super::super::{
    Direction,
    script::{Body, Script},
    versions,
};
use crate::SchemaName;

/// A migration whose SQL can be sent in one message, whoever's schema it is for.
pub(super) struct Message<'a> {
    script: &'a Script,
    pub(super) body: String,
}

/// The message for one tenant.
pub(super) struct Addressed {
    pub(super) sql: String,
    /// Where the migration's own text begins, in characters: the server counts error positions in them.
    pub(super) body_at: usize,
}

/// Part of the server's error when the advisory lock is taken: the value that isn't a boolean.
pub(super) const LOCKED: &str = "diesel-tenants: locked";
/// Part of the server's error when a version that is to be reverted isn't applied.
pub(super) const NOT_APPLIED: &str = "diesel-tenants: not applied";

impl<'a> Message<'a> {
    /// `None` if the migration is Rust code, or can't run in a transaction.
    pub(super) fn of(script: &'a Script) -> Option<Self> {
        match &script.body {
            // A line comment without an end may be the last of a text.
            Body::Sql(sql) if script.migration.in_transaction => Some(Self {
                script,
                body: sql.join("\n;\n"),
            }),
            _ => None,
        }
    }

    /// Several statements in one message are one transaction to the server, which a failure rolls back without being asked.
    ///
    /// First comes what can fail harmlessly: the lock, then the version row, whose table is locked by it, so that the schema
    /// stays until the end. A search_path to a schema that is gone would build tables in the next one on the path.
    pub(super) fn address(
        &self,
        schema: &SchemaName,
        search_path: &str,
        lock_timeout: Duration,
        has_checksums: bool,
    ) -> Addressed {
        let version = &self.script.migration.version;
        let table = versions::table(schema);
        let mut sql = format!(
            "SELECT pg_catalog.set_config('search_path', {}, true), pg_catalog.set_config('lock_timeout', '{}', true), \
             {};\n",
            versions::literal(search_path),
            lock_timeout.as_millis(),
            require(&versions::try_lock_now(schema), LOCKED)
        );
        match self.script.direction {
            Direction::Up => {
                if !has_checksums {
                    sql.push_str(&versions::add_checksums(schema));
                    sql.push_str(";\n");
                }
                let checksum = match &self.script.checksum {
                    Some(checksum) => versions::literal(checksum),
                    None => "NULL".to_owned(),
                };
                sql.push_str(&format!(
                    "INSERT INTO {table} (version, checksum) VALUES ({}, {checksum});\n",
                    versions::literal(version)
                ));
            }
            Direction::Down => {
                let version = versions::literal(version);
                let is_applied = format!("EXISTS (SELECT FROM {table} WHERE version = {version})");
                sql.push_str(&format!("SELECT {};\n", require(&is_applied, NOT_APPLIED)));
                sql.push_str(&format!("DELETE FROM {table} WHERE version = {version};\n"));
            }
        }
        let body_at = sql.chars().count();
        sql.push_str(&self.body);
        Addressed { sql, body_at }
    }
}

/// An expression that fails, with `complaint` in the error, unless a condition holds. (The condition is volatile or reads a
/// table, so that the server can't know before.)
fn require(condition: &str, complaint: &str) -> String {
    format!("CAST(CASE WHEN {condition} THEN 't' ELSE '{complaint}' END AS pg_catalog.bool)")
}
