use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use tokio::runtime::{Builder, Runtime};

/// A connection to PostgreSQL as Diesel's `PgConnection` is one, over the library's own driver: it needs no libpq.
///
/// It has a small runtime of its own. Used on the worker of an async runtime it panics, as whatever blocks does there;
/// on threads of `spawn_blocking` it works.
pub type PostgresConnection = AsyncConnectionWrapper<crate::PostgresConnection, OwnRuntime>;

/// The runtime of a [`PostgresConnection`], which runs only while somebody waits for an answer.
#[derive(Debug)]
pub struct OwnRuntime(Runtime);

impl BlockOn for OwnRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    /// # Panics
    /// If the system has no more file handles.
    fn get_runtime() -> Self {
        Self(
            Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a file handle for the runtime"),
        )
    }
}
