//! Waits until nobody uses a tenant, or ends the sessions that do.

use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel_async::{SimpleAsyncConnection, TransactionManager};

use super::operation::{Operation, Transactions};
use crate::{
    SchemaName,
    backend::postgres::{
        Backoff, TableLock,
        catalog::lock_holders::{self, LockHolder, lock_holders},
        lock_times::{AUTOVACUUM_LOCK_TIMEOUT, FIRST_PAUSE_IN_USE, TABLE_LOCK_TIMEOUT},
        set_lock_timeout,
    },
    lifecycle::{LifecycleError, TenantUse, requests::Patience},
};

impl Operation<'_> {
    /// Runs a statement once no other session uses the schema. From then on none can, until the transaction ends.
    ///
    /// The tables are locked first, as many as the server has room for. Otherwise a transaction that has read one table
    /// could later read the other tables by name, which may be those of the next tenant with that name.
    pub(super) async fn exclusively(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        self.persist(schema, patience, true, sql).await
    }

    /// Like `exclusively`, without locking all tables first: for a schema that can't be checked out.
    pub(super) async fn once_unused(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        self.persist(schema, patience, false, sql).await
    }

    async fn persist(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        lock_tables: bool,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        let mut backoff = Backoff::new(patience.wait)
            .beginning_with(FIRST_PAUSE_IN_USE)
            .at_most(TABLE_LOCK_TIMEOUT);
        let mut forced = false;
        let mut lock_timeout = TABLE_LOCK_TIMEOUT;
        loop {
            let tried = Instant::now();
            let error = match self.attempt(schema, lock_timeout, lock_tables, sql).await {
                Ok(true) => return Ok(()),
                Ok(false) => None,
                // Diesel doesn't show the error's code. An error that came at once was not a `lock_timeout`.
                Err(error) if tried.elapsed() < TABLE_LOCK_TIMEOUT => return Err(self.failed(error)),
                Err(error) => Some(error),
            };
            let holders = lock_holders(self.connection, schema)
                .await
                .map_err(|source| self.failed(source))?;
            let over = backoff.is_over();
            if patience.force && !(over && forced) {
                self.end_sessions(&holders)
                    .await
                    .map_err(|source| self.failed(source))?;
                forced = true;
            } else if over {
                return Err(match error {
                    Some(source) if holders.is_empty() => self.failed(source),
                    _ => self.in_use(holders, patience.wait),
                });
            }
            let only_autovacuum = !holders.is_empty() && holders.iter().all(|holder| holder.makes_room);
            lock_timeout = if only_autovacuum {
                AUTOVACUUM_LOCK_TIMEOUT
            } else {
                TABLE_LOCK_TIMEOUT
            };
            backoff.rest().await;
        }
    }

    /// Tries once, and returns whether that succeeded. If not, no lock remains that wasn't held before.
    async fn attempt(
        &mut self,
        schema: &SchemaName,
        lock_timeout: Duration,
        lock_tables: bool,
        sql: &str,
    ) -> QueryResult<bool> {
        Transactions::begin_transaction(self.connection).await?;
        let done = self.attempt_in_savepoint(schema, lock_timeout, lock_tables, sql).await;
        match done {
            Ok(true) => Transactions::commit_transaction(self.connection).await?,
            _ => Transactions::rollback_transaction(self.connection).await?,
        }
        done
    }

    async fn attempt_in_savepoint(
        &mut self,
        schema: &SchemaName,
        lock_timeout: Duration,
        lock_tables: bool,
        sql: &str,
    ) -> QueryResult<bool> {
        let set = set_lock_timeout(lock_timeout);
        self.connection.batch_execute(&set).await?;
        if lock_tables && let Some(lock) = TableLock::Using.statement(self.connection, schema).await? {
            self.connection.batch_execute(&lock).await?;
        }
        // Locks on views, sequences, and other relations that can't be locked explicitly.
        if lock_holders(self.connection, schema)
            .await?
            .iter()
            .any(|holder| holder.own)
        {
            return Ok(false);
        }
        self.connection.batch_execute(sql).await?;
        Ok(true)
    }

    /// Ends the sessions that use the schema itself, not those that use only what all tenants share.
    async fn end_sessions(&mut self, holders: &[LockHolder]) -> QueryResult<()> {
        let processes: Vec<i32> = holders
            .iter()
            .filter(|holder| holder.own)
            .filter_map(|holder| holder.pid)
            .collect();
        lock_holders::end_sessions(self.connection, &processes).await
    }

    fn in_use(&self, holders: Vec<LockHolder>, waited: Duration) -> LifecycleError {
        let own = holders.iter().any(|holder| holder.own);
        let by = holders
            .into_iter()
            .filter(|holder| holder.own == own)
            .map(|holder| TenantUse {
                process: holder.pid,
                application: holder.application,
                user: holder.user,
            })
            .collect();
        LifecycleError::InUse {
            operation: self.event.clone(),
            waited,
            by,
        }
    }
}
