use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use diesel::{
    Connection as _, ConnectionError, ConnectionResult, QueryResult, SqliteConnection,
    connection::SimpleConnection as _,
    query_builder::{QueryBuilder as _, QueryFragment},
    sqlite::{Sqlite, SqliteQueryBuilder},
};

use super::super::{
    Access, AttachError, Attached, Resolver, SqliteTransactionState,
    attach::missing_files,
    connection::{EMPTY, settings},
    worker::{Worker, controls_transactions},
};
use crate::{SchemaName, backend::sqlite::files::Identity};

/// A connection to SQLite, made for many tenants, without async: what the checkouts of a
/// [`blocking::TenantPool`](crate::blocking::TenantPool) run on.
///
/// It is Diesel's own [`SqliteConnection`] with these differences:
///
/// - Files are attached under the names of schemas, also those to which a query's own map leads.
/// - A transaction takes the write lock of one file when it begins, or waits for it.
/// - Prepared statements are bounded in number.
/// - A transaction that SQLite has rolled back by itself, because of a full disk or `INSERT OR ROLLBACK`, refuses
///   further statements. On Diesel's own connection they would be committed one by one.
/// - A commit that fails rolls the transaction back.
pub struct SqliteFilesConnection {
    pub(super) worker: Worker,
    pub(super) transactions: SqliteTransactionState,
    writes_to: Option<SchemaName>,
    resolver: Option<(Resolver, Access)>,
    /// Whether SQLite may have begun or ended a transaction by itself.
    pub(super) must_look: AtomicBool,
}

impl SqliteFilesConnection {
    /// Opens a connection that has no file yet: its `main` is empty and can't be written to, so that a name without a
    /// schema finds nothing there, and nobody leaves anything there. `busy_timeout` is how long a statement waits for
    /// another connection's lock.
    ///
    /// # Errors
    /// If the system gives no memory.
    pub fn open(busy_timeout: Duration) -> ConnectionResult<Self> {
        Self::start(EMPTY, &settings(busy_timeout))
    }

    pub(super) fn start(url: &str, settings: &str) -> ConnectionResult<Self> {
        let mut connection = SqliteConnection::establish(url)?;
        connection
            .batch_execute(settings)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(Self {
            worker: Worker::new(connection, Arc::default()),
            transactions: SqliteTransactionState::default(),
            writes_to: None,
            resolver: None,
            must_look: AtomicBool::new(false),
        })
    }

    /// Attaches a file under a schema's name. Does nothing if it is attached like that already, and takes the place of a
    /// file that was at the same path before. A file that the connection may write to is put into WAL mode, and one that
    /// it may only read must be in that mode already.
    ///
    /// # Errors
    /// See [`AttachError`]. A file that does not exist is never created.
    pub fn attach(&mut self, name: &SchemaName, path: &Path, access: Access) -> Result<(), AttachError> {
        self.attach_file(Attached::new(name, path, access))
    }

    pub(crate) fn attach_file(&mut self, file: Attached) -> Result<(), AttachError> {
        self.worker.attach(file)
    }

    /// Which file was at its path when a schema's file was attached.
    pub(crate) fn identity_of(&self, name: &SchemaName) -> Option<Identity> {
        let attached = self.worker.shared().attached();
        attached.iter().find(|file| file.is_named(name))?.identity()
    }

    /// Detaches a file, and forgets the statements that are prepared. Does nothing if there is no such file.
    ///
    /// # Errors
    /// If the connection is in a transaction.
    pub fn detach(&mut self, name: &SchemaName) -> QueryResult<()> {
        self.worker.detach(name)
    }

    /// The files that are attached, in the order in which SQLite looks for a name without a schema. A statement with
    /// its own map may have added some, by the [resolver](Self::set_resolver).
    pub fn attached(&self) -> Vec<Attached> {
        self.worker.shared().attached().clone()
    }

    /// How many files are attached.
    pub(crate) fn attached_count(&self) -> usize {
        self.worker.shared().attached().len()
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

    /// Diesel's own connection, to register SQL functions and collations, for example.
    pub fn diesel(&mut self) -> &mut SqliteConnection {
        // Whoever has it may begin and end transactions.
        self.must_look.store(true, Relaxed);
        self.worker.sync_seldom();
        self.worker.connection()
    }

    /// Attaches the files of schemas to which a query's own map leads.
    pub(crate) fn open_schemas(&mut self, schemas: &[SchemaName]) -> QueryResult<()> {
        let files = missing_files(schemas, &self.worker.shared().attached(), self.resolver.as_ref());
        for file in files {
            self.worker.attach(file)?;
        }
        Ok(())
    }

    /// Whether another checkout can't have the connection, because of what SQLite was left in.
    pub(crate) fn is_broken(&mut self) -> bool {
        self.look_if_needed();
        self.worker.shared().has_ended() || self.worker.shared().is_begun_by_hand() || self.transactions.is_broken()
    }

    /// Does what comes before a query.
    pub(super) fn get_ready<Q>(&mut self, query: &Q) -> QueryResult<()>
    where
        Q: QueryFragment<Sqlite>,
    {
        self.look_if_needed();
        let mut out = SqliteQueryBuilder::new();
        query.to_sql(&mut out, &Sqlite)?;
        let sql = out.finish();
        let may_be_kept = query.is_safe_to_cache_prepared(&Sqlite)?;
        self.worker.get_ready(&sql, may_be_kept, Vec::new())?;
        if controls_transactions(&sql) {
            self.must_look.store(true, Relaxed);
        }
        Ok(())
    }

    pub(super) fn look_if_needed(&mut self) {
        if std::mem::take(self.must_look.get_mut()) {
            self.worker.look_at_transaction();
        }
    }
}

impl fmt::Debug for SqliteFilesConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attached = self.attached();
        let names: Vec<_> = attached.iter().map(|file| &file.name).collect();
        f.debug_struct("SqliteFilesConnection")
            .field("attached", &names)
            .finish_non_exhaustive()
    }
}
