use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel::{
    Connection as _, ConnectionError, ConnectionResult, QueryResult, SqliteConnection,
    connection::{
        CacheSize, DynInstrumentation, Instrumentation, InstrumentationEvent, SimpleConnection as _, StrQueryHelper,
        get_default_instrumentation,
    },
    query_builder::{AsQuery, QueryFragment, QueryId},
    sqlite::Sqlite,
};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, pooled_connection::PoolableConnection,
};

use super::{
    Access, AttachError, Attached, SqliteExecute, SqliteLoad, SqliteRow, SqliteRows, SqliteTransactionManager,
    SqliteTransactionState, Statement,
    sent::Sent,
    thread::{Asker, Thread},
    worker::Worker,
};
use crate::SchemaName;

/// Finds the file of a schema to which a query's own map leads. Called wherever the query is run, so it must not block.
pub type Resolver = Arc<dyn Fn(&SchemaName) -> Option<PathBuf> + Send + Sync>;

/// A connection to SQLite, made for many tenants: what a pool's checkouts run on.
///
/// It does what diesel-async's `SyncConnectionWrapper<SqliteConnection>` does, and implements the same traits, with these
/// differences:
///
/// - A thread of its own does the work. It needs no tokio runtime, and no thread of a pool that other work can fill.
/// - Rows come while they are read: a result of any length takes bounded memory.
/// - Prepared statements are bounded in number, [256](Self::STATEMENTS).
/// - A transaction that SQLite has rolled back by itself, because of a full disk or `INSERT OR ROLLBACK`, refuses
///   further statements. On Diesel's own connection they would be committed one by one.
/// - A commit that fails rolls the transaction back.
///
/// # Cancellation
/// Any future may be dropped at any time, on any runtime: that never blocks and never panics. A statement that runs is
/// run to its end, unless it is a query whose rows are read: SQLite can't be interrupted through Diesel. A statement that
/// has not begun never does.
///
/// # Panics on the thread
/// A panic in a function that you registered with SQLite is an error of the statement, and closes the connection.
pub struct AsyncSqliteConnection {
    thread: Thread,
    transactions: SqliteTransactionState,
    writes_to: Option<SchemaName>,
    resolver: Option<(Resolver, Access)>,
    instrumentation: Mutex<DynInstrumentation>,
    /// Whether anybody listens to the instrumentation.
    is_observed: bool,
}

impl AsyncSqliteConnection {
    /// How many statements a connection keeps prepared.
    pub const STATEMENTS: usize = 256;

    /// Opens a connection that has no file yet: its `main` is empty, so that a name without a schema finds nothing
    /// there. `busy_timeout` is how long a statement waits for another connection's lock.
    ///
    /// # Errors
    /// If the system gives no thread, or no memory.
    pub async fn open(busy_timeout: Duration) -> ConnectionResult<Self> {
        let settings = format!(
            "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON",
            busy_timeout.as_millis().min(i32::MAX as u128)
        );
        Self::start(":memory:".into(), settings).await
    }

    async fn start(url: String, settings: String) -> ConnectionResult<Self> {
        let thread = Thread::start(move || {
            let mut connection = SqliteConnection::establish(&url)?;
            connection.set_instrumentation(Silent);
            connection
                .batch_execute(&settings)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        });
        let thread = thread.await?;
        let instrumentation = get_default_instrumentation();
        Ok(Self {
            thread,
            transactions: SqliteTransactionState::default(),
            writes_to: None,
            resolver: None,
            is_observed: instrumentation.is_some(),
            instrumentation: Mutex::new(
                instrumentation.map_or_else(DynInstrumentation::none, DynInstrumentation::from),
            ),
        })
    }

    /// Closes the connection, and waits until it has let go of its files. A connection that is only dropped closes a
    /// moment later.
    pub async fn close(self) {
        self.thread.close().await;
    }

    /// Attaches a file under a schema's name. Does nothing if it is attached like that already.
    ///
    /// # Errors
    /// See [`AttachError`]. A file that does not exist is never created.
    pub async fn attach(&mut self, name: &SchemaName, path: &Path, access: Access) -> Result<(), AttachError> {
        let file = Attached {
            name: name.clone(),
            path: path.into(),
            access,
        };
        let attached = self.ask(move |worker, _| Ok(worker.attach(file)));
        attached.await.unwrap_or_else(|source| {
            Err(AttachError::Failed {
                name: name.clone(),
                path: path.into(),
                source,
            })
        })
    }

    /// Detaches a file, and forgets the statements that are prepared. Does nothing if there is no such file.
    ///
    /// # Errors
    /// If the connection is in a transaction.
    pub async fn detach(&mut self, name: &SchemaName) -> QueryResult<()> {
        let name = name.clone();
        self.ask(move |worker, _| worker.detach(&name)).await
    }

    /// The files that are attached, in the order in which SQLite looks for a name without a schema. A statement with
    /// its own map may have added some, by the [resolver](Self::set_resolver).
    pub fn attached(&self) -> Vec<Attached> {
        self.thread.shared().attached().clone()
    }

    /// Which schema's file a transaction locks for writing when it begins; with `None` it locks nothing, so that it
    /// should only read.
    pub fn set_writes_to(&mut self, schema: Option<SchemaName>) {
        self.writes_to = schema;
    }

