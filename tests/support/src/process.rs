use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{StartError, account::Account, binaries::Binaries, directory, log::Log, port, random, watchdog::Watchdog};

pub(crate) const USER: &str = "postgres";

/// Crash recovery of a test's data is done in well under a second; a loaded machine may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often another process may be quicker to take the port.
const PORTS: usize = 10;

const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "300"),
    ("max_locks_per_transaction", "128"),
    // Nobody needs the data after a crash of the machine. After one of the server tests do, and would miss the last
    // commits without `synchronous_commit`, which costs next to nothing here.
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    // The log of changes lies in memory with the rest, and is a gigabyte by default.
    ("max_wal_size", "256MB"),
    // Its workers come at their own times, and would show in plans, in timings and in pg_stat_activity.
    ("autovacuum", "off"),
    ("jit", "off"),
    // An audit of isolation looks for the messages of one database and session.
    ("log_line_prefix", "%m [%p] %d "),
    // By default segments in /dev/shm, which stay behind when the server is killed: inside its own directory instead.
    ("dynamic_shared_memory_type", "mmap"),
];

/// A cluster in a directory of its own, and the server process on it, if it runs.
#[derive(Debug)]
pub(crate) struct Process {
    binaries: Binaries,
    major_version: u32,
    account: Account,
    directory: PathBuf,
    settings: Vec<(String, String)>,
    password: String,
    port: u16,
    running: Option<Child>,
    watchdog: Watchdog,
}

impl Process {
    pub(crate) fn start(settings: Vec<(String, String)>) -> Result<Self, StartError> {
        Self::start_on(settings, port::free)
    }

    /// A standby server that follows a running one.
    pub(crate) fn follow(primary: &Self) -> Result<Self, StartError> {
        let mut process = Self::prepare(primary.settings.clone())?;
        process.password.clone_from(&primary.password);
        process.base_backup(primary.port)?;
        process.launch_on(port::free).map(|()| process)
    }

    fn start_on(
        settings: Vec<(String, String)>,
        next_port: impl FnMut() -> Result<u16, StartError>,
    ) -> Result<Self, StartError> {
        let mut process = Self::prepare(settings)?;
        process.initdb()?;
        process.launch_on(next_port).map(|()| process)
    }

    /// All but data.
    fn prepare(settings: Vec<(String, String)>) -> Result<Self, StartError> {
        let binaries = Binaries::find()?;
        let major_version = binaries.major_version()?;
        let (directory, watchdog) = directory::create()?;
        let account = Account::choose(&directory, USER)?;
        account.give(&directory)?;
        let password = random::hex(16)?;
        Ok(Self {
            binaries,
            major_version,
            account,
            directory,
            settings,
            password,
            port: 0,
            running: None,
            watchdog,
        })
    }

    fn launch_on(&mut self, mut next_port: impl FnMut() -> Result<u16, StartError>) -> Result<(), StartError> {
        for _ in 1..PORTS {
            self.port = next_port()?;
            match self.launch() {
                Err(StartError::Ended { log, .. }) if port_was_taken(&log) => {}
                other => return other,
            }
        }
        self.port = next_port()?;
        self.launch()
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.running
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// An immediate shutdown: sessions are cut, nothing is written out, and the next start recovers as from a crash.
    pub(crate) fn stop(&mut self) -> Result<(), StartError> {
        self.end("QUIT")
    }

    /// Kills the first process only. Its sessions end when they notice that, and the next start waits for them.
    pub(crate) fn kill(&mut self) -> Result<(), StartError> {
        self.end("KILL")
    }

    fn end(&mut self, signal: &str) -> Result<(), StartError> {
        let Some(mut child) = self.running.take() else {
            return Ok(());
        };
        // Once it has been waited for, its number may be another process's.
        if let Ok(None) = child.try_wait() {
            // The shell's own `kill`: there is none in the standard library, and the program is not everywhere.
            let kill = Command::new("/bin/sh")
                .args(["-c", "kill -\"$0\" \"$1\"", signal, &child.id().to_string()])
                .output();
            kill.map_err(StartError::io("run /bin/sh"))?;
            child.wait().map_err(StartError::io("wait for postgres"))?;
        }
        self.watchdog.release()
    }

    pub(crate) fn restart(&mut self) -> Result<(), StartError> {
        self.stop()?;
        let begun = Instant::now();
        loop {
            match self.launch() {
                Err(StartError::Ended { log, .. }) if is_in_use(&log) && begun.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(20));
                }
                launched => return launched,
            }
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, StartError> {
        let Some(child) = &mut self.running else {
            return Ok(None);
        };
        child.try_wait().map_err(StartError::io("look after postgres"))
    }

    fn initdb(&mut self) -> Result<(), StartError> {
        let password_file = self.directory.join("password");
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password_file)
            .map_err(StartError::io(format!("make {}", password_file.display())))?;
        writeln!(file, "{}", self.password).map_err(StartError::io("write the password file"))?;
        self.account.give(&password_file)?;

        let log = Log::new(self.directory.join("initdb.log"));
        let mut command = self.command(&self.binaries.initdb.clone(), &log)?;
        command
            .arg("--pgdata")
            .arg(self.data())
            .arg("--pwfile")
            .arg(&password_file);
        command.args(["--username", USER, "--encoding=UTF8", "--no-locale", "--no-sync"]);
        // SCRAM as it comes costs each new connection 5 ms on the server and, in a debug build, 45 in the client.
        if self.major_version >= 16 {
            command.args(["--auth=password", "--set", "scram_iterations=1"]);
        } else {
            command.arg("--auth=md5");
        }

        let status = self.wait_for(command, &self.binaries.initdb.clone())?;
        if !status.success() {
            return Err(StartError::Initdb {
                status,
                output: log.text(),
            });
        }
        fs::remove_file(&password_file).map_err(StartError::io("remove the password file"))
    }

