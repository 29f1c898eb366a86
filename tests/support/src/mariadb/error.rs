use std::{io, process::ExitStatus, time::Duration};

use crate::StartError;

/// Why there is no MariaDB server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MariaDbError {
    /// MariaDB's server is not installed, or nowhere it is looked for.
    #[error(
        "found no MariaDB server: looked for `{program}` in\n  {}\n\
         Install it (scripts/install-mariadb.sh does; Debian, Ubuntu: apt-get install mariadb-server; Fedora: dnf \
         install mariadb-server; macOS: brew install mariadb), or put its folder in PATH",
        searched.join("\n  ")
    )]
    NotInstalled {
        /// The program that is missing.
        program: &'static str,
        /// Every place that was looked at, in order.
        searched: Vec<String>,
    },

    /// What every server needs is missing: a directory, an account, a port.
    #[error("could not prepare a MariaDB server")]
    Prepare(#[from] StartError),

    /// `mariadb-install-db` failed.
    #[error("mariadb-install-db failed ({status}):\n{output}")]
    Install {
        /// How it ended.
        status: ExitStatus,
        /// Everything it printed.
        output: String,
    },

    /// The server ended before it accepted connections.
    #[error("mariadbd ended ({status}) before it accepted connections; the end of its log:\n{log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },

    /// The server runs, and is still not accepting connections.
    #[error("mariadbd accepts no connections after {} s; the end of its log:\n{log}", waited.as_secs())]
    NotReady {
        /// How long it was given.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },

    /// A node of a cluster runs, and is still not part of it.
    #[error("a node of the Galera cluster is still not part of it after {} s; the server says {state:?}", waited.as_secs())]
    NotSynced {
        /// How long it was given.
        waited: Duration,
        /// What the server says of its state.
        state: String,
    },

    /// The client program could not be run, or ended in the middle.
    #[error("could not talk to the server by the program `mariadb`")]
    Client {
        /// What the operating system says.
        source: io::Error,
    },
}
