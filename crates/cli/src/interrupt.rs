//! Ctrl-C, and the system's request to end.

use std::{
    io, process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether Ctrl-C was pressed. The first one stops after the tenants in progress, the second one at once.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches for Ctrl-C from now on.
    pub fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let interrupt = Self(Arc::clone(&pressed));
        let Ok(mut ctrl_c) = CtrlC::watch() else {
            return interrupt;
        };
        tokio::spawn(async move {
            ctrl_c.pressed().await;
            pressed.store(true, Relaxed);
            crate::output::tell!("stopping after the tenants in progress; Ctrl-C again quits at once");
            ctrl_c.pressed().await;
            process::exit(130);
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

/// Ctrl-C, or the system's request to end the process, for work that leaves something behind if it is ended by the
/// signal.
pub struct EndSignals {
    ctrl_c: CtrlC,
    #[cfg(unix)]
    terminated: Signal,
}

impl EndSignals {
    /// Watches for the signals from now on: they don't end the process any more.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            ctrl_c: CtrlC::watch()?,
            #[cfg(unix)]
            terminated: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal. Returns the exit code for it.
    pub async fn arrived(mut self) -> i32 {
        #[cfg(unix)]
        tokio::select! {
            () = self.ctrl_c.pressed() => 130,
            Some(()) = self.terminated.recv() => 143,
        }
        #[cfg(not(unix))]
        {
            self.ctrl_c.pressed().await;
            130
        }
    }
}

/// Ctrl-C, from when this is made: a future would watch from its first poll, which may come later than the work begins.
struct CtrlC {
    #[cfg(unix)]
    signal: Signal,
}

impl CtrlC {
    fn watch() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: signal(SignalKind::interrupt())?,
        })
    }

    async fn pressed(&mut self) {
        #[cfg(unix)]
        let pressed = self.signal.recv().await.is_some();
        #[cfg(not(unix))]
        let pressed = tokio::signal::ctrl_c().await.is_ok();
        if !pressed {
            std::future::pending().await
        }
    }
}
