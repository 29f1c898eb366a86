use std::{path::Path, time::Duration};

use diesel::{
    Connection as _, ConnectionError, ConnectionResult, QueryResult, SqliteConnection,
    connection::SimpleConnection as _, query_builder::QueryFragment, sqlite::Sqlite,
};

use tokio::sync::oneshot;

use super::{
    Access, AttachError, Attached, Resolver, SqliteExecute, SqliteLoad, SqliteTransactionState, Statement,
    attach::missing_files,
    job::{Asker, ended, unasked},
    observer::{Observer, Silent},
    queue::{Opening, Sender},
    sent::Sent,
    worker::Worker,
};
use crate::{
    SchemaName,
    backend::sqlite::files::{self, Identity},
};

/// A connection to SQLite, made for many tenants: what a pool's checkouts run on.
///
/// It does what diesel-async's `SyncConnectionWrapper<SqliteConnection>` does, and implements the same traits, with these
/// differences:
///
/// - Threads for nothing else do the work, one for each connection that is at work. It needs no tokio runtime, and no
///   thread of a pool that other work can fill.
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
    pub(super) sender: Sender,
    /// Ends when the connection is closed.
    closed: oneshot::Receiver<()>,
    pub(super) transactions: SqliteTransactionState,
    pub(super) observer: Observer,
    writes_to: Option<SchemaName>,
    resolver: Option<(Resolver, Access)>,
}

/// The URL of a database without anything in it, which can't be written to.
pub(super) const EMPTY: &str = "file::memory:?mode=ro";

/// What a connection sets when it is opened.
pub(super) fn settings(busy_timeout: Duration) -> String {
    format!("{}; PRAGMA foreign_keys = ON", files::busy_timeout(busy_timeout))
}

impl AsyncSqliteConnection {
    /// How many statements a connection keeps prepared.
    pub const STATEMENTS: usize = 256;

    /// Opens a connection that has no file yet: its `main` is empty and can't be written to, so that a name without a
    /// schema finds nothing there, and nobody leaves anything there. `busy_timeout` is how long a statement waits for
    /// another connection's lock.
    ///
    /// # Errors
    /// If the system gives no thread, or no memory.
    pub async fn open(busy_timeout: Duration) -> ConnectionResult<Self> {
        Self::start(EMPTY.into(), settings(busy_timeout)).await
    }

    /// Opens a connection, attaches files, and does something with them, all at once: a thread is asked one time only.
    pub(crate) async fn open_with<R, F>(
        busy_timeout: Duration,
        files: Vec<Attached>,
        work: F,
    ) -> ConnectionResult<(Self, Result<R, AttachError>)>
    where
        R: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> R + Send + 'static,
    {
        let (connection, opened) = Self::begin(EMPTY.into(), settings(busy_timeout))?;
        let asked = connection.ask(move |worker, _| {
            let attached = files.into_iter().try_for_each(|file| worker.attach(file));
            Ok(attached.map(|()| work(worker.connection())))
        });
        match asked.await {
            Ok(done) => Ok((connection, done)),
            Err(error) => {
                Self::must_be_open(opened).await?;
                Err(ConnectionError::BadConnection(error.to_string()))
            }
        }
    }

    pub(super) async fn start(url: String, settings: String) -> ConnectionResult<Self> {
        let (connection, opened) = Self::begin(url, settings)?;
        Self::must_be_open(opened).await?;
        Ok(connection)
    }

    async fn must_be_open(opened: oneshot::Receiver<ConnectionResult<()>>) -> ConnectionResult<()> {
        opened.await.unwrap_or_else(|_| {
            let message = ended().to_string();
            Err(ConnectionError::BadConnection(message))
        })
    }

    /// A connection that a thread is about to open.
    fn begin(url: String, settings: String) -> ConnectionResult<(Self, oneshot::Receiver<ConnectionResult<()>>)> {
        let opening = Sender::open(move || {
            let mut connection = SqliteConnection::establish(&url)?;
            connection.set_instrumentation(Silent);
            connection
                .batch_execute(&settings)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        });
        let Opening { sender, opened, closed } = opening?;
        let connection = Self {
            sender,
            closed,
            transactions: SqliteTransactionState::default(),
            observer: Observer::by_default(),
            writes_to: None,
            resolver: None,
        };
        Ok((connection, opened))
    }

    /// Closes the connection, and waits until it has let go of its files. A connection that is only dropped closes a
    /// moment later.
    pub async fn close(self) {
        drop(self.sender);
        _ = self.closed.await;
    }

    /// Closes the connection without waiting, and drops `guard` when it has let go of its files. A statement that was
    /// given up, and still runs, delays that: a pool that gives the guard, such as a permit, only then to somebody else
    /// bounds the threads that are busy with such statements.
    pub fn close_holding(self, guard: impl Send + 'static) {
        // With the queue full, what holds the guard is dropped at once.
        _ = self.sender.send(unasked(move |worker| worker.hold(Box::new(guard))));
    }

    /// Attaches a file under a schema's name. Does nothing if it is attached like that already, and takes the place of a
    /// file that was at the same path before. A file that the connection may write to is put into WAL mode, and one that
    /// it may only read must be in that mode already.
    ///
    /// # Errors
    /// See [`AttachError`]. A file that does not exist is never created.
    pub async fn attach(&mut self, name: &SchemaName, path: &Path, access: Access) -> Result<(), AttachError> {
        let file = Attached::new(name, path, access);
        let asked = file.clone();
        let attached = self.ask(move |worker, _| Ok(worker.attach(asked)));
        attached.await.unwrap_or_else(|error| Err(file.failed(error)))
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
        self.sender.shared().attached().clone()
    }

    /// Which file was at its path when a schema's file was attached.
    pub(crate) fn identity_of(&self, name: &SchemaName) -> Option<Identity> {
        let attached = self.sender.shared().attached();
        attached.iter().find(|file| file.is_named(name))?.identity()
    }

    /// How many files are attached.
    pub(crate) fn attached_count(&self) -> usize {
        self.sender.shared().attached().len()
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
            move |worker: &mut Worker, _: &mut Asker<_>| Some(worker.execute(&statement, files))
        });
        SqliteExecute(Sent::new(self, work).described(self.describe(query)))
    }

    /// The files that the statement's own map leads to, and that are not attached.
    fn missing_files(&self, statement: &Statement) -> Vec<Attached> {
        match statement.own_schemas.is_empty() {
            true => Vec::new(),
            false => missing_files(
                &statement.own_schemas,
                &self.sender.shared().attached(),
                self.resolver.as_ref(),
            ),
        }
    }

    /// Has the thread do something, and waits for the answer.
    pub(super) fn ask<T, F>(&self, work: F) -> Sent<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Worker, &Asker<T>) -> QueryResult<T> + Send + 'static,
    {
        Sent::new(
            self,
            Ok(|worker: &mut Worker, asker: &mut Asker<T>| Some(work(worker, asker))),
        )
    }

    /// Notes that the thread has not answered.
    pub(super) fn give_up(&self) {
        self.sender.shared().end();
    }

    fn describe<Q>(&self, query: &Q) -> Option<Box<str>>
    where
        Q: QueryFragment<Sqlite>,
    {
        self.observer
            .tell_begin(|| diesel::debug_query::<Sqlite, _>(query).to_string().into())
    }
}
