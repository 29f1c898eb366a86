//! The connection as Diesel knows connections.

use std::sync::atomic::Ordering::Relaxed;

use diesel::{
    ConnectionResult, QueryResult, SqliteConnection,
    connection::{CacheSize, Connection, ConnectionSealed, Instrumentation, LoadConnection, SimpleConnection},
    expression::QueryMetadata,
    migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection},
    query_builder::{Query, QueryFragment, QueryId},
    sqlite::Sqlite,
};

use super::{
    super::{AsyncSqliteConnection, SqliteTransactionState},
    SqliteFilesConnection, SqliteFilesRows, SqliteFilesTransactionManager,
};

impl SimpleConnection for SqliteFilesConnection {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.look_if_needed();
        self.worker.batch_execute(sql)
    }
}

impl ConnectionSealed for SqliteFilesConnection {}

impl Connection for SqliteFilesConnection {
    type Backend = Sqlite;
    type TransactionManager = SqliteFilesTransactionManager;

    /// Opens a file or `:memory:`, by the same URLs as Diesel's connection. A file that does not exist is created.
    fn establish(database_url: &str) -> ConnectionResult<Self> {
        Self::start(database_url, "")
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Sqlite> + QueryId,
    {
        self.get_ready(source)?;
        let counted = self.worker.connection().execute_returning_count(source);
        if counted.is_err() {
            self.must_look.store(true, Relaxed);
        }
        counted
    }

    fn transaction_state(&mut self) -> &mut SqliteTransactionState {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.worker.connection().instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.worker.connection().set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.worker.limit_statements(match size {
            CacheSize::Disabled => 0,
            _ => AsyncSqliteConnection::STATEMENTS,
        });
    }
}

impl LoadConnection for SqliteFilesConnection {
    type Cursor<'conn, 'query> = SqliteFilesRows<'conn, <SqliteConnection as LoadConnection>::Cursor<'conn, 'query>>;
    type Row<'conn, 'query> = <SqliteConnection as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Sqlite> + QueryId + 'query,
        Sqlite: QueryMetadata<T::SqlType>,
    {
        self.get_ready(&source)?;
        let Self { worker, must_look, .. } = self;
        match LoadConnection::load(worker.connection(), source) {
            Ok(rows) => Ok(SqliteFilesRows::new(rows, must_look)),
            Err(error) => {
                must_look.store(true, Relaxed);
                Err(error)
            }
        }
    }
}

/// Diesel's migrations, in the connection's `main`. On a connection that translates they go to the tenant's file.
impl MigrationConnection for SqliteFilesConnection {
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}
