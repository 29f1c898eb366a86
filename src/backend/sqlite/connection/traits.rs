//! The connection as diesel-async knows connections.

use std::fmt;

use diesel::{
    ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation},
    query_builder::{AsQuery, QueryFragment, QueryId},
    sqlite::Sqlite,
};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, pooled_connection::PoolableConnection,
};

use super::{
    AsyncSqliteConnection, SqliteExecute, SqliteLoad, SqliteRow, SqliteRows, SqliteTransactionManager,
    SqliteTransactionState, Statement, job::unasked, observer::Observer,
};

impl SimpleAsyncConnection for AsyncSqliteConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let description = self.observer.tell_begin(|| sql.into());
        let text = sql.to_owned();
        let sent = self.ask(move |worker, _| worker.batch_execute(&text));
        sent.described(description).await
    }
}

impl AsyncConnectionCore for AsyncSqliteConnection {
    type ExecuteFuture<'conn, 'query> = SqliteExecute<'conn>;
    type LoadFuture<'conn, 'query> = SqliteLoad<'conn>;
    type Stream<'conn, 'query> = SqliteRows<'conn>;
    type Row<'conn, 'query> = SqliteRow;
    type Backend = Sqlite;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let query = source.as_query();
        self.load_statement(&query, Statement::plain(&query))
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.execute_statement(&source, Statement::plain(&source))
    }
}

impl AsyncConnection for AsyncSqliteConnection {
    type TransactionManager = SqliteTransactionManager;

    /// Opens a file or `:memory:`, by the same URLs as Diesel's connection. A file that does not exist is created.
    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        Self::start(database_url.to_owned(), String::new()).await
    }

    fn transaction_state(&mut self) -> &mut SqliteTransactionState {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.observer.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.observer = Observer::new(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        let most = match size {
            CacheSize::Disabled => 0,
            _ => Self::STATEMENTS,
        };
        // A connection that can't be told won't prepare anything either.
        _ = self.sender.send(unasked(move |worker| worker.limit_statements(most)));
    }
}

impl PoolableConnection for AsyncSqliteConnection {
    fn is_broken(&mut self) -> bool {
        let shared = self.sender.shared();
        shared.has_ended() || shared.is_begun_by_hand() || self.transactions.is_broken()
    }
}

impl fmt::Debug for AsyncSqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attached = self.attached();
        let names: Vec<_> = attached.iter().map(|file| &file.name).collect();
        f.debug_struct("AsyncSqliteConnection")
            .field("attached", &names)
            .finish_non_exhaustive()
    }
}
