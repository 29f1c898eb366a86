use std::{error::Error, fmt, io, path::PathBuf, process::ExitStatus, sync::Arc, time::Duration};

use crate::ClientError;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// PostgreSQL's server is not installed, or nowhere it is looked for.
    #[error(
        "found no PostgreSQL server: looked for `initdb` and `postgres` in\n  {}\n\
         Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install \
         postgresql-server; macOS: brew install postgresql), put its folder in PATH, or set DATABASE_URL to a server \
         that is running",
        searched.join("\n  ")
    )]
    NotInstalled {
        /// Every place that was looked at, in order.
        searched: Vec<String>,
    },

    /// A program named `postgres` that is something else.
    #[error("{} --version tells no version: {output:?}", program.display())]
    UnknownVersion {
        /// The program.
        program: PathBuf,
        /// What it printed.
        output: String,
    },

    /// The process runs as root, and there is no other account to run the server as.
    #[error(
        "the server refuses to run as root, and /etc/passwd has no account `{account}` to run it as: \
         add one, or run this as another user"
    )]
    NoAccount {
        /// The account's name.
        account: &'static str,
    },

    /// A step of the set-up was refused by the operating system.
    #[error("could not {attempt}")]
    Io {
        /// What was attempted, and on which path.
        attempt: String,
        /// What the operating system says.
        source: io::Error,
    },

    /// `initdb` failed.
    #[error("initdb failed ({status}):\n{output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// Everything it printed.
        output: String,
    },

    /// `pg_basebackup` failed: the server to follow lacks `wal_level = replica` or `max_wal_senders`, for instance.
    #[error("pg_basebackup failed ({status}):\n{output}")]
    BaseBackup {
        /// How it ended.
        status: ExitStatus,
        /// Everything it printed.
        output: String,
    },

    /// The server ended before it accepted connections.
    #[error("postgres ended ({status}) before it accepted connections; the end of its log:\n{log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },

    /// The server runs, and is still not accepting connections.
    #[error("postgres accepts no connections after {} s; the end of its log:\n{log}", waited.as_secs())]
    NotReady {
        /// How long it was given.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },

    /// `DATABASE_URL` is set to something that is not a URL. The value holds a password, and is not shown.
    #[error("DATABASE_URL is not of the form postgres://user:password@host:port/database")]
    DatabaseUrl {
        /// What is wrong with it, when it could be read at all.
        #[source]
        source: Option<tokio_postgres::Error>,
    },
}

/// Why there is no database for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no server, and none could be started.
    #[error("there is no server for the test's database")]
    NoServer {
        /// Why not.
        source: Arc<StartError>,
    },

    /// The server that `DATABASE_URL` names can't be reached, or refuses the connection.
    #[error(
        "could not use the server {server}, which DATABASE_URL names: start it, correct DATABASE_URL, or unset it, to \
         have a throw-away server started"
    )]
    Unreachable {
        /// Its host and port.
        server: String,
        /// What came instead of an answer.
        source: ClientError,
    },

    /// The role may not create databases.
    #[error(
        "the role of DATABASE_URL may not create databases, and each test has one of its own: let a superuser run \
         ALTER ROLE … CREATEDB, or unset DATABASE_URL, to have a throw-away server started"
    )]
    NotAllowed {
        /// The server's message.
        source: ClientError,
    },

    /// `CREATE DATABASE` failed.
    #[error("could not create a database for the test")]
    Create {
        /// The server's message.
        source: ClientError,
    },

    /// The function that prepares a template failed.
    #[error("could not prepare the template of the tests' databases")]
    Prepare {
        /// What the function returned.
        source: Box<dyn Error + Send + Sync>,
    },

    /// The template could not be closed, which it must be to be copied.
    #[error("could not close the connections to the template of the tests' databases")]
    Close {
        /// What came instead of an answer.
        source: ClientError,
    },

    /// The operating system gave no random bytes for a name.
    #[error("could not choose a name for the test's database")]
    Name(#[from] StartError),
}

/// Why there is no folder for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is no place for this process's folders.
    #[error("could not make the folder that the tests' folders are in")]
    NoRoot {
        /// What the operating system refused.
        source: &'static StartError,
    },

    /// The function that prepares a template failed.
    #[error("could not prepare the template of the tests' folders")]
    Prepare {
        /// What the function returned.
        source: Box<dyn Error + Send + Sync>,
    },

    /// A connection to the template's files is open, so that they can't be copied.
    #[error(
        "the function that prepares the template of the tests' folders left a connection open: {} is still there; drop \
         all pools and connections before it returns",
        log.display()
    )]
    InUse {
        /// The log of a file of SQLite, which its last connection removes.
        log: PathBuf,
    },

    /// The operating system refused.
    #[error("could not {attempt}")]
    Io {
        /// What was attempted, and on which path.
        attempt: String,
        /// What the operating system says.
        source: io::Error,
    },
}

impl StartError {
    pub(crate) fn io(attempt: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let attempt = attempt.into();
        move |source| Self::Io { attempt, source }
    }
}

/// An error with its sources on one line, for the panics of test code.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
