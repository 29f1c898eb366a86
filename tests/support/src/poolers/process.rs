//! What runs a pooler, of whichever kind.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Database, StartError, account::Account, directory, log::Log, port, watchdog::Watchdog};

const PATIENCE: Duration = Duration::from_secs(60);

/// A pooler's process in front of one database, for one role. It ends with this value.
#[derive(Debug)]
pub(super) struct Process {
    url: String,
    child: Child,
    /// Ends the process, its children included, and removes the directory.
    watchdog: Option<Watchdog>,
}

/// What a pooler's configuration is made from.
pub(super) struct Facts<'a> {
    /// Where the configuration is written, and whatever else the pooler needs.
    pub(super) directory: &'a Path,
    /// Where the pooler is to listen.
    pub(super) port: u16,
    /// Where the server listens.
    pub(super) server: (&'a str, &'a str),
    pub(super) database: &'a str,
}

impl Process {
    /// Starts the pooler. `configure` makes its files, each by name and content, and its arguments.
    pub(super) fn start(
        program: &Path,
        database: &Database,
        (role, password): (&str, &str),
        configure: impl FnOnce(&Facts<'_>) -> (Vec<(&'static str, String)>, Vec<String>),
    ) -> Result<Self, StartError> {
        let (directory, mut watchdog) = directory::create()?;
        let account = Account::choose(&directory, crate::process::USER)?;
        account.give(&directory)?;
        let (_, address) = database.url().rsplit_once('@').unwrap_or_default();
        let server = address.split(['/', '?']).next().unwrap_or_default();
        let own_port = port::free()?;
        let name = database.name();
        let (files, arguments) = configure(&Facts {
            directory: &directory,
            port: own_port,
            server: server.rsplit_once(':').unwrap_or((server, "5432")),
            database: name,
        });
        for (file, content) in files {
            fs::write(directory.join(file), content).map_err(StartError::io("write the pooler's configuration"))?;
        }
        let log = Log::new(directory.join("pooler.log"));
        let output = log.open().map_err(StartError::io("open the pooler's log"))?;
        let errors = output.try_clone().map_err(StartError::io("open the pooler's log"))?;
        let mut command = Command::new(program);
        account.run(&mut command);
        command.args(arguments).current_dir(&directory);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut child = command
            .spawn()
            .map_err(StartError::io(format!("run {}", program.display())))?;
        watchdog.guard(&child)?;
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, own_port)).is_err() {
            if let Ok(Some(status)) = child.try_wait() {
                let log = log.last_lines();
                return Err(StartError::Ended { status, log });
            }
            if begun.elapsed() > PATIENCE {
                let (waited, log) = (PATIENCE, log.last_lines());
                return Err(StartError::NotReady { waited, log });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self {
            url: format!("postgres://{role}:{password}@127.0.0.1:{own_port}/{name}"),
            child,
            watchdog: Some(watchdog),
        })
    }

    /// The URL of the database, through the pooler.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watchdog.take());
        let _ = self.child.wait();
    }
}

/// The program that a variable names, or the one of this name in `$PATH` or where distributions put it.
///
/// # Panics
///
/// Where it isn't installed though the variable `CI` is set.
#[track_caller]
pub(super) fn program(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(program) = env::var_os(variable).filter(|program| !program.is_empty()) {
        return Some(program.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let missing = format!(
            "found no {name}: with CI set, scripts/install-postgresql.sh installs it; or set {variable} to the program"
        );
        assert!(env::var_os("CI").is_none(), "{missing}");
        eprintln!("SKIPPED: {missing}");
    }
    found
}
