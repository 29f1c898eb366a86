//! Transactions and savepoints, as Diesel counts them.
//!
//! SQLite begins a transaction without any lock. If such a transaction reads, and another connection writes then, its own
//! first write fails at once (SQLITE_BUSY_SNAPSHOT), however long it would be ready to wait. `BEGIN IMMEDIATE` waits for
//! the write lock, but for that of every attached file: all tenants would queue for the shared one. So a transaction
//! that may write begins with a statement that locks one file, and changes nothing.

use std::num::NonZeroU32;

use diesel::{
    QueryResult,
    connection::{InstrumentationEvent, SimpleConnection as _, TransactionDepthChange, TransactionManagerStatus},
    result::Error,
};
use diesel_async::{AsyncConnection, TransactionManager};

use super::{
    AsyncSqliteConnection,
    job::Asker,
    worker::{Transaction, Worker, lost},
};
use crate::SchemaName;

/// Runs transactions, and savepoints within them.
#[derive(Debug)]
pub struct SqliteTransactionManager;

/// How deep in transactions a connection is.
#[derive(Debug, Default)]
pub struct SqliteTransactionState {
    pub(super) status: TransactionManagerStatus,
    /// A statement that begins or ends a transaction was given up, so that nobody knows whether it ran.
    is_unknown: bool,
}

impl SqliteTransactionState {
    pub(super) fn depth(&self) -> QueryResult<Option<NonZeroU32>> {
        match self.is_unknown {
            true => Err(Error::BrokenTransactionManager),
            false => self.status.transaction_depth(),
        }
    }

    pub(super) fn change_depth(&mut self, change: TransactionDepthChange) -> QueryResult<()> {
        match &mut self.status {
            TransactionManagerStatus::Valid(status) => status.change_transaction_depth(change),
            TransactionManagerStatus::InError => Err(Error::BrokenTransactionManager),
        }
    }

    /// Notes how a rollback from this depth came out.
    pub(super) fn rolled_back(&mut self, depth: NonZeroU32, result: QueryResult<()>) -> QueryResult<()> {
        if result.is_err() && depth == NonZeroU32::MIN {
            self.status.set_in_error();
        } else {
            self.change_depth(TransactionDepthChange::DecreaseDepth)?;
        }
        result
    }

    /// Whether nobody knows which transaction the connection is in, or it is in one that is no test's.
    pub(super) fn is_broken(&self) -> bool {
        let is_open = match &self.status {
            TransactionManagerStatus::Valid(status) => {
                let transaction = status.in_transaction.as_ref();
                transaction.is_some_and(|transaction| !transaction.test_transaction)
            }
            TransactionManagerStatus::InError => true,
        };
        self.is_unknown || is_open
    }
}

impl SqliteTransactionManager {
    /// Begins a transaction by a statement of its own, which may lock files.
    ///
    /// # Errors
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction), or what SQLite answers.
    pub(crate) async fn begin_with(connection: &mut AsyncSqliteConnection, sql: &'static str) -> QueryResult<()> {
        match connection.transaction_state().depth()? {
            None => begin(connection, sql, None).await,
            Some(_) => Err(Error::AlreadyInTransaction),
        }
    }
}

impl TransactionManager<AsyncSqliteConnection> for SqliteTransactionManager {
    type TransactionStateData = SqliteTransactionState;

    async fn begin_transaction(connection: &mut AsyncSqliteConnection) -> QueryResult<()> {
        let Some(depth) = connection.transaction_state().depth()? else {
            let locked = connection.writes_to().cloned();
            return begin(connection, "BEGIN", locked).await;
        };
        connection
            .observer
            .tell(|| InstrumentationEvent::begin_transaction(depth.saturating_add(1)));
        let savepoint = savepoint(depth.get());
        run(connection, move |worker, _| worker.begin_savepoint(&savepoint)).await?;
        let state = connection.transaction_state();
        state.change_depth(TransactionDepthChange::IncreaseDepth)
    }

    async fn rollback_transaction(connection: &mut AsyncSqliteConnection) -> QueryResult<()> {
        let depth = connection.transaction_state().depth()?.ok_or(Error::NotInTransaction)?;
        connection
            .observer
            .tell(|| InstrumentationEvent::rollback_transaction(depth));
        let rolled_back = run(connection, move |worker, _| worker.roll_back_from(depth));
        let rolled_back = rolled_back.await;
        connection.transaction_state().rolled_back(depth, rolled_back)
    }

    // What can't be committed is rolled back at once: the connection is in no transaction afterwards, as after success.
    async fn commit_transaction(connection: &mut AsyncSqliteConnection) -> QueryResult<()> {
        let depth = connection.transaction_state().depth()?.ok_or(Error::NotInTransaction)?;
        connection
            .observer
            .tell(|| InstrumentationEvent::commit_transaction(depth));
        let committed = run(connection, move |worker, _| worker.commit_from(depth));
        let committed = committed.await;
        let state = connection.transaction_state();
        state.change_depth(TransactionDepthChange::DecreaseDepth)?;
        committed
    }

