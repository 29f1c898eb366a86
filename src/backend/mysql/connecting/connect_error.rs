use std::time::Duration;

/// Why a connection to a server of MySQL or MariaDB could not be made. Servers are named by host and port, never by
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MysqlConnectError {
    /// The server could not be reached, or refused.
    #[error("can't connect to MySQL at {server}")]
    Refused {
        /// Host and port, or the path of the socket.
        server: String,
        /// Why.
        source: mysql_async::Error,
    },
    /// The server answered, and the connection could not be set up.
    #[error("can't set up a connection to MySQL at {server}")]
    Setup {
        /// Host and port, or the path of the socket.
        server: String,
        /// Diesel's reason.
        source: diesel::ConnectionError,
    },
    /// The settings of the session could not be read.
    #[error("can't read the settings of a new connection to MySQL at {server}")]
    Query {
        /// Host and port, or the path of the socket.
        server: String,
        /// What the server answered.
        source: mysql_async::Error,
    },
    /// The server took too long.
    #[error("no connection to MySQL at {server} within {waited:?}")]
    Timeout {
        /// Host and port, or the path of the socket.
        server: String,
        /// How long the attempt waited.
        waited: Duration,
    },
    /// The session has a default database, in which the server would look for names that the translator can't see.
    #[error(
        "new connections to MySQL at {server} have the default database {database:?}, so that a name the translator \
         can't see might reach its tables: remove `USE` from the server's `init_connect`"
    )]
    DefaultDatabase {
        /// Host and port, or the path of the socket.
        server: String,
        /// The database.
        database: String,
    },
    /// In this mode the server reads texts in another way than the translator.
    #[error(
        "the sql_mode of new connections to MySQL at {server} contains {mode}, in which the server reads texts in \
         another way than they are translated: remove it from the server's sql_mode, or give the connections a mode of \
         their own with `sql_mode`"
    )]
    SqlMode {
        /// Host and port, or the path of the socket.
        server: String,
        /// The mode.
        mode: String,
    },
    /// The server doesn't tell apart names that differ in case, so that two tenants could have one database.
    #[error(
        "the server of MySQL at {server} runs with lower_case_table_names = {value}: it doesn't tell apart names that \
         differ in case, so that two tenants could share a database. Use a server with lower_case_table_names = 0"
    )]
    FoldsNames {
        /// Host and port, or the path of the socket.
        server: String,
        /// The variable's value.
        value: u8,
    },
}

/// `ER_CON_COUNT_ERROR` and `ER_TOO_MANY_USER_CONNECTIONS`, and the limit of an account.
const WANT_OF_ROOM: [u16; 3] = [1040, 1203, 1226];

impl MysqlConnectError {
    /// Whether the server has no room for one more connection, of this account or at all.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Refused {
                source: mysql_async::Error::Server(error),
                ..
            } => WANT_OF_ROOM.contains(&error.code),
            _ => false,
        }
    }
}
