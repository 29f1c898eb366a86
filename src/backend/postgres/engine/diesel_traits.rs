//! The traits of Diesel and diesel-async that the connection implements.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::{
    ConnectionError, ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation, InstrumentationEvent, get_default_instrumentation},
    pg::{Pg, PgQueryBuilder},
    query_builder::{AsQuery, QueryBuilder as _, QueryFragment, QueryId},
};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, TransactionManager,
    pooled_connection::PoolableConnection,
};
use tokio_postgres::{Config, NoTls};

use super::{
    PostgresConnection, PostgresExecute, PostgresLoad, PostgresRow, PostgresRows, PostgresTransactionManager,
    TransactionState, attempt::Statement, binds::Binds, open, text::PlainText,
};

/// A query that is translated by nobody, or was translated before it came to Diesel's interface.
fn plain<Q>(query: &Q) -> QueryResult<Statement>
where
    Q: QueryFragment<Pg>,
{
    let mut sql = PgQueryBuilder::default();
    query.to_sql(&mut sql, &Pg)?;
    let mut binds = Binds::of(query)?;
    Ok(Statement {
        text: Arc::new(PlainText::new(sql.finish())),
        types_of: binds.take_scope(),
        binds,
        may_be_prepared: query.is_safe_to_cache_prepared(&Pg)?,
    })
}

impl SimpleAsyncConnection for PostgresConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.run_batch(sql).await
    }
}

impl SimpleAsyncConnection for &PostgresConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.run_batch(sql).await
    }
}

impl AsyncConnectionCore for PostgresConnection {
    type ExecuteFuture<'conn, 'query> = PostgresExecute<'conn>;
    type LoadFuture<'conn, 'query> = PostgresLoad<'conn>;
    type Stream<'conn, 'query> = PostgresRows<'conn>;
    type Row<'conn, 'query> = PostgresRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::load(&mut &*self, source)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::execute_returning_count(&mut &*self, source)
    }
}

/// Several queries at once: each is sent without waiting for the answers to those before it.
impl<'a> AsyncConnectionCore for &'a PostgresConnection {
    type ExecuteFuture<'conn, 'query> = PostgresExecute<'a>;
    type LoadFuture<'conn, 'query> = PostgresLoad<'a>;
    type Stream<'conn, 'query> = PostgresRows<'a>;
    type Row<'conn, 'query> = PostgresRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let query = source.as_query();
        self.load_statement(&query, plain(&query))
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.execute_statement(&source, plain(&source))
    }
}

impl AsyncConnection for PostgresConnection {
    type TransactionManager = PostgresTransactionManager;

    /// Connects without TLS. With TLS: [`connect`](Self::connect).
    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        let mut instrumentation = get_default_instrumentation();
        instrumentation.on_connection_event(InstrumentationEvent::start_establish_connection(database_url));
        let opened = match database_url.parse::<Config>() {
            Ok(config) => open::open(&config, NoTls).await.map_err(ConnectionError::from),
            Err(error) => Err(ConnectionError::InvalidConnectionUrl(error.to_string())),
        };
        instrumentation.on_connection_event(InstrumentationEvent::finish_establish_connection(
            database_url,
            opened.as_ref().err(),
        ));
        Ok(Self::new(opened?, instrumentation))
    }

    fn transaction_state(&mut self) -> &mut TransactionState {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        let instrumentation = self.instrumentation.get_mut();
        &mut **instrumentation.unwrap_or_else(PoisonError::into_inner)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.is_observed = true;
        self.instrumentation = Mutex::new(instrumentation.into());
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        let capacity = match size {
            CacheSize::Disabled => 0,
            _ => Self::STATEMENTS,
        };
        self.limit_statements(capacity);
    }
}

impl PoolableConnection for PostgresConnection {
    fn is_broken(&mut self) -> bool {
        // The first reads what has arrived, which may say that a transaction is open.
        self.is_closed()
            // A `BEGIN` that was given up may still come into force.
            || self.wire.is_in_doubt()
            || PostgresTransactionManager::is_broken_transaction_manager(self)
    }
}
