use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use diesel_tenants_test_support::Database;
use serde_json::Value;

pub use crate::base::{Base, Databases, Files};

/// A project with migrations, in a folder of its own, and its database, which is one of PostgreSQL unless a test runs
/// on both kinds.
pub struct Site<D> {
    pub directory: tempfile::TempDir,
    pub database: D,
}

pub type Project = Site<Database>;

/// How a run of the command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl<D: Base> Site<D> {
    /// Users are shared; items are each tenant's.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let project = Self {
            database: D::in_folder(directory.path()),
            directory,
        };
        project.write("diesel.toml", "[migrations_directory]\ndir = \"migrations\"\n");
        project.migration("migrations/1_users", "CREATE TABLE users (id int)", "DROP TABLE users");
        project.migration(
            "tenant_migrations/1_items",
            "CREATE TABLE items (id int)",
            "DROP TABLE items",
        );
        project
    }

    /// The same, with tenants.
    pub fn with_tenants(tenants: &[&str]) -> Self {
        let project = Self::new();
        let arguments = [&["tenant", "create"], tenants].concat();
        project.run(&arguments).well();
        project
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn migration(&self, path: &str, up: &str, down: &str) {
        self.write(&format!("{path}/up.sql"), up);
        self.write(&format!("{path}/down.sql"), down);
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The command in the project's folder, with nothing but the database's URL in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diesel-tenants"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("DATABASE_URL", self.database.address())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs it with `--json`, and parses all that stdout holds.
    pub fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let ended = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&ended.out);
        (
            ended.code,
            document.unwrap_or_else(|error| panic!("{error} in: {}\n{}", ended.out, ended.err)),
        )
    }

    /// Runs SQL on a tenant's tables, over a connection of the test's own.
    pub fn alter(&self, tenant: &str, sql: &str) {
        self.database.alter(tenant, sql);
    }

    /// The single value of a query on a tenant's tables, as text.
    pub fn ask(&self, tenant: &str, sql: &str) -> String {
        self.database.ask(tenant, sql)
    }

    /// The tenants, or the shared schema, that have a table.
    pub fn with_table(&self, table: &str) -> String {
        self.database.with_table(table)
    }

    /// Does something that must not change the database.
    pub fn without_changes(&self, work: impl FnOnce()) {
        let before = self.database.all();
        work();
        assert_eq!(self.database.all(), before, "the database was changed");
    }
}

impl Project {
    /// The single value of a query, as text, over a connection of the test's own.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.database.query_strings(sql);
        rows.into_iter().flatten().next().flatten().unwrap_or_default()
    }

    /// From now on every statement that writes is an error.
    pub fn make_read_only(&self) {
        let name = self.database.name();
        self.database
            .run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    }

    /// The schemas with a table.
    pub fn schemas_with(&self, table: &str) -> String {
        self.value(&format!(
            "SELECT string_agg(schemaname, ' ' ORDER BY schemaname) FROM pg_tables WHERE tablename = '{table}'"
        ))
    }
}

impl Ended {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What stdout holds, if all went well.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// What stderr holds, if it failed.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{}\n{}", self.out, self.err);
        self.err
    }
}

/// Sends a signal to a command that runs. By the shell, as not every system has a program for it.
pub fn send(signal: &str, child: &Child) {
    let kill = format!("kill -s {signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}
