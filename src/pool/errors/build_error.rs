use crate::{SchemaName, SchemaNameError, backend::postgres::ConnectError};

/// Why a pool could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The database URL can't be parsed. The error shows neither the URL nor the parser's reason, since both may hold a
    /// password.
    #[error(
        "the database URL can't be parsed; it should look like postgres://user:password@host:5432/database, with every \
         character of user and password percent-encoded that is not a letter or digit"
    )]
    InvalidUrl,
    /// A schema's name is invalid.
    #[error("a schema named in the pool's options is invalid")]
    InvalidName(#[from] SchemaNameError),
    /// The shared schema is listed in `extension_schemas`: shared tables would be found without their schema's name.
    #[error(
        "{schema:?} is the shared schema, and can't be one of `extension_schemas`: names in strings and functions \
         would reach its tables without the schema's name. Move the extensions to a schema of their own (`CREATE \
         SCHEMA extensions; ALTER EXTENSION … SET SCHEMA extensions`) and list that schema"
    )]
    SharedExtensionSchema {
        /// The schema.
        schema: SchemaName,
    },
    /// `listen` is set, but a pooler may be in between: in transaction mode it passes no notifications on.
    #[error(
        "`listen` needs a session of its own, and a pooler may be in between (`search_path_from_role`): give a URL \
         that bypasses the pooler to `migration_url`"
    )]
    ListenNeedsSession,
    /// A further database was declared by the name of the pool's own.
    #[error(
        "`main` is the name of the pool's own database, and another database can't be declared by it: choose another \
         name"
    )]
    ReservedDatabase,
    /// `max_size` is 0: a pool without connections would never answer.
    #[error("`max_size` must be at least 1")]
    Empty,
    /// The folder of the tenants' files can't be used.
    #[cfg(feature = "sqlite")]
    #[error("can't use the folder of the tenants' files")]
    Folder(#[source] crate::pool::SqliteError),
    /// The server of MySQL can't be reached, or its sessions are unsafe.
    #[cfg(feature = "mysql")]
    #[error("can't open the pool's first connection")]
    ConnectMysql(#[source] Box<crate::MysqlConnectError>),
    /// The shared database can't be asked whether it has the tables of a directory.
    #[cfg(feature = "mysql")]
    #[error("can't look for the directory's tables in the shared database")]
    Mysql(#[source] crate::pool::MysqlError),
    /// The option `sql_mode` lists a mode in which the server reads texts in another way than they are translated, or
    /// one that is unknown.
    #[cfg(feature = "mysql")]
    #[error(
        "`sql_mode` lists {mode:?}, which is no mode of MySQL or MariaDB, or one in which the server reads texts in \
         another way than they are translated"
    )]
    SqlMode {
        /// The mode.
        mode: String,
    },
    /// The shared schema can't be a database of MySQL.
    #[cfg(feature = "mysql")]
    #[error("the shared schema {schema:?} can't be a database of MySQL: {reason}")]
    SharedDatabase {
        /// The schema.
        schema: SchemaName,
        /// Why.
        reason: &'static str,
    },
    /// The URL begins with `mysql:` or `mariadb:`.
    #[error(
        "the database URL names a server of MySQL: give the pool a `MysqlUrl` instead of a text, which needs the \
         feature `mysql`"
    )]
    MysqlUrl,
    /// The URL begins with `sqlite:`.
    #[error(
        "the database URL names a folder of SQLite: give the pool a `SqliteFolder` instead of a text, which needs the \
         feature `sqlite`"
    )]
    SqliteUrl,
    /// The server can't be reached.
    #[error("can't open the pool's first connection")]
    Connect(#[from] ConnectError),
}
