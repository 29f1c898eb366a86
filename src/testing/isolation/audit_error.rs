use std::time::Duration;
#[cfg(feature = "sqlite")]
use std::{io, path::PathBuf};

use crate::{CheckoutError, ConnectError, SchemaName};

/// Why an audit could not be made, so that nothing is known of the work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The tenant can't be looked up.
    #[error("could not find the tenant to audit")]
    Tenant(#[from] CheckoutError),

    /// There is no such tenant.
    #[error("could not audit the work of tenant {:?}: there is no such tenant", tenant.as_str())]
    UnknownTenant {
        /// The tenant.
        tenant: SchemaName,
    },

    /// The tenant shares tables with others, or lives in another database than the pool's own.
    #[error(
        "could not audit the work of tenant {:?}: an audit sees schemas of the pool's own database, and this tenant \
         {reason}",
        tenant.as_str()
    )]
    Elsewhere {
        /// The tenant.
        tenant: SchemaName,
        /// Where it lives.
        reason: &'static str,
    },

    /// The database isn't known to be a test database, and the audit would end all of its sessions.
    #[error(
        "could not audit: {database:?} may not be a test database, and an audit ends all other sessions. Use a database \
         of `TestTemplate` or `Server`, or say that this is one: COMMENT ON DATABASE … IS '{comment}'"
    )]
    NotATestDatabase {
        /// The database.
        database: String,
        /// What the comment has to begin with.
        comment: &'static str,
    },

    /// The audit could not connect.
    #[error("could not connect to have the database testify")]
    Connect(#[from] ConnectError),

    /// The pool connects by a function of the application's own, which opens connections of Diesel only.
    #[error(
        "could not connect to have the database testify: the pool opens connections with a function of its own \
         (`establish_with`); give the audit a URL to connect to without TLS (`observer`)"
    )]
    NeedsObserver,

    /// Another audit of this database is under way.
    #[error(
        "could not audit: another audit of database {database:?} is under way, and each would see the other's work. \
         Give each test a database of its own"
    )]
    Busy {
        /// The database.
        database: String,
    },

    /// Other sessions could not be ended, without which their counts are not complete.
    #[error(
        "could not audit: {sessions} other sessions of database {database:?} did not end within {} s. The role of the \
         audit must be that of all sessions, a superuser, or a member of pg_signal_backend",
        waited.as_secs()
    )]
    SessionsLeft {
        /// The database.
        database: String,
        /// How many.
        sessions: usize,
        /// How long the audit waited.
        waited: Duration,
    },

    /// The server's counters did not come to rest.
    #[error("could not audit: the counters of database {database:?} still change after {} s: does other work go on?", waited.as_secs())]
    Restless {
        /// The database.
        database: String,
        /// How long the audit waited.
        waited: Duration,
    },

    /// The server counts nothing.
    #[error("could not audit: the server doesn't count what is read and written: `track_counts` is off")]
    NotCounting,

    /// A file of another tenant is open, so that what is read from it may leave no trace.
    #[cfg(feature = "sqlite")]
    #[error(
        "could not audit: this process has {} open, still after {} s. Close connections to other tenants' files before an \
         audit, and before the audited work ends",
        file.display(),
        waited.as_secs()
    )]
    FileInUse {
        /// The file.
        file: PathBuf,
        /// How long the audit waited.
        waited: Duration,
    },

    /// The file system doesn't note when files are read.
    #[cfg(feature = "sqlite")]
    #[error(
        "could not audit: the file system of {} doesn't note when a file is read (it may be mounted with noatime); keep \
         the tests' files elsewhere, such as in a `TestFolder`",
        folder.display()
    )]
    NoTimes {
        /// The folder of the tenants' files.
        folder: PathBuf,
    },

    /// A tenant's file could not be looked at.
    #[cfg(feature = "sqlite")]
    #[error("could not audit: could not look at {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// The server has no statistics of users, which MariaDB has.
    #[cfg(feature = "mysql")]
    #[error("could not audit: the server doesn't count what is read of each table: use MariaDB, which has `userstat`")]
    NoUserStatistics,

    /// A session keeps a table of another tenant open, so that what it read of it before would be counted later.
    #[cfg(feature = "mysql")]
    #[error(
        "could not audit: a session has {table} in use, still after {} s, by LOCK TABLES, HANDLER or a statement that goes \
         on. Other tenants must be idle",
        waited.as_secs()
    )]
    TableInUse {
        /// The database and the table.
        table: String,
        /// How long the audit waited.
        waited: Duration,
    },

    /// The audit could not connect to MySQL.
    #[cfg(feature = "mysql")]
    #[error("could not connect to have the server testify")]
    MysqlConnect(#[source] crate::MysqlConnectError),

    /// A query of the audit failed on MySQL.
    #[cfg(feature = "mysql")]
    #[error("could not have the server testify: could not {attempt}")]
    MysqlQuery {
        /// What was attempted.
        attempt: &'static str,
        /// The server's message.
        source: diesel::result::Error,
    },

    /// A query of the audit failed.
    #[error("could not have the database testify: could not {attempt}")]
    Query {
        /// What was attempted.
        attempt: &'static str,
        /// The server's message.
        source: tokio_postgres::Error,
    },
}
