//! Nothing of one migration reaches the next: whatever a migration leaves on its session is removed.

use std::fmt::Write as _;

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use super::script::{Body, Script};
use crate::{
    backend::postgres::{
        keeping_lock, quote,
        reset::{DISCARD, RESET, RESET_ROLE, prepared_by_sql},
    },
    migrations::{MigrationError, Runner},
};

impl Runner {
    /// Removes what a migration has left on the session. If that is impossible, the next migration gets a new
    /// connection.
    pub(super) async fn reset_after(&mut self, script: &Script) -> Result<(), MigrationError> {
        if self.may_be_pooled() {
            // Behind a pooler, the next transaction may get another session, so this was done at the end of the last
            // transaction.
            return Ok(());
        }
        let is_mended = self.reset().await.is_ok();
        if self.holds_session_lock() || (is_mended && !script.needs_new_session) {
            return Ok(());
        }
        self.reconnect().await
    }

    /// Resets the session, outside a transaction, as if it had just begun, except for the lock on the schema.
    pub(crate) async fn reset(&mut self) -> QueryResult<()> {
        let sql = if self.holds_session_lock() || self.has_called_code() {
            self.resetting().await?
        } else {
            DISCARD.to_owned()
        };
        self.parts().0.batch_execute(&sql).await
    }

    /// Resets the session inside a transaction, for work that is no migration.
    pub(crate) async fn reset_in_transaction(&mut self) -> QueryResult<()> {
        let sql = self.resetting().await?;
        self.parts().0.batch_execute(&sql).await
    }

    /// Statements that reset the session inside a transaction.
    pub(super) async fn resetting(&mut self) -> QueryResult<String> {
        let mut sql = String::new();
        if self.holds_session_lock() {
            sql = keeping_lock(self.parts().1.schema(), RESET);
        } else {
            sql.push_str(RESET);
        }
        if self.has_called_code() {
            // Not DEALLOCATE ALL: the connection's own statements are still in use.
            for name in prepared_by_sql(self.parts().0).await? {
                let _ = write!(sql, "; DEALLOCATE {}", quote::identifier(&name));
            }
        } else if !self.may_be_pooled() {
            sql.push_str("; DEALLOCATE ALL");
        }
        Ok(sql)
    }

    /// Makes the role that runs migrations the current one again, whatever role the migration changed to, so that it
    /// records the migration.
    pub(super) async fn reset_role(&mut self, script: &Script) -> Result<(), MigrationError> {
        if !script.affects_session && matches!(script.body, Body::Sql(_)) {
            return Ok(());
        }
        let (connection, owner) = self.parts();
        connection.batch_execute(RESET_ROLE).await.map_err(owner.failed())
    }
}
