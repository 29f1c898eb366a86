use std::sync::Arc;

use crate::{
    CheckoutError, ConnectError, Placement, RefusedStatement, SchemaName, SchemaNameError, pool::DatabaseError,
    translate::TranslateError,
};

/// Why a script was not begun. Nothing was sent to any tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The SQL can't be translated.
    #[error("the SQL can't be used, and nothing was sent")]
    Translate(#[from] TranslateError),
    /// On SQLite: a statement would outlive the script in a dangerous way.
    #[error("the SQL can't be used, and nothing was sent")]
    Refused(#[from] RefusedStatement),
    /// `COPY … TO STDOUT` sends rows by messages of its own.
    #[error(
        "COPY … TO STDOUT can't be part of a script, and nothing was sent: use TABLE … or SELECT …, or export the \
         tenant"
    )]
    CopyOut,
    /// `COPY … FROM STDIN` waits for rows that a script doesn't send.
    #[error("COPY … FROM STDIN can't be part of a script, and nothing was sent: use INSERT, or import a tenant")]
    CopyIn,
    /// No tenant can have one of the chosen names.
    #[error("no tenant can have that name, and nothing was sent")]
    InvalidName(#[from] SchemaNameError),
    /// A chosen tenant doesn't exist.
    #[error("there is no tenant {:?}, and nothing was sent: `tenants` lists the existing tenants", .tenant.as_str())]
    UnknownTenant {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A tenant shares tables with other tenants; on SQLite: or is in another folder; on MySQL: or lives on another
    /// server.
    #[error(
        "tenant {:?} lives in {placement}, which a script doesn't reach, and nothing was sent: choose other tenants",
        .tenant.as_str()
    )]
    Elsewhere {
        /// The tenant.
        tenant: SchemaName,
        /// Where it lives.
        placement: Placement,
    },
    /// The tenants could not be listed or found.
    #[error("can't find the tenants, and nothing was sent")]
    Tenants(#[from] CheckoutError),
    /// A function of the application opens the pool's connections, and a script needs connections of the driver.
    #[error(
        "a script needs connections of the driver, and the pool opens its connections by a function: give the same TLS \
         connector to `tls`"
    )]
    NeedsTls,
}

/// Why a script failed in one tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptFailure {
    /// The script was told to stop before it began in this tenant.
    #[error("not reached")]
    NotReached,
    /// There was no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The tenant lives in another database, which can't be reached.
    #[error("can't reach the database in which the tenant lives")]
    Database(#[source] Arc<DatabaseError>),
    /// The server refused a statement. A transaction that the script began is rolled back.
    #[error(transparent)]
    Statement(#[from] tokio_postgres::Error),
    /// The tenant's file can't be used.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    File(#[from] crate::pool::SqliteError),
    /// SQLite refused a statement. A transaction that the script began is rolled back.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// On MySQL, there was no connection.
    #[cfg(feature = "mysql")]
    #[error(transparent)]
    ConnectMysql(#[from] crate::MysqlConnectError),
    /// MySQL refused a statement. A transaction that the script began is rolled back, as far as no statement of it has
    /// committed by itself.
    #[cfg(feature = "mysql")]
    #[error(transparent)]
    StatementMysql(#[from] mysql_async::Error),
}
