//! The session that asks the server.

use std::time::{Duration, Instant};

use tokio::{task::JoinHandle, time::sleep};
use tokio_postgres::{Client, NoTls, Row, types::ToSql};

use super::super::AuditError;
use crate::{
    TenantPool,
    backend::postgres::quote::{identifier, literal},
};

/// How a comment on a database begins that says that it is one for tests.
const COMMENT: &str = "diesel-tenants test database";

/// How long other sessions may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key of the advisory lock that an audit holds: "audit".
const LOCK: i64 = 0x61_7564_6974;

pub(super) struct Observer {
    client: Client,
    connection: JoinHandle<()>,
    pub(super) database: String,
    /// As `server_version_num`.
    pub(super) version: i32,
    pub(super) is_superuser: bool,
}

impl Observer {
    /// Connects, and refuses a database that isn't for tests, or that another audit observes.
    pub(super) async fn connect(pool: &TenantPool, url: Option<&str>) -> Result<Self, AuditError> {
        let connector = pool.migration_connector();
        let (client, connection) = match url {
            Some(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(failed("connect"))?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            None if !connector.is_plain() => return Err(AuditError::NeedsObserver),
            None => {
                let (client, connection, _) = connector.connect_client(NoTls).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        let sql = "SELECT pg_catalog.current_database()::text,
                pg_catalog.shobj_description(d.oid, 'pg_database'),
                pg_catalog.current_setting('server_version_num')::int,
                pg_catalog.current_setting('is_superuser')::bool,
                pg_catalog.current_setting('track_counts')::bool,
                pg_catalog.pg_try_advisory_lock($1)
            FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";
        let row = client
            .query_one(sql, &[&LOCK])
            .await
            .map_err(failed("look at the database"))?;
        let (database, comment): (String, Option<String>) = (row.get(0), row.get(1));
        let is_for_tests =
            database.starts_with("diesel_tenants_test_") || comment.is_some_and(|comment| comment.starts_with(COMMENT));
        let (counts, is_alone): (bool, bool) = (row.get(4), row.get(5));
        match (is_for_tests, counts, is_alone) {
            (false, _, _) => Err(AuditError::NotATestDatabase {
                database,
                comment: COMMENT,
            }),
            (_, false, _) => Err(AuditError::NotCounting),
            (_, _, false) => Err(AuditError::Busy { database }),
            _ => Ok(Self {
                client,
                connection,
                database,
                version: row.get(2),
                is_superuser: row.get(3),
            }),
        }
    }

    pub(super) async fn query(
        &self,
        attempt: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, AuditError> {
        self.client.query(sql, parameters).await.map_err(failed(attempt))
    }

    pub(super) async fn execute(&self, attempt: &'static str, sql: &str) -> Result<(), AuditError> {
        self.client.batch_execute(sql).await.map_err(failed(attempt))
    }

    /// Changes settings of all sessions of the database that begin from now on.
    pub(super) async fn set(&self, settings: &[(&str, &str)]) -> Result<(), AuditError> {
        let sql = settings
            .iter()
            .map(|(name, value)| format!("{} SET {name} = {};", self.alter(), literal(value)));
        self.execute("change the database's settings", &sql.collect::<String>())
            .await
    }

    /// Takes such settings back.
    pub(super) async fn reset(&self, settings: &[(&str, &str)]) -> Result<(), AuditError> {
        let sql = settings
            .iter()
            .map(|(name, _)| format!("{} RESET {name};", self.alter()));
        self.execute("take back the database's settings", &sql.collect::<String>())
            .await
    }

    fn alter(&self) -> String {
        format!("ALTER DATABASE {}", identifier(&self.database))
    }

    /// Ends all other sessions of the database, and returns when they have ended. Only then is all in the counters that
    /// they did: a session hands over its counts at most once a second, and the rest at its end.
    pub(super) async fn end_other_sessions(&self) -> Result<(), AuditError> {
        // A session disappears from pg_stat_activity after it handed over its counts. Workers of a parallel query end
        // with their query. What is no client's, such as autovacuum, is left alone.
        const OTHERS: &str = "FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()
            AND pid <> pg_catalog.pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend'";
        let begun = Instant::now();
        loop {
            let end = format!("SELECT pg_catalog.pg_terminate_backend(pid) {OTHERS}");
            let ended = self.client.query(&end, &[]).await;
            let refused = ended.as_ref().is_err();
            let sessions = match ended {
                Ok(rows) => rows.len(),
                Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE) => self
                    .query("count the other sessions", &format!("SELECT 1 {OTHERS}"), &[])
                    .await?
                    .len(),
                Err(error) => return Err(failed("end the other sessions")(error)),
            };
            if sessions == 0 {
                return Ok(());
            }
            if refused || begun.elapsed() > PATIENCE {
                return Err(AuditError::SessionsLeft {
                    database: self.database.clone(),
                    sessions,
                    waited: begun.elapsed(),
                });
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends the session, and with it the lock.
    pub(super) async fn close(self) {
        drop(self.client);
        let _ = self.connection.await;
    }
}

fn failed(attempt: &'static str) -> impl FnOnce(tokio_postgres::Error) -> AuditError {
    move |source| AuditError::Query { attempt, source }
}
