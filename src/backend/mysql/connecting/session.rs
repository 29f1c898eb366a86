//! What a session must be, for translated texts to mean in it what they say.

use mysql_async::{Conn, prelude::Queryable};

use super::MysqlConnectError;
use crate::translate::Dialect;

/// Settings that the library needs, whatever the server's defaults are. With `autocommit` off, each statement would
/// begin a transaction that nobody ends. With `completion_type`, a transaction's end would begin another, or close the
/// connection. With `sql_auto_is_null`, `id IS NULL` finds the row that the session inserted last, for any tenant.
/// Errors are recognized by their English messages.
pub(super) const SETTINGS: &str =
    "SET SESSION autocommit = 1, completion_type = 0, sql_auto_is_null = 0, lc_messages = 'en_US'";

/// Has the server refuse writes.
pub(super) const READ_ONLY: &str = "SET SESSION TRANSACTION READ ONLY";

/// What decides how a session reads texts.
pub(super) struct SessionSettings {
    default_database: Option<String>,
    sql_mode: String,
    lower_case_table_names: u8,
    /// How many statements may be prepared on the server, by all its connections together.
    pub(super) most_prepared: usize,
    /// Whether the server undoes the transaction of a statement that waited too long for others.
    pub(super) rollback_on_timeout: bool,
}

impl SessionSettings {
    pub(super) async fn read(connection: &mut Conn) -> mysql_async::Result<Self> {
        type Row = (Option<String>, String, u8, usize, bool);
        let row: Option<Row> = connection
            .query_first(
                "SELECT DATABASE(), @@SESSION.sql_mode, @@lower_case_table_names, @@max_prepared_stmt_count, \
                 @@innodb_rollback_on_timeout",
            )
            .await?;
        let (default_database, sql_mode, lower_case_table_names, most_prepared, rollback_on_timeout) =
            row.unwrap_or_default();
        Ok(Self {
            default_database,
            sql_mode,
            lower_case_table_names,
            most_prepared,
            rollback_on_timeout,
        })
    }

    /// Refuses a session in which a text would mean something else than was translated.
    pub(super) fn check(&self, server: &str) -> Result<(), MysqlConnectError> {
        let Self {
            default_database,
            sql_mode,
            lower_case_table_names,
            most_prepared: _,
            rollback_on_timeout: _,
        } = self;
        let server = || server.to_owned();
        if let Some(database) = default_database {
            return Err(MysqlConnectError::DefaultDatabase {
                server: server(),
                database: database.clone(),
            });
        }
        if let Some(mode) = Dialect::misread_sql_mode(sql_mode) {
            return Err(MysqlConnectError::SqlMode {
                server: server(),
                mode: mode.to_owned(),
            });
        }
        match lower_case_table_names {
            0 => Ok(()),
            value => Err(MysqlConnectError::FoldsNames {
                server: server(),
                value: *value,
            }),
        }
    }
}
