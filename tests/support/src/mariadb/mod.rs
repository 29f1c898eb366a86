//! A throw-away MariaDB server, with the same promises as the PostgreSQL [`Server`](crate::Server): loopback only, a
//! random password, gone when the process ends.

mod binaries;
mod error;
mod galera;
mod process;
mod session;

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

pub use error::MariaDbError;
pub use galera::Galera;
use process::Process;
pub use session::{MariaDbSession, Outcome};

use crate::error::Chain;

/// A MariaDB server of our own, which ends with this value or process.
pub struct MariaDb {
    process: Mutex<Process>,
}

impl MariaDb {
    /// The process's one server, started on first use.
    ///
    /// # Panics
    ///
    /// When MariaDB is not installed, or does not start, with the reason.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<MariaDb, MariaDbError>> = OnceLock::new();
        let shared = SHARED.get_or_init(Self::start);
        shared.as_ref().unwrap_or_else(|error| panic!("{}", Chain(error)))
    }

    /// Starts a server of the caller's own.
    ///
    /// # Errors
    ///
    /// When MariaDB is not installed, or does not start: with the end of its log.
    pub fn start() -> Result<Self, MariaDbError> {
        Ok(Self {
            process: Mutex::new(Process::start()?),
        })
    }

    /// Ends the server at once, as in a crash.
    ///
    /// # Errors
    ///
    /// When the operating system fails.
    pub fn kill(&self) -> Result<(), MariaDbError> {
        self.process().stop()
    }

    /// Starts the server again on the same port and data, with these settings in addition, such as
    /// `--sql-mode=ANSI_QUOTES`.
    ///
    /// # Errors
    ///
    /// When it does not start: with the end of its log.
    pub fn restart(&self, settings: &[&str]) -> Result<(), MariaDbError> {
        let mut process = self.process();
        process.stop()?;
        process.launch(settings)
    }

    /// The URL of the server, under the account that may do everything. It names no database.
    pub fn url(&self) -> String {
        let process = self.process();
        format!("mysql://root:{}@127.0.0.1:{}", process.password(), process.port())
    }

    /// Opens a session, without a default database.
    ///
    /// # Errors
    ///
    /// When the client program can't be run.
    pub fn session(&self) -> Result<MariaDbSession, MariaDbError> {
        let process = self.process();
        MariaDbSession::open(process.client(), &process.socket(), process.password())
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MariaDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MariaDb").field("port", &self.process().port()).finish()
    }
}
