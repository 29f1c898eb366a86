//! One migration of one tenant as one message, which the server runs as one transaction.

use std::{fmt::Write as _, time::Duration};

use crate::{
    SchemaName,
    backend::postgres::{require_lock, set_lock_timeout, version_table::text},
    migrations::{
        Direction,
        postgres::script::{Body, Script},
    },
};

/// A migration whose SQL can be sent in one message, for any tenant's schema.
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
            // A text may end with a line comment without a newline.
            Body::Sql(sql) if script.migration.in_transaction => Some(Self {
                script,
                body: sql.join("\n;\n"),
            }),
            _ => None,
        }
    }

    /// Several statements in one message are one transaction to the server, which a failure rolls back without being
    /// asked.
    ///
    /// The statements that can fail harmlessly come first: the lock, then the version row. Writing the row locks its
    /// table, so that the schema can't be dropped before the end: with a search_path to a dropped schema, tables would
    /// be created in the next schema on the path.
    pub(super) fn address(
        &self,
        schema: &SchemaName,
        search_path: &str,
        lock_timeout: Duration,
        has_checksums: bool,
    ) -> Addressed {
        let mut sql = format!(
            "SET LOCAL search_path = {search_path}; {};\n",
            set_lock_timeout(lock_timeout)
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
    /// Adds statements after the migration, in its transaction. The migration's text may end with a line comment
    /// without a newline.
    pub(super) fn append(&mut self, statements: &str) {
        let _ = write!(self.sql, "\n;\n{statements}");
    }
}
