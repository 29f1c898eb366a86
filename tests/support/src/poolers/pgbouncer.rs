use std::process::Command;

use super::process::{Process, program};
use crate::{Database, error::Chain};

/// A PgBouncer in front of one database, for one role. It ends with this value.
///
/// The program is that of the variable `PGBOUNCER`, or the one in `$PATH` or `/usr/sbin`.
#[derive(Debug)]
pub struct PgBouncer(Process);

impl PgBouncer {
    /// Its version, such as (1, 18); `None`, and a line that says so, where it isn't installed.
    ///
    /// # Panics
    ///
    /// Where it isn't installed though the variable `CI` is set.
    #[track_caller]
    pub fn version() -> Option<(u32, u32)> {
        let program = program("PGBOUNCER", "pgbouncer")?;
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
        let program = program("PGBOUNCER", "pgbouncer").expect("PgBouncer is installed");
        let process = Process::start(&program, database, (role, password), |facts| {
            let ((host, port), name) = (facts.server, facts.database);
            let users = format!("\"{role}\" \"{password}\"\n");
            let configuration = format!(
                "[databases]\n{name} = host={host} port={port} dbname={name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n{}\n",
                facts.port,
                facts.directory.join("users.txt").display(),
                settings.join("\n"),
            );
            let files = vec![("users.txt", users), ("pgbouncer.ini", configuration)];
            (files, vec!["pgbouncer.ini".to_owned()])
        });
        Self(process.unwrap_or_else(|error| panic!("{}", Chain(&error))))
    }

    /// The URL of the database, through it.
    pub fn url(&self) -> &str {
        self.0.url()
    }
}
