use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::error::SqlState;

use crate::{
    DatabaseError,
    client::{self, ClientError, Rows},
    error::Chain,
    process_tag,
    url::ServerUrl,
};

/// For what tests ask of a server that other tests keep busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// For cleaning up, which nobody waits for gladly, and the server's own end makes good for.
const CLEANING: Duration = Duration::from_secs(5);

/// How the names of all test databases begin: nobody else's should.
pub(crate) const PREFIX: &str = "diesel_tenants_test_";

/// A database of a test's own, dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    maintenance: String,
}

impl Database {
    /// How `CREATE DATABASE` shall copy its template on this server.
    ///
    /// By default it logs every page. Copying files takes a checkpoint instead: 20 ms in place of 50 where nothing is
    /// durable, and far more where all is. There is a choice since version 15.
    pub(crate) fn strategy_of(server: &ServerUrl) -> Result<&'static str, DatabaseError> {
        let sql = "SELECT current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000";
        match client::run(&server.maintenance(), sql, PATIENCE) {
            Ok(rows) if rows == [[Some("t".to_owned())]] => Ok("STRATEGY file_copy"),
            Ok(_) => Ok(""),
            Err(source) => Err(DatabaseError::Unreachable {
                server: server.shown(),
                source,
            }),
        }
    }

    /// An empty database, or a copy of a template that nobody can connect to.
    pub(crate) fn create(server: &ServerUrl, strategy: &str, template: Option<&str>) -> Result<Self, DatabaseError> {
        let name = fresh_name()?;
        let database = Self {
            url: server.database(&name),
            maintenance: server.maintenance(),
            name,
        };
        // Nobody can be connected to template0 either, so that copies of it never fail for that, however many at a time.
        let template = template.unwrap_or("template0");
        let sql = format!("CREATE DATABASE {} TEMPLATE {template} {strategy}", database.name);
        match client::run(&database.maintenance, &sql, PATIENCE) {
            Ok(_) => Ok(database),
            Err(source) if source.is(&SqlState::INSUFFICIENT_PRIVILEGE) => Err(DatabaseError::NotAllowed { source }),
            Err(source) => Err(DatabaseError::Create { source }),
        }
    }

    /// Ends all connections to the database, and refuses new ones: only then can it be copied at any time.
    pub(crate) fn close(&self) -> Result<(), ClientError> {
        let name = &self.name;
        let refuse = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        client::run(&self.maintenance, &refuse, PATIENCE)?;
        // One that is about to end still counts as connected.
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let begun = Instant::now();
        while !client::run(&self.maintenance, &end, PATIENCE)?.is_empty() {
            if begun.elapsed() > PATIENCE {
                return Err(ClientError::TooSlow(PATIENCE));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
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

/// Unique on a server that several processes use: the process's tag, by which a later one knows whether it still runs.
fn fresh_name() -> Result<String, DatabaseError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (tag, count) = (process_tag::get()?, COUNT.fetch_add(1, Ordering::Relaxed));
    Ok(format!("{PREFIX}{tag:08x}_{count}"))
}