    pub(super) fn writes_to(&self) -> Option<&SchemaName> {
        self.writes_to.as_ref()
    }

    /// Attaches the files of queries that bring their own map, found by the resolver. They stay attached until somebody
    /// [detaches](Self::detach) them.
    pub fn set_resolver(&mut self, resolver: Option<(Resolver, Access)>) {
        self.resolver = resolver;
    }

    /// Runs a function on Diesel's own connection, on its thread: to register SQL functions and collations, for example.
    ///
    /// # Errors
    /// The function's own error, or if the connection was closed.
    pub async fn spawn_blocking<R, F>(&mut self, work: F) -> QueryResult<R>
    where
        F: FnOnce(&mut SqliteConnection) -> QueryResult<R> + Send + 'static,
        R: Send + 'static,
    {
        self.ask(move |worker, _| worker.run(work)).await
    }

    /// Loads the rows of a query, which was made into this statement.
    pub(crate) fn load_statement<Q>(&self, query: &Q, statement: QueryResult<Statement>) -> SqliteLoad<'_>
    where
        Q: QueryFragment<Sqlite>,
    {
        let work = statement.map(|statement| {
            let files = self.missing_files(&statement);
            move |worker: &mut Worker, asker: &mut Asker<_>| worker.load(statement, files, asker)
        });
        SqliteLoad(Sent::new(self, work).described(self.describe(query)))
    }

    /// Runs a query, which was made into this statement, and counts its rows.
    pub(crate) fn execute_statement<Q>(&self, query: &Q, statement: QueryResult<Statement>) -> SqliteExecute<'_>
    where
        Q: QueryFragment<Sqlite>,
    {
        let work = statement.map(|statement| {
            let files = self.missing_files(&statement);
            move |worker: &mut Worker, asker: &mut Asker<_>| {
                let count = worker.execute(&statement, files);
                asker.answer(count);
            }
        });
        SqliteExecute(Sent::new(self, work).described(self.describe(query)))
    }

    /// The files that the statement's own map leads to, and that are not attached.
    fn missing_files(&self, statement: &Statement) -> Vec<Attached> {
        let Some((resolver, access)) = &self.resolver else {
            return Vec::new();
        };
        let mut files: Vec<Attached> = Vec::new();
        for name in &statement.own_schemas {
            let is_known = |file: &Attached| file.is_named(name);
            if files.iter().any(is_known) || self.thread.shared().attached().iter().any(is_known) {
                continue;
            }
            files.extend(resolver(name).map(|path| Attached {
                name: name.clone(),
                path,
                access: *access,
            }));
        }
        files
    }

    /// Has the thread do something, and waits for the answer.
    pub(super) fn ask<T, F>(&self, work: F) -> Sent<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Worker, &Asker<T>) -> QueryResult<T> + Send + 'static,
    {
        let answering = move |worker: &mut Worker, asker: &mut Asker<T>| {
            let answer = work(worker, asker);
            asker.answer(answer);
        };
        Sent::new(self, Ok(answering))
    }

    pub(super) fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Notes that the thread has not answered.
    pub(super) fn give_up(&self) {
        self.thread.shared().end();
    }

    fn describe<Q>(&self, query: &Q) -> Option<Box<str>>
    where
        Q: QueryFragment<Sqlite>,
    {
        self.is_observed.then(|| {
            let description = diesel::debug_query::<Sqlite, _>(query).to_string();
            self.notify(InstrumentationEvent::start_query(&StrQueryHelper::new(&description)));
            description.into()
        })
    }

    fn notify(&self, event: InstrumentationEvent<'_>) {
        let mut instrumentation = self.instrumentation.lock().unwrap_or_else(PoisonError::into_inner);
        instrumentation.on_connection_event(event);
    }

    pub(super) fn observe<'a>(&self, event: impl FnOnce() -> InstrumentationEvent<'a>) {
        if self.is_observed {
            self.notify(event());
        }
    }

    pub(super) fn observe_end(&self, description: &str, error: Option<&diesel::result::Error>) {
        self.notify(InstrumentationEvent::finish_query(
            &StrQueryHelper::new(description),
            error,
        ));
    }
}

/// For Diesel's connection on the thread: what it would tell is told on this side, in the task that runs the query.
struct Silent;

impl Instrumentation for Silent {
    fn on_connection_event(&mut self, _: InstrumentationEvent<'_>) {}
}

impl SimpleAsyncConnection for AsyncSqliteConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let description = self.is_observed.then(|| {
            self.notify(InstrumentationEvent::start_query(&StrQueryHelper::new(sql)));
            sql.into()
        });
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
        let instrumentation = self.instrumentation.get_mut();
        &mut **instrumentation.unwrap_or_else(PoisonError::into_inner)
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.is_observed = true;
        self.instrumentation = Mutex::new(instrumentation.into());
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        let most = match size {
            CacheSize::Disabled => 0,
            _ => Self::STATEMENTS,
        };
        // A connection that can't be told won't prepare anything either.
        _ = self.thread.send(Box::new(move |worker| worker.limit_statements(most)));
    }
}

impl PoolableConnection for AsyncSqliteConnection {
    fn is_broken(&mut self) -> bool {
        let shared = self.thread.shared();
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
