use crate::{BuildError, CheckoutError, ConnectError};

/// Why a diagnosis could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosisError {
    /// The URL is none.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server can't be reached, or refuses a connection without startup options.
    #[error("can't connect to the database")]
    Connect(#[from] ConnectError),
    /// The server refuses a query.
    #[error("the server refuses to answer a question of the diagnosis")]
    Query(#[from] tokio_postgres::Error),
    /// The tenants could not be listed or read, although a pool could be built.
    #[error("can't look at the tenants")]
    Tenants(#[from] CheckoutError),
    /// The pool's connections are made by a function, which makes none of the driver's own.
    #[error("the pool connects by a function of its own: give the diagnosis a connector, by `tls`")]
    NeedsTls,
}
