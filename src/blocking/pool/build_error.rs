use std::io;

use crate::backend::postgres::ConnectError;

impl BuildError {
    pub(super) fn of_checkout(error: crate::CheckoutError) -> Self {
        match error {
            crate::CheckoutError::Connect { source, .. } => Self::Connect(source),
            error => Self::FirstCheckout(Box::new(error)),
        }
    }
}

/// Why a pool could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_size` is 0: a pool without connections would never answer.
    #[error("`max_size` must be at least 1")]
    Empty,
    /// The thread for the async pool could not be started.
    #[error("can't start the thread of the pool in the background")]
    Thread(#[source] io::Error),
    /// The async pool in the background could not be built: an option is invalid, or a folder of SQLite can't be used.
    #[error("can't build the pool in the background")]
    Background(#[from] crate::BuildError),
    /// `test_transaction` is set, but the checkouts of this pool would commit.
    #[error(
        "`test_transaction` needs the async pool: give a test without async a database of its own (`TestTemplate`)"
    )]
    TestTransaction,
    /// A pooler may be in between (`search_path_from_role`), and Diesel's connections prepare statements by name.
    #[error(
        "a pool without async needs sessions of its own, and a pooler may be in between (`search_path_from_role`): \
         connect without the pooler, or use the async pool"
    )]
    Pooler,
    /// No connection could be opened.
    #[error("can't open the pool's first connection")]
    Connect(#[source] ConnectError),
    /// The two drivers are connected to two databases.
    #[error(
        "the pool's connections reach database {reached:?}, and the library's own driver reaches {expected:?}, or the \
         server is another one: `connection_url` must lead to the same database; without it, look for variables of \
         libpq in the environment (PGHOST, PGPORT, PGDATABASE)"
    )]
    AnotherDatabase {
        /// The database of the async pool in the background.
        expected: String,
        /// The database of the pool's own connections.
        reached: String,
    },
    /// The first connection did not come in time.
    #[error("can't open the pool's first connection")]
    FirstCheckout(#[source] Box<crate::CheckoutError>),
}
