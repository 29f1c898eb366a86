//! One migration of one tenant as one message, which the server runs as one transaction.

use std::{fmt::Write as _, time::Duration};

use super::super::{
    Direction,
    script::{Body, Script},
};
use crate::{
    SchemaName,
    backend::postgres::{quote, require_lock, version_table::text},
};

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
        let mut sql = format!(
            "SET LOCAL search_path = {search_path}; {};\n",
            quote::lock_timeout(lock_timeout)
        );
        let lock = require_lock(schema);
        let version = &self.script.migration.version;
        match self.script.direction {
            Direction::Up => {
                if !has_checksums {
                    let _ = writeln!(sql, "{};", text::add_checksums(schema));
                }
                let _ = writeln!(
                    sql,
                    "{};",
                    text::insert_if(schema, version, self.script.checksum.as_deref(), &lock)
                );
            }
            Direction::Down => {
                let _ = writeln!(
                    sql,
                    "SELECT {lock};\nSELECT {};",
                    text::require_applied(schema, version)
                );
                let _ = writeln!(sql, "{};", text::delete(schema, version));
            }
        }
        let body_at = sql.chars().count();
        sql.push_str(&self.body);
        Addressed { sql, body_at }
    }
}

impl Addressed {
    /// Statements behind the migration, in its transaction. A line comment without an end may be the last of its text.
    pub(super) fn append(&mut self, statements: &str) {
        let _ = write!(self.sql, "\n;\n{statements}");
    }
}
