use std::time::Duration;

use diesel::{QueryResult, QueryableByName, result::Error as DieselError, sql_types::BigInt};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants_translate::SchemaName;

use super::{connecting::MysqlConnectError, quote};

/// A connection of the library's own, on which it changes databases and their tables. No checkout ever has it.
pub(crate) struct Session {
    pub(crate) connection: AsyncMysqlConnection,
}

/// Why the library's own work on a database failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    Connect(MysqlConnectError),
    #[error(
        "another operation on the database {:?} was still running after {waited:?}: try again, or look in SHOW \
         PROCESSLIST for its session", .database.as_str()
    )]
    Locked { database: SchemaName, waited: Duration },
    #[error(transparent)]
    Database(#[from] DieselError),
}

/// What the session is set to. Texts are read as the translator reads them, rows are locked one by one, and messages are
/// in the language in which they are recognized.
const SETTINGS: &str = "SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
                        lc_messages = 'en_US'";

impl Session {
    pub(super) async fn on(connection: AsyncMysqlConnection) -> QueryResult<Self> {
        let mut session = Self { connection };
        session.set().await?;
        session
            .run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            .await?;
        Ok(session)
    }

    /// Sets what every statement of the library relies on. To be repeated after an object was made in a mode of its own.
    pub(crate) async fn set(&mut self) -> QueryResult<()> {
        self.run(SETTINGS).await
    }

    /// Runs one statement, or several.
    pub(crate) async fn run(&mut self, sql: &str) -> QueryResult<()> {
        self.connection.batch_execute(sql).await
    }

    /// The rows of a query.
    pub(crate) async fn rows<T>(&mut self, sql: &str) -> QueryResult<Vec<T>>
    where
        T: QueryableByName<diesel::mysql::Mysql> + Send + 'static,
    {
        diesel::sql_query(sql).load(&mut self.connection).await
    }

    /// The one number that a query gives as `number`; 0 for NULL and for no row.
    pub(crate) async fn number(&mut self, sql: &str) -> QueryResult<i64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
            number: Option<i64>,
        }

        let rows: Vec<Row> = self.rows(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.number).unwrap_or_default())
    }

    /// Makes this database the one of names without a database.
    pub(crate) async fn use_database(&mut self, database: &SchemaName) -> QueryResult<()> {
        self.run(&format!("USE {}", quote::database(database))).await
    }

    /// How long a statement waits for rows and for tables that others use. The servers count in seconds.
    pub(crate) async fn wait_at_most(&mut self, wait: Duration) -> QueryResult<()> {
        let seconds = wait.as_secs_f64().ceil().clamp(1.0, 1e6);
        self.run(&format!(
            "SET innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"
        ))
        .await
    }

    /// Whether the server still answers on this connection.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.run("DO 0").await.is_ok()
    }
}

/// Whether the server, with this error of one statement, has undone the whole transaction. MariaDB's and MySQL's InnoDB do
/// so for what is recognized here, whatever language a client wants to be addressed in: see `SETTINGS` of `connecting`.
pub(crate) fn undoes_transaction(error: &DieselError, undone_by_timeouts: bool) -> bool {
    const UNDONE: [&str; 4] = [
        "Deadlock found",
        // A Galera cluster, where another node was first.
        "wsrep aborted transaction",
        // MariaDB, with `innodb_snapshot_isolation`.
        "Record has changed since last read",
        "The total number of locks exceeds the lock table size",
    ];
    UNDONE.iter().any(|text| has_message(error, text)) || undone_by_timeouts && is_wait_timeout(error)
}

/// Whether the server gave up waiting for rows or tables that others use.
pub(crate) fn is_wait_timeout(error: &DieselError) -> bool {
    has_message(error, "Lock wait timeout exceeded")
}

/// Whether the server, or another node, undid the transaction in favour of another one.
pub(crate) fn is_deadlock(error: &DieselError) -> bool {
    has_message(error, "Deadlock found")
}

fn has_message(error: &DieselError, text: &str) -> bool {
    matches!(error, DieselError::DatabaseError(_, information) if information.message().contains(text))
}
