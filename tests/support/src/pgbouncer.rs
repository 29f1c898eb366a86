use std::{
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Database, StartError, account::Account, directory, error::Chain, log::Log, port, watchdog::Watchdog};

const PATIENCE: Duration = Duration::from_secs(60);

/// A PgBouncer in front of one database, for one role. It ends with this value.
///
/// The program is that of the variable `PGBOUNCER`, or the one in `$PATH` or `/usr/sbin`.
#[derive(Debug)]
pub struct PgBouncer {
    url: String,
    child: Child,
    // Removes the directory.
    _watchdog: Watchdog,
}

impl PgBouncer {
    /// Its version, such as (1, 18); `None`, and a line that says so, where it isn't installed.
    ///
    /// # Panics
    ///
    /// Where it isn't installed though the variable `CI` is set.
    #[track_caller]
    pub fn version() -> Option<(u32, u32)> {
        let Some(program) = program() else {
            let missing =
                "found no PgBouncer: scripts/install-postgresql.sh installs it; or set PGBOUNCER to the program";
            assert!(env::var_os("CI").is_none(), "{missing}");
            eprintln!("SKIPPED: {missing}");
            return None;
        };
        let output = Command::new(&program).arg("--version").output();
        let output = output.unwrap_or_else(|error| panic!("could not run {}: {error}", program.display()));
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_ascii_whitespace().nth(1).unwrap_or_default();
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    }

    /// Starts one with these lines of its configuration, such as `pool_mode = transaction`.
    ///
    /// # Panics
    ///
    /// When it isn't installed, or does not start, with the reason.
    #[track_caller]
    pub fn start(database: &Database, role: &str, password: &str, settings: &[&str]) -> Self {
        Self::try_start(database, role, password, settings).unwrap_or_else(|error| panic!("{}", Chain(&error)))
    }

    fn try_start(database: &Database, role: &str, password: &str, settings: &[&str]) -> Result<Self, StartError> {
        let program = program().unwrap_or_else(|| PathBuf::from("pgbouncer"));
        let (directory, mut watchdog) = directory::create()?;
        let account = Account::choose(&directory)?;
        account.give(&directory)?;
        let (_, address) = database.url().rsplit_once('@').unwrap_or_default();
        let server = address.split(['/', '?']).next().unwrap_or_default();
        let (host, server_port) = server.rsplit_once(':').unwrap_or((server, "5432"));
        let name = database.name();
        let users = directory.join("users.txt");
        fs::write(&users, format!("\"{role}\" \"{password}\"\n")).map_err(StartError::io("write PgBouncer's users"))?;
        let log = Log::new(directory.join("pgbouncer.log"));
        let own_port = port::free()?;
        let text = format!(
            "[databases]\n{name} = host={host} port={server_port} dbname={name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {own_port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n{}\n",
            users.display(),
            settings.join("\n"),
        );
        let configuration = directory.join("pgbouncer.ini");
        fs::write(&configuration, text).map_err(StartError::io("write PgBouncer's configuration"))?;
        let output = log.open().map_err(StartError::io("open PgBouncer's log"))?;
        let errors = output.try_clone().map_err(StartError::io("open PgBouncer's log"))?;
        let mut command = Command::new(&program);
        account.run(&mut command);
        command.arg(&configuration).current_dir(&directory);
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
            _watchdog: watchdog,
        })
    }

    /// The URL of the database, through it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    if let Some(program) = env::var_os("PGBOUNCER").filter(|program| !program.is_empty()) {
        return Some(program.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|file| file.is_file())
}
