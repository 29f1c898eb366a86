//! Transactions without async.

use diesel::{
    QueryResult,
    connection::{AnsiTransactionManager, Connection, TransactionManager, TransactionManagerStatus},
    pg::Pg,
    result::Error,
};

#[cfg(feature = "sqlite")]
use crate::backend::sqlite::connection::{SqliteFilesConnection, SqliteFilesTransactionManager};
use crate::{
    TenantConnection,
    connection::{TenantTransactionManager, TransactionBuilder},
    query::TranslatedBackend,
};

impl<C, TM> TransactionManager<TenantConnection<C>> for TenantTransactionManager<TM>
where
    C: Connection<TransactionManager = TM, Backend: TranslatedBackend> + 'static,
    TM: TransactionManager<C>,
{
    type TransactionStateData = TM::TransactionStateData;

    fn begin_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        conn.session.must_not_be_undone()?;
        let done = TM::begin_transaction(&mut conn.inner);
        note_depth(conn);
        done
    }

    fn rollback_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        let done = TM::rollback_transaction(&mut conn.inner);
        note_depth(conn);
        match done {
            // With the transaction, the server has undone this savepoint.
            Err(_) if conn.session.is_undone() => Ok(()),
            done => done,
        }
    }

    fn commit_transaction(conn: &mut TenantConnection<C>) -> QueryResult<()> {
        if let Err(undone) = conn.session.must_not_be_undone() {
            // Nothing is left to commit.
            let _ = TM::rollback_transaction(&mut conn.inner);
            note_depth(conn);
            return Err(undone);
        }
        let done = TM::commit_transaction(&mut conn.inner);
        note_depth(conn);
        done
    }

    fn transaction_manager_status_mut(conn: &mut TenantConnection<C>) -> &mut TransactionManagerStatus {
        TM::transaction_manager_status_mut(&mut conn.inner)
    }

    fn is_broken_transaction_manager(conn: &mut TenantConnection<C>) -> bool {
        TM::is_broken_transaction_manager(&mut conn.inner)
    }
}

/// Has the session know whether the connection is in a transaction.
fn note_depth<C, TM>(conn: &mut TenantConnection<C>)
where
    C: Connection<TransactionManager = TM>,
    TM: TransactionManager<C>,
{
    let depth = TM::transaction_manager_status_mut(&mut conn.inner).transaction_depth();
    conn.session.set_in_transaction(!matches!(depth, Ok(None)));
}

impl<C> TenantConnection<C>
where
    C: Connection<TransactionManager = AnsiTransactionManager, Backend: TranslatedBackend> + 'static,
{
    /// Runs `callback` in a transaction that `begin` starts: commits on `Ok`, rolls back on `Err`.
    fn in_transaction<T, E, F>(&mut self, begin: &str, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        AnsiTransactionManager::begin_transaction_sql(&mut self.inner, begin)?;
        let result = callback(self);
        end_transaction::<AnsiTransactionManager, _, _, _>(&mut self.inner, result)
    }
}

impl<C> TenantConnection<C>
where
    C: Connection<TransactionManager = AnsiTransactionManager, Backend = Pg> + 'static,
{
    /// A transaction with its own isolation level and modes, as of Diesel's `PgConnection`. Its queries go to the
    /// checkout's tenant, like all others.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_, Self> {
        TransactionBuilder::new(self)
    }
}

/// Transactions that take SQLite's locks when they begin, as of Diesel's `SqliteConnection`.
#[cfg(feature = "sqlite")]
impl<C> TenantConnection<C>
where
    C: Connection<TransactionManager = AnsiTransactionManager, Backend = diesel::sqlite::Sqlite> + 'static,
{
    /// A transaction that may write from its beginning. It waits for other writers there, and nowhere later.
    ///
    /// # Errors
    /// The callback's error, or SQLite's on begin, commit and rollback;
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction) inside another transaction.
    pub fn immediate_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        self.in_transaction("BEGIN IMMEDIATE", callback)
    }

    /// Like [`immediate_transaction`](Self::immediate_transaction), and outside of WAL mode nobody else reads
    /// meanwhile.
    ///
    /// # Errors
    /// As for [`immediate_transaction`](Self::immediate_transaction).
    pub fn exclusive_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        self.in_transaction("BEGIN EXCLUSIVE", callback)
    }
}

/// Transactions that take SQLite's locks when they begin.
#[cfg(feature = "sqlite")]
impl TenantConnection<SqliteFilesConnection> {
    /// A transaction that begins with the write locks of all attached files (`BEGIN IMMEDIATE`), or waits for them.
    /// [`transaction`](Connection::transaction) on a pool's checkout locks the tenant's file only, so that tenants
    /// don't wait for each other.
    ///
    /// # Errors
    /// The callback's error, or SQLite's on begin, commit and rollback;
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction) inside another transaction.
    pub fn immediate_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        self.transaction_by("BEGIN IMMEDIATE", callback)
    }

    /// A transaction that begins with the exclusive locks of all attached files (`BEGIN EXCLUSIVE`). With a journal in
    /// a file of its own (WAL), which a pool's files have, others can still read.
    ///
    /// # Errors
    /// As for [`immediate_transaction`](Self::immediate_transaction).
    pub fn exclusive_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        self.transaction_by("BEGIN EXCLUSIVE", callback)
    }

    fn transaction_by<T, E, F>(&mut self, begin: &str, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut Self) -> Result<T, E>,
        E: From<Error>,
    {
        SqliteFilesTransactionManager::begin_with(&mut self.inner, begin)?;
        let result = callback(self);
        end_transaction::<SqliteFilesTransactionManager, _, _, _>(&mut self.inner, result)
    }
}

/// Ends the transaction in which a callback came to this result: commits on `Ok`, rolls back on `Err`.
fn end_transaction<TM, C, T, E>(connection: &mut C, result: Result<T, E>) -> Result<T, E>
where
    C: Connection<TransactionManager = TM>,
    TM: TransactionManager<C>,
    E: From<Error>,
{
    match result {
        Ok(value) => {
            TM::commit_transaction(connection)?;
            Ok(value)
        }
        Err(error) => match TM::rollback_transaction(connection) {
            // The callback's error is what broke it.
            Ok(()) | Err(Error::BrokenTransactionManager) => Err(error),
            Err(rollback) => Err(rollback.into()),
        },
    }
}

impl<C> TransactionBuilder<'_, TenantConnection<C>>
where
    C: Connection<TransactionManager = AnsiTransactionManager, Backend = Pg> + 'static,
{
    /// Runs `callback` inside the transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// # Errors
    /// The callback's error, or the server's on begin, commit and rollback;
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction) inside another transaction.
    pub fn run<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        F: FnOnce(&mut TenantConnection<C>) -> Result<T, E>,
        E: From<Error>,
    {
        let (connection, begin) = self.parts();
        connection.in_transaction(&begin, callback)
    }
}
