//! Ctrl-C: the first one stops after the tenants under way, the second one at once.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Whether somebody pressed Ctrl-C.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on.
    pub fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let interrupt = Self(Arc::clone(&pressed));
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                pressed.store(true, Relaxed);
                crate::output::tell!("stopping after the tenants under way; Ctrl-C again quits at once");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                process::exit(130);
            }
        });
        interrupt
    }

    /// For what is not to be stopped half way.
    pub fn never() -> Self {
        Self(Arc::default())
    }

    /// Whether to begin with no further tenant.
    pub fn is_pressed(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Waits until somebody presses Ctrl-C, or the system asks the process to end. Returns the exit code for it.
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
