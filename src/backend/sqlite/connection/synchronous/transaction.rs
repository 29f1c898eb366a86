//! Transactions and savepoints; see the [same with async](super::super::transaction).

use std::num::NonZeroU32;

use diesel::{
    QueryResult,
    connection::{
        Connection, InstrumentationEvent, TransactionDepthChange, TransactionManager, TransactionManagerStatus,
    },
    result::Error,
};

use super::{
    super::{SqliteTransactionState, transaction::savepoint},
    SqliteFilesConnection,
};
use crate::SchemaName;

/// Runs transactions, and savepoints within them.
#[derive(Debug)]
pub struct SqliteFilesTransactionManager;

impl SqliteFilesTransactionManager {
    /// Begins a transaction by a statement of its own, which may lock files.
    ///
    /// # Errors
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction), or what SQLite answers.
    pub(crate) fn begin_with(connection: &mut SqliteFilesConnection, sql: &str) -> QueryResult<()> {
        match connection.transactions.depth()? {
            None => connection.begin(sql, None),
            Some(_) => Err(Error::AlreadyInTransaction),
        }
    }
}

impl TransactionManager<SqliteFilesConnection> for SqliteFilesTransactionManager {
    type TransactionStateData = SqliteTransactionState;

    fn begin_transaction(connection: &mut SqliteFilesConnection) -> QueryResult<()> {
        let Some(depth) = connection.transactions.depth()? else {
            let locked = connection.writes_to().cloned();
            return connection.begin("BEGIN", locked.as_ref());
        };
        connection.tell(InstrumentationEvent::begin_transaction(depth.saturating_add(1)));
        connection.look_if_needed();
        connection.worker.begin_savepoint(&savepoint(depth.get()))?;
        let state = &mut connection.transactions;
        state.change_depth(TransactionDepthChange::IncreaseDepth)
    }

    fn rollback_transaction(connection: &mut SqliteFilesConnection) -> QueryResult<()> {
        let depth = connection.transactions.depth()?.ok_or(Error::NotInTransaction)?;
        connection.tell(InstrumentationEvent::rollback_transaction(depth));
        connection.look_if_needed();
        let rolled_back = connection.worker.roll_back_from(depth);
        connection.transactions.rolled_back(depth, rolled_back)
    }

    fn commit_transaction(connection: &mut SqliteFilesConnection) -> QueryResult<()> {
        let depth = connection.transactions.depth()?.ok_or(Error::NotInTransaction)?;
        connection.tell(InstrumentationEvent::commit_transaction(depth));
        connection.look_if_needed();
        let committed = connection.worker.commit_from(depth);
        let state = &mut connection.transactions;
        state.change_depth(TransactionDepthChange::DecreaseDepth)?;
        committed
    }

    fn transaction_manager_status_mut(connection: &mut SqliteFilesConnection) -> &mut TransactionManagerStatus {
        &mut connection.transactions.status
    }

    fn is_broken_transaction_manager(connection: &mut SqliteFilesConnection) -> bool {
        connection.transactions.is_broken()
    }
}

impl SqliteFilesConnection {
    fn begin(&mut self, sql: &str, locked: Option<&SchemaName>) -> QueryResult<()> {
        self.tell(InstrumentationEvent::begin_transaction(NonZeroU32::MIN));
        self.look_if_needed();
        self.worker.begin(sql, locked, || false)?;
        self.transactions.change_depth(TransactionDepthChange::IncreaseDepth)
    }

    fn tell(&mut self, event: InstrumentationEvent<'_>) {
        self.instrumentation().on_connection_event(event);
    }
}
