use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    client::{self, ClientError, Rows},
    error::Chain,
    random,
    url::ServerUrl,
};

/// For what tests ask of a server that other tests keep busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// For cleaning up, which nobody waits for gladly, and the server's own end makes good for.
const CLEANING: Duration = Duration::from_secs(5);

/// A database of a test's own, dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    maintenance: String,
}

impl Database {
    /// How `CREATE DATABASE` shall copy the template on this server.
    ///
    /// By default it logs every page. Copying files takes a checkpoint instead: 20 ms in place of 50 where nothing is
    /// durable, and far more where all is. There is a choice since version 15.
    #[track_caller]
    pub(crate) fn strategy_of(server: &ServerUrl) -> &'static str {
        let sql = "SELECT current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000";
        match client::run(&server.maintenance(), sql, PATIENCE) {
            Ok(rows) if rows == [[Some("t".to_owned())]] => "STRATEGY file_copy",
            Ok(_) => "",
            Err(error) => panic!("could not ask the server for its version: {}", Chain(&error)),
        }
    }

    #[track_caller]
    pub(crate) fn create(server: &ServerUrl, strategy: &str) -> Self {
        let name = fresh_name();
        let database = Self {
            url: server.database(&name),
            maintenance: server.maintenance(),
            name,
        };
        // Nobody can be connected to template0, so that copies of it never fail for that, however many at a time.
        let sql = format!("CREATE DATABASE {} TEMPLATE template0 {strategy}", database.name);
        if let Err(error) = client::run(&database.maintenance, &sql, PATIENCE) {
            panic!("could not create a database for the test: {}", Chain(&error));
        }
        database
    }

    /// `postgres://user:password@host:port/name`, for any client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name, which is a plain lower-case identifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs any number of statements, on a connection of its own.
    ///
    /// # Panics
    ///
    /// When one fails, with the server's message and the SQL.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.query_strings(sql);
    }

    /// Runs any number of statements, on a connection of its own, and returns all of their rows as text, NULL as
    /// `None`.
    ///
    /// # Panics
    ///
    /// When one fails, with the server's message and the SQL.
    #[track_caller]
    pub fn query_strings(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match self.try_run(sql) {
            Ok(rows) => rows,
            Err(error) => panic!("{} in database {}, for: {sql}", Chain(&error), self.name),
        }
    }

    /// The values of a query's rows as text, one after the other, without those that are NULL.
    ///
    /// # Panics
    ///
    /// As [`query_strings`](Self::query_strings).
    #[track_caller]
    pub fn values(&self, sql: &str) -> Vec<String> {
        self.query_strings(sql).into_iter().flatten().flatten().collect()
    }

    /// The schemas that are neither PostgreSQL's own nor `public`, in the order of their names.
    ///
    /// # Panics
    ///
    /// As [`query_strings`](Self::query_strings).
    #[track_caller]
    pub fn schemas(&self) -> Vec<String> {
        self.values(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema') ORDER BY 1",
        )
    }

    fn try_run(&self, sql: &str) -> Result<Rows, ClientError> {
        client::run(&self.url, sql, PATIENCE)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Where it fails the server is gone, or about to be with all its databases. A panic here would hide the test's.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = client::run(&self.maintenance, &sql, CLEANING);
    }
}

/// Unique on a server that several processes use.
fn fresh_name() -> String {
    static PROCESS: OnceLock<String> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| random::hex(4).unwrap_or_else(|error| panic!("{}", Chain(&error))));
    format!(
        "diesel_tenants_test_{process}_{}",
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