    fn transaction_manager_status_mut(connection: &mut AsyncSqliteConnection) -> &mut TransactionManagerStatus {
        &mut connection.transaction_state().status
    }

    fn is_broken_transaction_manager(connection: &mut AsyncSqliteConnection) -> bool {
        connection.transaction_state().is_broken()
    }
}

pub(super) fn savepoint(depth: u32) -> String {
    format!("diesel_savepoint_{depth}")
}

async fn begin(
    connection: &mut AsyncSqliteConnection,
    sql: &'static str,
    locked: Option<SchemaName>,
) -> QueryResult<()> {
    connection
        .observer
        .tell(|| InstrumentationEvent::begin_transaction(NonZeroU32::MIN));
    run(connection, move |worker, asker| {
        worker.begin(sql, locked.as_ref(), || asker.has_gone())
    })
    .await?;
    let state = connection.transaction_state();
    state.change_depth(TransactionDepthChange::IncreaseDepth)
}

/// Runs what begins or ends a transaction. If the future is dropped meanwhile, the state is unknown.
async fn run<F>(connection: &mut AsyncSqliteConnection, work: F) -> QueryResult<()>
where
    F: FnOnce(&mut Worker, &Asker<()>) -> QueryResult<()> + Send + 'static,
{
    connection.transaction_state().is_unknown = true;
    let result = connection.ask(work).await;
    connection.transaction_state().is_unknown = false;
    result
}

impl Worker {
    /// Begins a transaction, unless it was given up meanwhile.
    pub(super) fn begin(
        &mut self,
        sql: &str,
        locked: Option<&SchemaName>,
        is_given_up: impl Fn() -> bool,
    ) -> QueryResult<()> {
        self.sync_seldom();
        self.connection().batch_execute(sql)?;
        let begun = match locked {
            Some(schema) => self.connection().batch_execute(&lock(schema)),
            None => Ok(()),
        };
        // Nobody would end it, if whoever began it gave up waiting for the lock.
        if begun.is_err() || is_given_up() {
            self.end_by_rollback();
        } else {
            self.transaction = Transaction::Open;
        }
        begun
    }

    pub(super) fn begin_savepoint(&mut self, name: &str) -> QueryResult<()> {
        self.run(|connection| connection.batch_execute(&format!("SAVEPOINT {name}")))
    }

    /// Commits the transaction or savepoint at this depth.
    pub(super) fn commit_from(&mut self, depth: NonZeroU32) -> QueryResult<()> {
        match depth.get() {
            1 => self.commit(),
            depth => self.release(&savepoint(depth - 1)),
        }
    }

    /// Rolls the transaction or savepoint at this depth back.
    pub(super) fn roll_back_from(&mut self, depth: NonZeroU32) -> QueryResult<()> {
        match depth.get() {
            1 => self.roll_back(),
            depth => self.roll_back_to(&savepoint(depth - 1)),
        }
    }

    fn commit(&mut self) -> QueryResult<()> {
        if std::mem::replace(&mut self.transaction, Transaction::None) == Transaction::Lost {
            return Err(lost());
        }
        let committed = self.connection().batch_execute("COMMIT");
        if committed.is_err() {
            self.end_by_rollback();
        }
        committed
    }

    fn release(&mut self, name: &str) -> QueryResult<()> {
        let released = self.run(|connection| connection.batch_execute(&format!("RELEASE {name}")));
        if released.is_err() {
            _ = self.roll_back_to(name);
        }
        released
    }

    fn roll_back(&mut self) -> QueryResult<()> {
        if std::mem::replace(&mut self.transaction, Transaction::None) == Transaction::Lost {
            return Ok(());
        }
        let rolled_back = self.connection().batch_execute("ROLLBACK");
        match rolled_back {
            Err(error) if !self.is_autocommit() => Err(error),
            _ => Ok(()),
        }
    }

    fn roll_back_to(&mut self, name: &str) -> QueryResult<()> {
        match self.transaction {
            Transaction::Lost => Ok(()),
            _ => self.run(|connection| connection.batch_execute(&format!("ROLLBACK TO {name}"))),
        }
    }

    fn end_by_rollback(&mut self) {
        self.transaction = Transaction::None;
        if self.connection().batch_execute("ROLLBACK").is_err() && !self.is_autocommit() {
            self.break_down();
        }
    }
}

/// Takes the write lock of one file, or waits for it. Only a file with `auto_vacuum` has anything to move: a page at
/// most.
fn lock(schema: &SchemaName) -> String {
    format!("PRAGMA {}.incremental_vacuum(1)", schema.quoted())
}