    /// Copies another server's data, with the settings to follow it.
    fn base_backup(&mut self, port: u16) -> Result<(), StartError> {
        // Beside the real one: distributions link the others to where `$PATH` leads.
        let initdb = fs::canonicalize(&self.binaries.initdb).map_err(StartError::io("see where initdb is"))?;
        let program = initdb.with_file_name("pg_basebackup");
        let log = Log::new(self.directory.join("basebackup.log"));
        let mut command = self.command(&program, &log)?;
        let port = port.to_string();
        command.args(["--host=127.0.0.1", "--username", USER, "--port", &port, "--no-password"]);
        command.args([
            "--checkpoint=fast",
            "--wal-method=stream",
            "--write-recovery-conf",
            "--no-sync",
        ]);
        command
            .arg("--pgdata")
            .arg(self.data())
            .env("PGPASSWORD", &self.password);
        let status = self.wait_for(command, &program)?;
        if status.success() {
            return Ok(());
        }
        Err(StartError::BaseBackup {
            status,
            output: log.text(),
        })
    }

    /// Waits for a program that the watchdog ends with us.
    fn wait_for(&mut self, command: Command, program: &Path) -> Result<ExitStatus, StartError> {
        let mut child = spawn(command, program)?;
        self.watchdog.guard(&child)?;
        let status = child
            .wait()
            .map_err(StartError::io(format!("wait for {}", program.display())))?;
        self.watchdog.release()?;
        Ok(status)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let log = Log::new(self.log());
        let mut command = self.command(&self.binaries.postgres.clone(), &log)?;
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.directory)
            .arg("-p")
            .arg(self.port.to_string());
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.iter().copied().chain(own) {
            command.arg("-c").arg(format!("{name}={value}"));
        }

        let child = self.running.insert(spawn(command, &self.binaries.postgres)?);
        self.watchdog.guard(child)?;
        let begun = Instant::now();
        while !self.accepts_connections() {
            if let Some(status) = self.ended()? {
                self.stop()?;
                return Err(StartError::Ended {
                    status,
                    log: log.last_lines(),
                });
            }
            if begun.elapsed() > PATIENCE {
                self.stop()?;
                return Err(StartError::NotReady {
                    waited: PATIENCE,
                    log: log.last_lines(),
                });
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// As `pg_ctl` does it: no connection needed, and no other server on that port can be taken for ours.
    fn accepts_connections(&self) -> bool {
        let Some(pid) = self.running.as_ref().map(Child::id) else {
            return false;
        };
        let Ok(file) = fs::read_to_string(self.data().join("postmaster.pid")) else {
            return false;
        };
        let mut lines = file.lines();
        // After a crash the file of the process before is still there.
        lines.next().is_some_and(|line| line.trim() == pid.to_string())
            && lines
                .nth(6)
                .is_some_and(|status| matches!(status.trim(), "ready" | "standby"))
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A program of PostgreSQL's, as the right account.
    fn command(&self, program: &Path, log: &Log) -> Result<Command, StartError> {
        let attempt = || format!("open {}", log.path().display());
        let output = log.open().map_err(StartError::io(attempt()))?;
        let errors = output.try_clone().map_err(StartError::io(attempt()))?;

        let mut command = Command::new(program);
        self.account.run(&mut command);
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        // Ctrl-C is for us. The watchdog ends the server.
        command.process_group(0);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        // The log is read for one message.
        command.env("LC_ALL", "C");
        Ok(command)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog could stop the server as well, but would take it for alive until we have waited for it.
        let _ = self.stop();
    }
}

fn spawn(mut command: Command, program: &Path) -> Result<Child, StartError> {
    command
        .spawn()
        .map_err(StartError::io(format!("run {}", program.display())))
}

/// Whether sessions of a server that was killed are still there.
fn is_in_use(log: &str) -> bool {
    log.lines()
        .rev()
        .take(3)
        .any(|line| line.contains("pre-existing shared memory block"))
}

fn port_was_taken(log: &str) -> bool {
    log.contains("could not bind IPv4 address")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_that_was_taken_meanwhile_is_given_up_for_another() {
        let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut ports = vec![port::free().unwrap(), occupied.local_addr().unwrap().port()];
        let free = ports[0];
        let mut process = Process::start_on(Vec::new(), || Ok(ports.pop().expect("two are enough"))).unwrap();
        assert_eq!(process.port(), free);
        assert!(process.is_running());
    }
}
