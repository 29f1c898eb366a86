//! Nothing of one migration reaches the next: whatever it leaves on its session is taken away.

use std::fmt::Write as _;

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use super::{
    MigrationError, Runner,
    script::{Body, Script},
};
use crate::backend::postgres::{
    keeping_lock, quote,
    reset::{DISCARD, RESET, RESET_ROLE, prepared_by_sql},
};

impl Runner {
    /// What a migration that was run has left, taken away. On a session that can't be mended the next one isn't run: it gets
    /// a connection anew.
    pub(super) async fn reset_after(&mut self, script: &Script) -> Result<(), MigrationError> {
        if self.may_be_pooled() {
            // The next transaction may meet another session: this was done at the end of the last one.
            return Ok(());
        }
        let is_mended = self.reset().await.is_ok();
        if self.holds_session_lock() || (is_mended && !script.needs_new_session) {
            return Ok(());
        }
        self.reconnect().await
    }

    /// Outside of a transaction: as if the session had just begun, but for the lock that is held on the schema.
    pub(crate) async fn reset(&mut self) -> QueryResult<()> {
        let sql = if self.holds_session_lock() || self.has_called_code() {
            self.resetting().await?
        } else {
            DISCARD.to_owned()
        };
        self.parts().0.batch_execute(&sql).await
    }

    /// Statements that do so inside of a transaction.
    pub(super) async fn resetting(&mut self) -> QueryResult<String> {
        let mut sql = String::new();
        if self.holds_session_lock() {
            sql = keeping_lock(self.parts().1.schema(), RESET);
        } else {
            sql.push_str(RESET);
        }
        if self.has_called_code() {
            // The connection's own are still in use.
            for name in prepared_by_sql(self.parts().0).await? {
                let _ = write!(sql, "; DEALLOCATE {}", quote::identifier(&name));
            }
        } else if !self.may_be_pooled() {
            sql.push_str("; DEALLOCATE ALL");
        }
        Ok(sql)
    }

    /// Has the migration recorded by the role that runs migrations, whatever role it changed to.
    pub(super) async fn reset_role(&mut self, script: &Script) -> Result<(), MigrationError> {
        if !script.affects_session && matches!(script.body, Body::Sql(_)) {
            return Ok(());
        }
        let (connection, owner) = self.parts();
        connection.batch_execute(RESET_ROLE).await.map_err(owner.failed())
    }
}
