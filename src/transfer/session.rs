use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    task::JoinHandle,
};
use tokio_postgres::{Client, Connection, Error, Row, types::ToSql};

use super::tls::Dial;
use crate::backend::postgres::quote::literal;

/// What a role, a database or a pooler may have set otherwise: values survive the way through text, rows are read whole or
/// not at all, and a slow reader or writer is no reason to end.
pub(super) const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8'; \
    SET LOCAL standard_conforming_strings = on; SET LOCAL row_security = off; SET LOCAL check_function_bodies = off; \
    SET LOCAL synchronize_seqscans = off; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL extra_float_digits = 3; SET LOCAL array_nulls = on; SET LOCAL quote_all_identifiers = off; \
    SET LOCAL transform_null_equals = off; SET LOCAL xmloption = content; SET LOCAL lc_monetary = 'C'; \
    SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
    SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// A connection of the driver's own. When it is dropped, the session on the server ends, whatever it is at.
pub(super) struct Session {
    client: Client,
    driver: Driver,
}

impl Session {
    pub(super) fn new<S, T>(client: Client, connection: Connection<S, T>, dial: Box<dyn Dial>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let driver = Driver {
            token: Some((client.cancel_token(), dial)),
            task: tokio::spawn(async move {
                // The client hears of an error as well.
                let _ = connection.await;
            }),
        };
        Self { client, driver }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a transaction, given by what stands behind `BEGIN`.
    pub(super) async fn begin(&self, how: &str) -> Result<(), Error> {
        self.execute(&format!("BEGIN {how}; {SETTINGS}")).await
    }

    /// Begins a transaction that takes locks before it has a snapshot.
    pub(super) async fn begin_locked(&self, locks: &str) -> Result<(), Error> {
        self.execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {locks}"))
            .await
    }

    /// Has the transaction that is open, and has read nothing yet, see what the one that exported the snapshot sees.
    pub(super) async fn see(&self, snapshot: &str) -> Result<(), Error> {
        let snapshot = literal(snapshot);
        self.execute(&format!("SET TRANSACTION SNAPSHOT {snapshot}; {SETTINGS}"))
            .await
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    pub(super) async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.client.query(sql, parameters).await
    }

    /// Ends the session, and returns once it has ended. It must not be at anything.
    pub(super) async fn close(self) {
        let Self { client, mut driver } = self;
        drop(client);
        // Where the task was ended before there is no session either.
        let _ = (&mut driver.task).await;
        driver.token = None;
    }
}

/// Keeps the connection going and, when dropped, ends it: by itself it would go on until the server has sent all that was
/// asked for.
struct Driver {
    token: Option<(tokio_postgres::CancelToken, Box<dyn Dial>)>,
    task: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
        // A closed socket doesn't stop what the server is at: it would only notice when it wants to answer.
        if let Some((token, dial)) = self.token.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(dial.cancel(token));
        }
    }
}
