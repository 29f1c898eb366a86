//! Ctrl-C: the first one stops after the tenants in progress, the second one at once.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches for Ctrl-C from now on.
    pub fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let interrupt = Self(Arc::clone(&pressed));
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                pressed.store(true, Relaxed);
                crate::output::tell!("stopping after the tenants in progress; Ctrl-C again quits at once");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                process::exit(130);
            }
        });
        interrupt
    }

    /// For work that must not be stopped halfway.
    pub fn never() -> Self {
        Self(Arc::default())
    }

    /// Whether no further tenant should be begun.
    pub fn is_pressed(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Waits for Ctrl-C, or until the system asks the process to end. Returns the exit code for that.
pub async fn asked_to_end() -> i32 {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                Some(()) = terminated.recv() => return 143,
                Ok(()) = tokio::signal::ctrl_c() => return 130,
            }
        }
    }
    match tokio::signal::ctrl_c().await {
        Ok(()) => 130,
        Err(_) => std::future::pending().await,
    }
}
