//! Finds out a migration's SQL, which Diesel's trait doesn't show.

use std::marker::PhantomData;

use diesel::{
    ConnectionResult, QueryResult,
    backend::Backend,
    connection::{
        AnsiTransactionManager, BoxableConnection, CacheSize, Connection, ConnectionSealed, DynInstrumentation,
        Instrumentation, SimpleConnection,
    },
    query_builder::{QueryFragment, QueryId},
    result::Error,
};

/// A connection without a database, which records what a migration sends.
///
/// Diesel doesn't publish a migration's SQL, and gives it only to a blocking connection. Recorded SQL can be sent
/// without blocking, and in one message.
struct Recorder<B> {
    backend: PhantomData<fn() -> B>,
    scripts: Vec<String>,
    transactions: AnsiTransactionManager,
    instrumentation: DynInstrumentation,
}

/// The SQL that `run` sends. Fails if `run` does more than send SQL: if it reads from the connection, or fails itself.
pub(crate) fn record<B>(
    run: impl FnOnce(&mut dyn BoxableConnection<B>) -> diesel::migration::Result<()>,
) -> diesel::migration::Result<Vec<String>>
where
    B: Backend<QueryBuilder: Default> + 'static,
{
    let mut recorder = Recorder {
        backend: PhantomData,
        scripts: Vec::new(),
        transactions: AnsiTransactionManager::default(),
        instrumentation: DynInstrumentation::none(),
    };
    run(&mut recorder)?;
    Ok(recorder.scripts)
}

impl<B> SimpleConnection for Recorder<B> {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.scripts.push(sql.to_owned());
        Ok(())
    }
}

impl<B> ConnectionSealed for Recorder<B> {}

impl<B> Connection for Recorder<B>
where
    B: Backend<QueryBuilder: Default> + 'static,
{
    type Backend = B;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(diesel::ConnectionError::BadConnection(
            "a recorder isn't connected to anything".to_owned(),
        ))
    }

    fn execute_returning_count<T>(&mut self, _: &T) -> QueryResult<usize>
    where
        T: QueryFragment<B> + QueryId,
    {
        // The migration may use the count, so it must really be run.
        Err(Error::NotFound)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut *self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = instrumentation.into();
    }

    fn set_prepared_statement_cache_size(&mut self, _: CacheSize) {}
}
