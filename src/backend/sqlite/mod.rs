//! What speaks to SQLite, where a schema is a file.

pub(crate) mod connection;
pub(crate) mod files;
pub(crate) mod migrations;
pub(crate) mod status;

/// Runs what blocks on a thread for that. Once begun, it goes on if the future is dropped. A panic is passed on.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        },
    }
}
