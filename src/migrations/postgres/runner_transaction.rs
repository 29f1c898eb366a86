//! The transactions of a runner, and the lock under which it migrates a schema: one session at a time.

use diesel_async::{AsyncConnection, TransactionManager};

use crate::{
    PostgresConnection,
    backend::postgres::{LockSpan, lock_all, unlock},
    migrations::{MigrationError, Runner},
};

type Transactions = <PostgresConnection as AsyncConnection>::TransactionManager;

impl Runner {
    /// Begins a transaction during which no other session migrates the schema.
    pub(crate) async fn begin_locked(&mut self) -> Result<(), MigrationError> {
        self.lock(LockSpan::Transaction).await
    }

    /// Keeps other sessions from migrating the schema, until it is unlocked or the connection ends.
    pub(crate) async fn lock_session(&mut self) -> Result<(), MigrationError> {
        self.lock(LockSpan::Session).await?;
        self.session_locks += 1;
        Ok(())
    }

    pub(super) async fn unlock_session(&mut self) -> Result<(), MigrationError> {
        self.session_locks = self.session_locks.saturating_sub(1);
        let (connection, owner) = self.parts();
        unlock(connection, owner.schema()).await.map_err(owner.failed())
    }

    async fn lock(&mut self, span: LockSpan) -> Result<(), MigrationError> {
        let lock_timeout = self.lock_timeout;
        let (connection, owner) = self.parts();
        if lock_all(connection, &[owner.schema()], span, lock_timeout)
            .await
            .map_err(owner.failed())?
        {
            return Ok(());
        }
        Err(MigrationError::Locked {
            owner: owner.clone(),
            waited: lock_timeout,
        })
    }

    /// Commits on success, rolls back on failure.
    pub(super) async fn end<T>(&mut self, result: Result<T, MigrationError>) -> Result<T, MigrationError> {
        match result {
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        Transactions::commit_transaction(connection)
            .await
            .map_err(owner.failed())
    }

    /// Rolls back after an error. A failure of the rollback is ignored: without a connection the server rolls back by
    /// itself.
    pub(crate) async fn rollback(&mut self) {
        let _ = Transactions::rollback_transaction(self.parts().0).await;
    }
}
