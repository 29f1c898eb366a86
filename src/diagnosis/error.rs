use crate::{BuildError, CheckoutError, ConnectError};

/// Why a diagnosis could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosisError {
    /// The database URL is invalid.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server can't be reached, or refuses a connection without startup options.
    #[error("can't connect to the database")]
    Connect(#[from] ConnectError),
    /// The server refuses a query.
    #[error("the server refused a query of the diagnosis")]
    Query(#[from] tokio_postgres::Error),
    /// The tenants could not be listed or read, although a pool could be built.
    #[error("can't list or read the tenants")]
    Tenants(#[from] CheckoutError),
    /// A function of the application opens the pool's connections, and the diagnosis needs connections of the driver.
    #[error(
        "the diagnosis needs connections of the driver, and the pool opens its connections by a function: give the \
         same TLS connector to `tls`"
    )]
    NeedsTls,
    /// The server of MySQL refuses a query, although a pool could be built.
    #[cfg(feature = "mysql")]
    #[error("the server refused a query of the diagnosis")]
    Mysql(#[source] Box<crate::pool::MysqlError>),
    /// The folder of the tenants' files can't be read, although it can be opened.
    #[cfg(feature = "sqlite")]
    #[error("can't read the folder of the tenants' files")]
    Files(#[source] crate::pool::SqliteError),
}
