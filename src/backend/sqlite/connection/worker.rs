//! What a thread does on a connection.

use std::sync::Arc;

use diesel::{
    Connection, QueryResult, SqliteConnection,
    connection::SimpleConnection,
    result::{DatabaseErrorKind, Error},
};

use super::{AsyncSqliteConnection, Attached, Statement, job::error_of, queue::Shared, statements::KeptStatements};

/// Owns the connection.
pub(super) struct Worker {
    connection: SqliteConnection,
    shared: Arc<Shared>,
    kept: KeptStatements,
    /// The schemas, quoted, whose commits still wait for the disk. See [`Worker::sync_seldom`].
    pub(super) syncs_often: Vec<String>,
    pub(super) transaction: Transaction,
    is_broken: bool,
    /// What is dropped after the connection: fields are dropped in their order.
    held: Vec<Box<dyn Send>>,
}

/// The transaction that a connection is in, as its own transaction manager began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    None,
    Open,
    /// SQLite has rolled it back after an error: a full disk, `INSERT OR ROLLBACK`. What would run now would be committed
    /// at once, statement by statement. So nothing runs until the transaction is ended.
    Lost,
}

impl Worker {
    pub(super) fn new(connection: SqliteConnection, shared: Arc<Shared>) -> Self {
        Self {
            connection,
            shared,
            kept: KeptStatements::new(AsyncSqliteConnection::STATEMENTS),
            syncs_often: Vec::new(),
            transaction: Transaction::None,
            is_broken: false,
            held: Vec::new(),
        }
    }

    /// Has the connection closed after this job.
    pub(super) fn break_down(&mut self) {
        self.is_broken = true;
        self.shared.end();
    }

    /// Whether the connection can't be used any more.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Keeps something until the connection is closed.
    pub(super) fn hold(&mut self, guard: Box<dyn Send>) {
        self.held.push(guard);
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    pub(super) fn forget_statements(&mut self) {
        self.kept.forget(&mut self.connection);
    }

    pub(super) fn limit_statements(&mut self, most: usize) {
        self.kept.limit(most, &mut self.connection);
    }

    pub(super) fn execute(&mut self, statement: &Statement, files: Vec<Attached>) -> QueryResult<usize> {
        self.get_ready(statement.sql(), statement.may_be_kept, files)?;
        let result = self.connection.execute_returning_count(statement);
        if result.is_err() || controls_transactions(statement.sql()) {
            self.look_at_transaction();
        }
        result
    }

    /// Runs statements in one text. They may begin and end transactions.
    pub(super) fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.run(|connection| connection.batch_execute(sql))
    }

    /// Runs what may be anything.
    pub(super) fn run<R>(&mut self, work: impl FnOnce(&mut SqliteConnection) -> QueryResult<R>) -> QueryResult<R> {
        self.must_not_be_lost()?;
        self.sync_seldom();
        let result = work(&mut self.connection);
        self.look_at_transaction();
        result
    }

    /// Does what comes before a statement of a query.
    pub(super) fn get_ready(&mut self, sql: &str, may_be_kept: bool, files: Vec<Attached>) -> QueryResult<()> {
        self.must_not_be_lost()?;
        for file in files {
            self.attach(file)?;
        }
        if !only_reads(sql) {
            self.sync_seldom();
        }
        if may_be_kept {
            self.kept.make_room(sql, &mut self.connection);
        }
        Ok(())
    }

    pub(super) fn must_not_be_lost(&self) -> QueryResult<()> {
        match self.transaction {
            Transaction::None | Transaction::Open => Ok(()),
            Transaction::Lost => Err(lost()),
        }
    }

    /// Notices that SQLite is in a transaction, or in none, against expectation.
    pub(super) fn look_at_transaction(&mut self) {
        let is_in_transaction = !self.is_autocommit();
        match self.transaction {
            Transaction::None => self.shared.set_begun_by_hand(is_in_transaction),
            Transaction::Open if !is_in_transaction => self.transaction = Transaction::Lost,
            Transaction::Open | Transaction::Lost => {}
        }
    }

    /// Whether SQLite is in no transaction. Diesel doesn't tell, but BEGIN fails in one, and changes nothing.
    pub(super) fn is_autocommit(&mut self) -> bool {
        self.connection.batch_execute("BEGIN").is_ok() && self.connection.batch_execute("COMMIT").is_ok()
    }
}

/// Whether a statement changes nothing, by its first word.
fn only_reads(sql: &str) -> bool {
    let word = sql.trim_start().as_bytes().get(..6);
    word.is_some_and(|word| word.eq_ignore_ascii_case(b"SELECT"))
}

/// Whether a statement may begin or end a transaction, by its first word. A comment before that word hides it.
pub(super) fn controls_transactions(sql: &str) -> bool {
    let sql = sql.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '\u{feff}');
    if sql.starts_with("--") || sql.starts_with("/*") {
        return true;
    }
    let mut words = sql.split(|c: char| !c.is_ascii_alphabetic());
    let first = words.find(|word| !word.is_empty()).unwrap_or_default();
    ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

pub(super) fn lost() -> Error {
    let message = "SQLite has rolled the transaction back after an error in it, so nothing runs until the transaction \
                   is ended";
    error_of(DatabaseErrorKind::Unknown, message.into())
}
