use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, Opts, OptsBuilder};

use super::{
    MysqlConnectError,
    session::{READ_ONLY, SETTINGS, SessionSettings},
};

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

/// Opens connections to one server, each without a default database: a name that the translator missed is "No database
/// selected" there.
#[derive(Debug)]
pub(crate) struct Connector {
    options: Opts,
    server: String,
    timeout: Duration,
    /// How many statements may be prepared on the server, as it said last.
    most_prepared: AtomicUsize,
    /// Whether the server undoes the transaction of a statement that waited too long for others.
    rollback_on_timeout: AtomicBool,
}

impl Connector {
    /// For the server of these options. `sql_mode` is set on each session if it is given; it lists known modes.
    pub(crate) fn new(options: Opts, access: Access, sql_mode: Option<&str>, timeout: Duration) -> Self {
        let server = match options.socket() {
            Some(socket) => socket.to_owned(),
            None => format!("{}:{}", options.ip_or_hostname(), options.tcp_port()),
        };
        let sql_mode = sql_mode.map(|modes| format!("SET SESSION sql_mode = '{modes}'"));
        let read_only = (access == Access::ReadOnly).then(|| READ_ONLY.to_owned());
        let settings = [Some(SETTINGS.to_owned()), sql_mode, read_only].into_iter().flatten();
        let setup = options.init().iter().cloned().chain(settings).collect::<Vec<_>>();
        let options = OptsBuilder::from_opts(options)
            .db_name(None::<String>)
            .init(setup)
            // The connection around it has a cache of its own.
            .stmt_cache_size(0)
            // As Diesel wants it: an update counts the rows that it found.
            .client_found_rows(true);
        Self {
            options: options.into(),
            server,
            timeout,
            most_prepared: AtomicUsize::new(0),
            rollback_on_timeout: AtomicBool::new(false),
        }
    }

    /// The server, as errors name it.
    #[cfg(feature = "testing")]
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The options with which connections are opened.
    #[cfg(feature = "schema")]
    pub(crate) fn options(&self) -> &Opts {
        &self.options
    }

    /// How many statements may be prepared on the server, by all connections together, as it said when a connection was
    /// last opened.
    pub(crate) fn most_prepared(&self) -> usize {
        self.most_prepared.load(Relaxed)
    }

    pub(crate) fn rollback_on_timeout(&self) -> bool {
        self.rollback_on_timeout.load(Relaxed)
    }

    pub(crate) async fn connect(&self) -> Result<AsyncMysqlConnection, MysqlConnectError> {
        self.in_time(self.open()).await
    }

    /// A connection that Diesel does not use: for rows as the server writes them, as text.
    pub(crate) async fn driver(&self) -> Result<Conn, MysqlConnectError> {
        self.in_time(self.open_driver()).await
    }

    async fn in_time<T>(
        &self,
        opening: impl Future<Output = Result<T, MysqlConnectError>>,
    ) -> Result<T, MysqlConnectError> {
        let opened = tokio::time::timeout(self.timeout, opening).await;
        opened.map_err(|_| MysqlConnectError::Timeout {
            server: self.server.clone(),
            waited: self.timeout,
        })?
    }

    async fn open(&self) -> Result<AsyncMysqlConnection, MysqlConnectError> {
        let connection = AsyncMysqlConnection::try_from(self.open_driver().await?).await;
        connection.map_err(|source| MysqlConnectError::Setup {
            server: self.server.clone(),
            source,
        })
    }

    async fn open_driver(&self) -> Result<Conn, MysqlConnectError> {
        let server = || self.server.clone();
        let opened = Conn::new(self.options.clone()).await;
        let mut connection = opened.map_err(|source| MysqlConnectError::Refused {
            server: server(),
            source,
        })?;
        let session = SessionSettings::read(&mut connection).await;
        let session = session.map_err(|source| MysqlConnectError::Query {
            server: server(),
            source,
        })?;
        session.check(&self.server)?;
        self.most_prepared.store(session.most_prepared, Relaxed);
        self.rollback_on_timeout.store(session.rollback_on_timeout, Relaxed);
        Ok(connection)
    }
}
