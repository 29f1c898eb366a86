//! Work that goes on by itself: on a thread that may block, or as a task.

use tokio::task::JoinError;

/// Runs what blocks on a thread for that. Once begun, it goes on if the future is dropped. A panic is passed on.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    finished(tokio::task::spawn_blocking(work).await).await
}

/// Does work that goes on if the future is dropped. A panic is passed on.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(crate) async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    finished(tokio::spawn(work).await).await
}

/// What a task has come to that nobody aborts. A panic is passed on.
pub(crate) async fn finished<T>(task: Result<T, JoinError>) -> T {
    match task {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        },
    }
}
