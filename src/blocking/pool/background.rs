use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc,
    thread::{self, ThreadId},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A thread that runs what is async, while callers wait for it. It ends when this is dropped.
pub(super) struct Background {
    runtime: Handle,
    thread: ThreadId,
    /// Dropping it ends the thread.
    _running: oneshot::Sender<()>,
}

impl Background {
    pub(super) fn start() -> io::Result<Self> {
        let (running, dropped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let thread = thread::Builder::new()
            .name("diesel-tenants".to_owned())
            .spawn(move || {
                // The sender is never used, only dropped.
                let _ = runtime.block_on(dropped);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            runtime: handle,
            thread: thread.thread().id(),
            _running: running,
        })
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Runs a future on the thread, and waits for it. Its panics go on here.
    ///
    /// # Panics
    /// On the thread itself, which would wait for itself.
    pub(super) fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        assert!(
            thread::current().id() != self.thread,
            "a hook or a directory of a pool without async runs on that pool's own thread, which can't wait for \
             itself: use the async pool (`as_async`), or call the pool in `spawn_blocking`"
        );
        let (answer, answered) = mpsc::sync_channel(1);
        let task = self.runtime.spawn(future);
        self.runtime.spawn(async move {
            // The caller waits until this arrives.
            let _ = answer.send(task.await);
        });
        match answered.recv() {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => unreachable!("nobody cancels the task"),
            },
            Err(_) => unreachable!("the thread runs as long as the pool"),
        }
    }
}

/// Turns a panic into `None`.
pub(super) fn without_panic<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_wait_from_anywhere_and_see_panics() {
        let background = Background::start().unwrap();
        let slow = || async {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            7
        };
        assert_eq!(background.run(slow()), 7);
        let runtime = Builder::new_current_thread().build().unwrap();
        // Inside of an async worker too: it is blocked meanwhile.
        assert_eq!(runtime.block_on(async { background.run(slow()) }), 7);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            background.run(async { panic!("in the background") })
        }));
        let panic: Box<dyn std::any::Any + Send> = panicked.unwrap_err();
        assert_eq!(*panic.downcast::<&str>().unwrap(), "in the background");
        assert_eq!(background.run(slow()), 7, "and the thread goes on");
    }
}
