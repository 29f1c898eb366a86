use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use tokio::runtime::{Builder, Runtime};

/// A connection to PostgreSQL as Diesel's `PgConnection` is one, over the library's own driver: it needs no libpq.
///
/// It has a small runtime of its own. Used on the worker of an async runtime it panics, as whatever blocks does there;
/// on threads of `spawn_blocking` it works.
pub type PostgresConnection = AsyncConnectionWrapper<crate::PostgresConnection, OwnRuntime>;

/// The runtime of a [`PostgresConnection`], which runs only while somebody waits for an answer.
#[derive(Debug)]
pub struct OwnRuntime {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl BlockOn for OwnRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("it is there until it is dropped");
        runtime.block_on(future)
    }

    /// # Panics
    /// If the system has no more file handles.
    fn get_runtime() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self {
            runtime: Some(runtime.expect("a file handle for the runtime")),
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // An async worker may close a connection, but must not wait for a runtime to end: tokio would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
