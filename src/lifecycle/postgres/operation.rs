//! One operation on tenants: its connection, its locks, its transaction.

use std::time::Duration;

use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager};

use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        LockSpan,
        catalog::schema::{SchemaState, state_of},
        lock_all, unlock, version_table,
    },
    lifecycle::LifecycleError,
    tenancy::{DirectoryChange, LifecycleEvent, TenantStatus, is_placed},
};

pub(super) type Transactions = <PostgresConnection as AsyncConnection>::TransactionManager;

/// An operation on tenants, on a connection outside the pool, one transaction after the other.
pub(super) struct Operation<'a> {
    pool: &'a TenantPool,
    pub(super) connection: &'a mut PostgresConnection,
    pub(super) event: LifecycleEvent,
    lock_timeout: Duration,
}

pub(super) async fn connect(pool: &TenantPool, event: &LifecycleEvent) -> Result<PostgresConnection, LifecycleError> {
    pool.migration_connector()
        .connect()
        .await
        .map_err(|source| LifecycleError::Connect {
            operation: event.clone(),
            source,
        })
}

impl<'a> Operation<'a> {
    pub(super) fn new(pool: &'a TenantPool, connection: &'a mut PostgresConnection, event: LifecycleEvent) -> Self {
        Self {
            lock_timeout: pool.migration_lock_timeout(),
            pool,
            connection,
            event,
        }
    }

    /// Begins a transaction during which no other session migrates, renames or drops these schemas.
    pub(super) async fn begin(&mut self, schemas: &[&SchemaName]) -> Result<(), LifecycleError> {
        self.lock(schemas, LockSpan::Transaction).await
    }

    async fn lock(&mut self, schemas: &[&SchemaName], span: LockSpan) -> Result<(), LifecycleError> {
        match lock_all(self.connection, schemas, span, self.lock_timeout).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LifecycleError::Locked {
                operation: self.event.clone(),
                waited: self.lock_timeout,
            }),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Commits on success, rolls back on failure.
    pub(super) async fn end<T>(&mut self, result: Result<T, LifecycleError>) -> Result<T, LifecycleError> {
        match result {
            Ok(value) => match Transactions::commit_transaction(self.connection).await {
                Ok(()) => Ok(value),
                Err(source) => Err(self.failed(source)),
            },
            Err(error) => {
                // The earlier error is returned, not the rollback's: without a connection the server rolls back by
                // itself.
                let _ = Transactions::rollback_transaction(self.connection).await;
                Err(error)
            }
        }
    }

    /// Keeps these names from other operations while *other* connections work on them, until [`let_go`](Self::let_go).
    ///
    /// The locks are taken outside a transaction: an open transaction keeps the snapshot of its last query, and a
    /// `CREATE INDEX CONCURRENTLY` on those other connections would wait for it forever. Behind a pooler no lock can be
    /// held outside a transaction, but there migrations that need one don't run either.
    pub(super) async fn hold(&mut self, schemas: &[&SchemaName]) -> Result<(), LifecycleError> {
        self.lock(schemas, self.hold_span()).await
    }

    /// Releases the locks of [`hold`](Self::hold), and returns the result of the work in between.
    pub(super) async fn let_go<T>(
        &mut self,
        schemas: &[&SchemaName],
        result: Result<T, LifecycleError>,
    ) -> Result<T, LifecycleError> {
        if self.hold_span() == LockSpan::Transaction {
            return self.end(result).await;
        }
        for schema in schemas {
            // The lock ends with the connection anyway.
            let _ = unlock(self.connection, schema).await;
        }
        result
    }

    fn hold_span(&self) -> LockSpan {
        match self.pool.migration_connector().may_be_pooled() {
            true => LockSpan::Transaction,
            false => LockSpan::Session,
        }
    }

    pub(super) async fn execute(&mut self, sql: &str) -> Result<(), LifecycleError> {
        let done = self.connection.batch_execute(sql).await;
        done.map_err(|source| self.failed(source))
    }

    /// Writes the comment that holds the status; the comment is given as a literal.
    pub(super) async fn mark(&mut self, schema: &SchemaName, comment: &str) -> Result<(), LifecycleError> {
        self.execute(&version_table::mark(schema, comment)).await
    }

    /// Records a change in the directory, and notifies other processes when this transaction is committed.
    pub(super) async fn note(&mut self, change: &DirectoryChange<'_>) -> Result<(), LifecycleError> {
        let sql = self.pool.note(change);
        self.execute(&sql).await
    }

    /// `None` if there is no such schema.
    pub(super) async fn find(&mut self, schema: &SchemaName) -> Result<Option<SchemaState>, LifecycleError> {
        let found = state_of(schema, self.connection).await;
        found.map_err(|source| self.failed(source))
    }

    /// The status of a tenant. The tenant must exist, be active or suspended, and not belong to another database's
    /// directory.
    pub(super) async fn tenant_status(&mut self, tenant: &SchemaName) -> Result<TenantStatus, LifecycleError> {
        match self.find(tenant).await? {
            Some(found) if is_placed(found.comment.as_deref()) => Err(self.others_directory(tenant)),
            Some(found) if found.has_versions && found.status.is_tenant() => Ok(found.status),
            _ => Err(LifecycleError::NotFound { tenant: tenant.clone() }),
        }
    }

    /// The error for a tenant that only a pool with another database's directory may change.
    pub(super) fn others_directory(&self, tenant: &SchemaName) -> LifecycleError {
        LifecycleError::OthersDirectory {
            operation: self.event.clone(),
            make_own: format!("COMMENT ON TABLE {} IS NULL", version_table::table(tenant)),
        }
    }

    /// Whether the pool that knows the directory may have asked for this operation.
    pub(super) fn is_further(&self) -> bool {
        self.pool.is_further()
    }

    pub(super) fn failed(&self, source: DieselError) -> LifecycleError {
        LifecycleError::of(&self.event, source)
    }
}
