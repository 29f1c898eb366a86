//! Finds out a migration's SQL, which Diesel's trait doesn't show.

use diesel::{
    ConnectionResult, QueryResult,
    connection::{
        AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, DynInstrumentation, Instrumentation,
        SimpleConnection,
    },
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    result::Error,
};

/// A connection without a server, which records what a migration sends.
///
/// Diesel doesn't publish a migration's SQL, and gives it only to a blocking connection. Recorded SQL can be sent
/// without blocking, and in one message.
struct Recorder {
    scripts: Vec<String>,
    transactions: AnsiTransactionManager,
    instrumentation: DynInstrumentation,
}

/// The SQL that `run` sends. Fails if `run` does more than send SQL: if it reads from the connection, or fails itself.
pub(crate) fn record(
    run: impl FnOnce(&mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()>,
) -> diesel::migration::Result<Vec<String>> {
    let mut recorder = Recorder {
        scripts: Vec::new(),
        transactions: AnsiTransactionManager::default(),
        instrumentation: DynInstrumentation::none(),
    };
    run(&mut recorder)?;
    Ok(recorder.scripts)
}

impl SimpleConnection for Recorder {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.scripts.push(sql.to_owned());
        Ok(())
    }
}

impl ConnectionSealed for Recorder {}

impl Connection for Recorder {
    type Backend = Pg;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(diesel::ConnectionError::BadConnection(
            "a recorder isn't connected to anything".to_owned(),
        ))
    }

    fn execute_returning_count<T>(&mut self, _: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
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
