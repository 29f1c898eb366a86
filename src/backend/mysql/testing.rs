//! What tests of migrations and of the lifecycle share: databases of their own on one server, and clients that die at a chosen
//! statement.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use diesel::{
    connection::{BoxableConnection, Instrumentation, InstrumentationEvent},
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    mysql::Mysql,
};
use diesel_async::{AsyncConnection, AsyncMysqlConnection};
use diesel_tenants_test_support::{MariaDb, MariaDbSession};
use diesel_tenants_translate::SchemaName;

use super::{
    Connect, Server, Session,
    connecting::{Access, Connector},
    migrations::Plan,
    quote,
};

pub(crate) const WAIT: Duration = Duration::from_secs(20);

/// Databases of one test: a shared one, and tenants.
pub(crate) struct World {
    number: usize,
    pub(crate) server: Server,
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let shared = format!("public{number}").parse().unwrap();
        Self {
            number,
            server: Server::new(connect(|_| {}), shared),
        }
    }

    pub(crate) fn shared(&self) -> &str {
        self.server.shared().as_str()
    }

    /// A tenant's name that no other test has.
    pub(crate) fn tenant(&self, name: &str) -> SchemaName {
        format!("{name}_{}", self.number).parse().unwrap()
    }

    /// The same, whose connections all end when the client has come to that event.
    pub(crate) fn dying_at(&self, event: usize) -> Server {
        let events = Arc::new(AtomicUsize::new(0));
        let die = move |connection: &mut AsyncMysqlConnection| {
            connection.set_instrumentation(Death {
                events: Arc::clone(&events),
                last: event,
            });
        };
        Server::new(connect(die), self.server.shared().clone())
    }

    pub(crate) async fn session(&self) -> Session {
        self.server.open().await.unwrap()
    }

    /// Runs SQL by hand.
    pub(crate) async fn run(&self, sql: &str) {
        self.session()
            .await
            .run(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The first number of a query's answer.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.session()
            .await
            .number(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// All that a database has, without its own name: definitions and rows.
    pub(crate) fn dump(&self, database: &SchemaName) -> String {
        static CLIENTS: Mutex<Vec<MariaDbSession>> = Mutex::new(Vec::new());
        let idle = CLIENTS.lock().unwrap().pop();
        let mut session = idle.unwrap_or_else(|| MariaDb::shared().session().unwrap());
        let name = database.as_str();
        let mut rows = |sql: &str| session.run(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let mut dump = String::new();
        let mut add = |what: &str, found: Vec<Vec<String>>| {
            dump.push_str(&format!("{what}: {found:?}\n"));
        };
        rows(&format!("USE `{name}`"));
        let options = "DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME";
        add(
            "database",
            rows(&format!(
                "SELECT {options} FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{name}'"
            )),
        );
        let is_this = |column| quote::is_database(column, database);
        let lists = [
            (
                "TABLE",
                format!(
                    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE {} ORDER BY 1",
                    is_this("TABLE_SCHEMA")
                ),
            ),
            (
                "TRIGGER",
                format!(
                    "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE {} ORDER BY 1",
                    is_this("TRIGGER_SCHEMA")
                ),
            ),
            (
                "PROCEDURE",
                format!(
                    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE {} AND ROUTINE_TYPE = 'PROCEDURE' ORDER BY 1",
                    is_this("ROUTINE_SCHEMA")
                ),
            ),
            (
                "FUNCTION",
                format!(
                    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE {} AND ROUTINE_TYPE = 'FUNCTION' ORDER BY 1",
                    is_this("ROUTINE_SCHEMA")
                ),
            ),
            (
                "EVENT",
                format!(
                    "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE {} ORDER BY 1",
                    is_this("EVENT_SCHEMA")
                ),
            ),
        ];
        for (kind, list) in lists {
            for object in rows(&list) {
                let quoted = quote::identifier(&object[0]);
                let mut shown = rows(&format!("SHOW CREATE {kind} {quoted}"));
                if kind == "TRIGGER" {
                    // When it was made.
                    shown[0].truncate(3);
                }
                add(kind, shown);
                if kind == "TABLE" {
                    let columns = match &*object[0] {
                        "__diesel_schema_migrations" => "version, checksum",
                        _ => "*",
                    };
                    add("rows", rows(&format!("SELECT {columns} FROM {quoted}")));
                }
            }
        }
        CLIENTS.lock().unwrap().push(session);
        dump.replace(name, "{name}")
    }
}

/// Fails unless two dumps are the same, and says where they first differ.
#[track_caller]
pub(crate) fn assert_same(dump: &str, expected: &str, when: impl fmt::Display) {
    for (line, expected) in dump.lines().zip(expected.lines()) {
        assert_eq!(line, expected, "{when}");
    }
    assert_eq!(dump.lines().count(), expected.lines().count(), "{when}");
}

fn connect(set: impl Fn(&mut AsyncMysqlConnection) + Send + Sync + 'static) -> Connect {
    let set = Arc::new(set);
    Arc::new(move || {
        let set = Arc::clone(&set);
        Box::pin(async move {
            let url = mysql_async::Opts::from_url(&MariaDb::shared().url()).unwrap();
            let connector = Connector::new(url, Access::ReadWrite, None, WAIT);
            let mut connection = connector.connect().await?;
            set(&mut connection);
            Ok(connection)
        })
    })
}

/// Ends the client before a statement is sent.
struct Death {
    events: Arc<AtomicUsize>,
    last: usize,
}

impl Instrumentation for Death {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        // What the server has done is the same at the end of one statement and the beginning of the next.
        let is_statement = matches!(event, InstrumentationEvent::StartQuery { .. });
        if is_statement && self.events.fetch_add(1, Ordering::SeqCst) >= self.last {
            // Unwinding drops all connections, and sends nothing more.
            std::panic::resume_unwind(Box::new("the client dies here"));
        }
    }
}

/// A client that dies at each event in turn. `run` says whether it died.
pub(crate) async fn at_every_event<F>(run: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = bool>,
{
    // Several at a time, because each one waits for the server.
    for first in (0..).step_by(8) {
        let outcomes = futures_util::future::join_all((first..first + 8).map(&run)).await;
        if let Some(complete) = outcomes.iter().position(|died| !died) {
            return first + complete;
        }
    }
    unreachable!("some run is complete")
}

/// What a task gave; `None` if its client died.
pub(crate) async fn outcome<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(task).await.ok()
}

/// The messages of an error and its sources.
pub(crate) fn message(error: &dyn Error) -> String {
    let mut messages = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        messages.push(error.to_string());
        source = error.source();
    }
    messages.dedup();
    messages.join(": ")
}

/// Migrations with the given names and SQL. One whose name ends in `_outside` runs outside a transaction.
pub(crate) async fn plan(migrations: &[(&str, &str)]) -> Plan {
    let texts: Vec<(&str, &str, &str)> = migrations.iter().map(|&(name, up)| (name, up, "")).collect();
    reversible(&texts).await
}

/// Migrations with the given names, SQL, and SQL that reverts them.
pub(crate) async fn reversible(migrations: &[(&str, &str, &str)]) -> Plan {
    let text = |&(name, up, down): &(&str, &str, &str)| Text {
        name: name.to_owned(),
        up: up.to_owned(),
        down: down.to_owned(),
    };
    Plan::read(Arc::new(Texts(migrations.iter().map(text).collect())))
        .await
        .unwrap()
}

struct Texts(Vec<Text>);

#[derive(Clone)]
struct Text {
    name: String,
    up: String,
    down: String,
}

impl MigrationSource<Mysql> for Texts {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Mysql>>>> {
        Ok(self.0.iter().map(|text| Box::new(text.clone()) as _).collect())
    }
}

impl Migration<Mysql> for Text {
    fn run(&self, connection: &mut dyn BoxableConnection<Mysql>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(&self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Mysql>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(&self.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Text {
    fn run_in_transaction(&self) -> bool {
        !self.name.ends_with("_outside")
    }
}

impl MigrationName for Text {
    fn version(&self) -> MigrationVersion<'_> {
        self.name.split('_').next().unwrap_or_default().into()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
