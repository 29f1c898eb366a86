use std::{
    env,
    fs::OpenOptions,
    io::{self, Write},
    iter,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{MariaDbError, binaries::Binaries};
use crate::{StartError, account::Account, directory, log::Log, port, random, watchdog::Watchdog};

/// Whom the server runs as when its process is root's.
const ACCOUNT: &str = "mysql";

const PATIENCE: Duration = Duration::from_secs(60);

/// How often another process may be quicker to take the port.
const PORTS: usize = 10;

const SETTINGS: &[&str] = &[
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    // Nobody needs the data after a crash.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=32M",
];

/// Data in a directory of its own, and the server process on them.
#[derive(Debug)]
pub(super) struct Process {
    binaries: Binaries,
    account: Account,
    directory: PathBuf,
    password: String,
    port: u16,
    running: Option<Child>,
    watchdog: Watchdog,
}

impl Process {
    pub(super) fn start() -> Result<Self, MariaDbError> {
        let mut process = Self::on_new_data()?;
        for _ in 1..PORTS {
            process.port = port::free()?;
            match process.launch(&[]) {
                Err(MariaDbError::Ended { log, .. }) if log.contains("Bind on TCP/IP port") => {}
                launched => return launched.map(|()| process),
            }
        }
        process.port = port::free()?;
        process.launch(&[]).map(|()| process)
    }

    /// With new data, on which no server runs yet.
    pub(super) fn on_new_data() -> Result<Self, MariaDbError> {
        let binaries = Binaries::find()?;
        let (directory, watchdog) = directory::create()?;
        let account = Account::choose(&directory, ACCOUNT)?;
        account.give(&directory)?;
        let mut process = Self {
            binaries,
            account,
            directory,
            password: random::hex(16)?,
            port: port::free()?,
            running: None,
            watchdog,
        };
        process.install()?;
        process.write_first_statements()?;
        Ok(process)
    }

    /// On a copy of the data, with the same password. No server may run on the data meanwhile.
    pub(super) fn on_a_copy(&self) -> Result<Self, MariaDbError> {
        let (directory, watchdog) = directory::create()?;
        self.account.give(&directory)?;
        let copied = Command::new("cp")
            .arg("-a")
            .args([self.data(), self.first_statements()])
            .arg(&directory)
            .status();
        let attempt = || format!("copy {} to {}", self.data().display(), directory.display());
        let copied = copied.map_err(StartError::io(attempt()))?;
        if !copied.success() {
            return Err(StartError::io(attempt())(io::Error::other(format!("cp failed ({copied})"))).into());
        }
        Ok(Self {
            binaries: self.binaries.clone(),
            account: self.account,
            directory,
            password: self.password.clone(),
            port: port::free()?,
            running: None,
            watchdog,
        })
    }

    /// The folder of the server's data.
    pub(super) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The folder of everything that is the server's.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Gives a file to the account that the server runs as.
    pub(super) fn give(&self, file: &Path) -> Result<(), MariaDbError> {
        Ok(self.account.give(file)?)
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn client(&self) -> &Path {
        &self.binaries.client
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn first_statements(&self) -> PathBuf {
        self.directory.join("first.sql")
    }

    fn install(&mut self) -> Result<(), MariaDbError> {
        let log = Log::new(self.directory.join("install.log"));
        let mut command = self.command(&self.binaries.install.clone(), &log)?;
        command.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        command.arg(self.option("datadir", "data"));
        // A server that starts removes what looks like temporary tables in its folder for these, another server's too.
        command.env("TMPDIR", &self.directory);
        let mut child = self.spawn(command)?;
        let status = child.wait().map_err(StartError::io("wait for mariadb-install-db"))?;
        self.watchdog.release()?;
        match status.success() {
            true => Ok(()),
            false => Err(MariaDbError::Install {
                status,
                output: log.text(),
            }),
        }
    }

    /// The server runs them before it accepts connections. As installed, root has no password.
    fn write_first_statements(&self) -> Result<(), MariaDbError> {
        let path = self.first_statements();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(StartError::io(format!("make {}", path.display())))?;
        let statements = format!(
            "DELETE FROM mysql.global_priv WHERE User = '';\n\
             UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.plugin', 'mysql_native_password', \
             '$.authentication_string', PASSWORD('{}')) WHERE User = 'root';\n\
             FLUSH PRIVILEGES;\n",
            self.password
        );
        file.write_all(statements.as_bytes())
            .map_err(StartError::io(format!("write {}", path.display())))?;
        Ok(self.account.give(&path)?)
    }

    pub(super) fn launch(&mut self, settings: &[&str]) -> Result<(), MariaDbError> {
        self.launch_with(settings, None)
    }

    /// Like [`launch`](Self::launch); the server also finds programs in a folder.
    pub(super) fn launch_with(&mut self, settings: &[&str], programs: Option<&Path>) -> Result<(), MariaDbError> {
        let log = Log::new(self.directory.join("server.log"));
        let mut command = self.command(&self.binaries.server.clone(), &log)?;
        command.arg("--no-defaults").args(SETTINGS);
        command.args([
            self.option("datadir", "data"),
            self.option("socket", "socket"),
            self.option("pid-file", "pid"),
            self.option("init-file", "first.sql"),
            self.option("tmpdir", ""),
            self.option("secure-file-priv", ""),
            format!("--port={}", self.port),
        ]);
        command.args(settings);
        if let Some(programs) = programs {
            let path = env::var_os("PATH").unwrap_or_default();
            let path = iter::once(programs.to_owned()).chain(env::split_paths(&path));
            command.env("PATH", env::join_paths(path).unwrap_or_default());
        }
        let child = self.spawn(command)?;
        self.running = Some(child);
        let begun = Instant::now();
        while !log.text().contains("ready for connections") {
            let ended = match &mut self.running {
                Some(child) => child.try_wait().map_err(StartError::io("look after mariadbd"))?,
                None => None,
            };
            if let Some(status) = ended {
                self.stop()?;
                return Err(MariaDbError::Ended {
                    status,
                    log: log.last_lines(),
                });
            }
            if begun.elapsed() > PATIENCE {
                self.stop()?;
                return Err(MariaDbError::NotReady {
                    waited: PATIENCE,
                    log: log.last_lines(),
                });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) -> Result<(), MariaDbError> {
        let Some(mut child) = self.running.take() else {
            return Ok(());
        };
        // Nobody needs the data: no time is spent on an orderly end.
        let _ = child.kill();
        child.wait().map_err(StartError::io("wait for mariadbd"))?;
        Ok(self.watchdog.release()?)
    }

    /// Ends the server in order, and waits for it.
    pub(super) fn shut_down(&mut self) -> Result<(), MariaDbError> {
        let Some(mut child) = self.running.take() else {
            return Ok(());
        };
        // By the shell, as not every system has a program for it.
        let terminate = Command::new("/bin/sh")
            .args(["-c", &format!("kill -s TERM {}", child.id())])
            .status();
        terminate.map_err(StartError::io("end mariadbd"))?;
        child.wait().map_err(StartError::io("wait for mariadbd"))?;
        Ok(self.watchdog.release()?)
    }

    fn option(&self, name: &str, file: &str) -> String {
        format!("--{name}={}", self.directory.join(file).display())
    }

    /// A program of MariaDB's, as the right account.
    fn command(&self, program: &Path, log: &Log) -> Result<Command, MariaDbError> {
        let attempt = || format!("open {}", log.path().display());
        let output = log.open().map_err(StartError::io(attempt()))?;
        let errors = output.try_clone().map_err(StartError::io(attempt()))?;
        let mut command = Command::new(program);
        self.account.run(&mut command);
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C is for us. The watchdog ends the server.
            .process_group(0)
            // The log is read for messages.
            .env("LC_ALL", "C");
        Ok(command)
    }

    /// Starts a program that the watchdog ends with us.
    fn spawn(&mut self, mut command: Command) -> Result<Child, MariaDbError> {
        let attempt = format!("run {}", command.get_program().to_string_lossy());
        let child = command.spawn().map_err(StartError::io(attempt))?;
        self.watchdog.guard(&child)?;
        Ok(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog could stop the server as well, but would take it for alive until we have waited for it.
        let _ = self.stop();
    }
}
