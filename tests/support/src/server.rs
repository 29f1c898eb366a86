use std::{
    env,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use crate::{
    Database, DatabaseError, ServerBuilder, StartError,
    error::Chain,
    presence::Presence,
    process::{Process, USER},
    process_tag,
    url::ServerUrl,
};

/// A PostgreSQL server: the one that `DATABASE_URL` names, or one of our own that ends with this value or process.
#[derive(Debug)]
pub struct Server {
    url: ServerUrl,
    strategy: OnceLock<&'static str>,
    /// `None` for a server that runs without us.
    process: Option<Mutex<Process>>,
    /// On a server that runs without us: what tells other processes that our databases are in use.
    presence: Mutex<Option<Presence>>,
}

impl Server {
    /// The process's one server, started on first use; or that of `DATABASE_URL`, when set.
    ///
    /// # Panics
    ///
    /// When there is none and none can be started, with the reason.
    #[track_caller]
    pub fn shared() -> &'static Self {
        Self::start_shared().unwrap_or_else(|error| panic!("{}", Chain(&**error)))
    }

    /// The process's one server, as [`shared`](Self::shared), with an error to handle.
    ///
    /// # Errors
    ///
    /// When there is none and none can be started.
    pub fn try_shared() -> Result<&'static Self, DatabaseError> {
        Self::start_shared().map_err(|source| DatabaseError::NoServer {
            source: Arc::clone(source),
        })
    }

    fn start_shared() -> Result<&'static Self, &'static Arc<StartError>> {
        static SHARED: OnceLock<Result<Server, Arc<StartError>>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let started = match env::var("DATABASE_URL") {
                Ok(url) if !url.is_empty() => ServerUrl::parse(&url).map(|url| Self::new(url, None)),
                _ => Self::builder().start(),
            };
            started.map_err(Arc::new)
        });
        shared.as_ref()
    }

    /// Starts a server of the caller's own, for tests that break it. `DATABASE_URL` plays no part.
    ///
    /// # Panics
    ///
    /// When it does not start, with the reason.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder()
            .start()
            .unwrap_or_else(|error| panic!("{}", Chain(&error)))
    }

    /// Starts a server of the caller's own with other settings, or with errors to handle.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    fn new(url: ServerUrl, process: Option<Process>) -> Self {
        Self {
            url,
            strategy: OnceLock::new(),
            process: process.map(Mutex::new),
            presence: Mutex::new(None),
        }
    }

    pub(crate) fn with_settings(settings: Vec<(String, String)>) -> Result<Self, StartError> {
        let process = Process::start(settings)?;
        let url = ServerUrl::own(USER, process.password(), process.port());
        Ok(Self::new(url, Some(process)))
    }

    /// Starts a standby server that follows this one by streaming, and serves reads. It has the same databases, so that
    /// [`url_for`](Self::url_for) gives their URLs there.
    ///
    /// This one needs the settings `wal_level = replica` and `max_wal_senders`, of 2 at least for each replica.
    ///
    /// # Panics
    ///
    /// When it does not start, with the reason; and on a server that `DATABASE_URL` names.
    #[track_caller]
    pub fn replica(&self) -> Self {
        let process = Process::follow(&self.own()).unwrap_or_else(|error| panic!("{}", Chain(&error)));
        let url = ServerUrl::own(USER, process.password(), process.port());
        Self::new(url, Some(process))
    }

    /// Creates an empty database. May be called from anywhere, asynchronous code included, and from many threads.
    ///
    /// It blocks the thread for some tens of milliseconds.
    ///
    /// # Panics
    ///
    /// When the server refuses, with its message.
    #[track_caller]
    pub fn database(&self) -> Database {
        self.try_database().unwrap_or_else(|error| panic!("{}", Chain(&error)))
    }

    /// Creates an empty database, as [`database`](Self::database), with an error to handle.
    ///
    /// # Errors
    ///
    /// When the server can't be reached, or refuses to create a database.
    pub fn try_database(&self) -> Result<Database, DatabaseError> {
        self.create(None)
    }

    /// Copies a database that was [closed](Database::close).
    pub(crate) fn copy_of(&self, template: &Database) -> Result<Database, DatabaseError> {
        self.create(Some(template.name()))
    }

    fn create(&self, template: Option<&str>) -> Result<Database, DatabaseError> {
        let strategy = match self.strategy.get() {
            Some(strategy) => strategy,
            None => {
                let strategy = Database::strategy_of(&self.url)?;
                self.strategy.get_or_init(|| strategy)
            }
        };
        self.be_present()?;
        Database::create(&self.url, strategy, template)
    }

    /// Before anything is created: a database without a process is dropped by others.
    fn be_present(&self) -> Result<(), DatabaseError> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        if !presence.as_ref().is_some_and(Presence::holds) {
            let announced = Presence::announce(self.url.maintenance(), process_tag::get()?);
            *presence = Some(announced.map_err(|source| DatabaseError::Unreachable {
                server: self.url.shown(),
                source,
            })?);
        }
        Ok(())
    }

    /// The URL of a database on this server, which need not exist, under the role that owns everything here.
    pub fn url_for(&self, database: &str) -> String {
        self.url.database(database)
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.url.port()
    }

    /// Whether the server runs. One that `DATABASE_URL` names is taken to.
    pub fn is_running(&self) -> bool {
        self.process.is_none() || self.own().is_running()
    }

    /// All that the server has logged, over restarts too: with the setting `log_statement`, the statements that it ran.
    ///
    /// # Panics
    ///
    /// On a server that `DATABASE_URL` names, and when the log can't be read.
    #[track_caller]
    pub fn log(&self) -> String {
        let path = self.own().log();
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Stops the server at once, as a crash would: sessions are cut, and the port refuses connections on return.
    ///
    /// Does nothing when it is stopped already.
    ///
    /// # Panics
    ///
    /// On a server that `DATABASE_URL` names.
    #[track_caller]
    pub fn stop(&self) {
        self.own().stop().unwrap_or_else(|error| panic!("{}", Chain(&error)));
    }

    /// Kills the server's first process, as `SIGKILL` of it would. Its sessions find out by themselves, one after the
    /// other, and may finish what they are at.
    ///
    /// Does nothing when it is stopped already.
    ///
    /// # Panics
    ///
    /// On a server that `DATABASE_URL` names.
    #[track_caller]
    pub fn kill(&self) {
        self.own().kill().unwrap_or_else(|error| panic!("{}", Chain(&error)));
    }

    /// Starts the server again, on the same port and data, after stopping it if it runs.
    ///
    /// # Panics
    ///
    /// When it does not start, or on a server that `DATABASE_URL` names.
    #[track_caller]
    pub fn restart(&self) {
        self.own().restart().unwrap_or_else(|error| panic!("{}", Chain(&error)));
    }

    #[track_caller]
    fn own(&self) -> MutexGuard<'_, Process> {
        let process = self
            .process
            .as_ref()
            .expect("the server of DATABASE_URL is not ours to stop or start");
        // A panic elsewhere leaves a process that runs or does not: both are fine to go on from.
        process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
