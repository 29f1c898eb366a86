use diesel::result::Error as DieselError;

use crate::{ConnectError, SchemaName};

/// Why the tables of a directory could not be created. On PostgreSQL and SQLite nothing is changed then; on MySQL
/// repeat the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryTablesError {
    /// No connection could be made.
    #[error("can't connect to create the directory's tables")]
    Connect(#[from] ConnectError),
    /// The server refused.
    #[error(
        "can't create the directory's tables `tenants` and `domains` in schema {schema:?}: is there another table of \
         that name?"
    )]
    Refused {
        /// The shared schema.
        schema: SchemaName,
        /// What the server answered.
        source: DieselError,
    },
    /// The shared file can't be used.
    #[cfg(feature = "sqlite")]
    #[error("can't create the directory's tables")]
    Files(#[source] Box<crate::pool::SqliteError>),
    /// The server of MySQL can't be reached, or another process works on its shared database.
    #[cfg(feature = "mysql")]
    #[error("can't create the directory's tables")]
    Mysql(#[source] Box<crate::pool::MysqlError>),
}
