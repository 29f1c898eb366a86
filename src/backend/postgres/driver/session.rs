use std::time::Duration;

use tokio::{runtime::Handle, task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Error, Row, types::ToSql};

use crate::backend::postgres::engine::{CancelToken, DriverConnection, TlsConnector};

/// How long a request to cancel a session's statement may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection of the driver. When it is dropped, the session on the server ends, whatever it is doing.
pub(crate) struct DriverSession {
    client: Client,
    driver: Driver,
}

impl DriverSession {
    pub(super) fn new<T: TlsConnector>(client: Client, connection: DriverConnection<T>, token: CancelToken) -> Self {
        let driver = Driver {
            token: Some(token),
            task: tokio::spawn(async move {
                // The client gets the error as well.
                let _ = connection.await;
            }),
        };
        Self { client, driver }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    pub(crate) async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.client.query(sql, parameters).await
    }

    /// Ends the session, and returns when it has ended. No statement may be running.
    pub(crate) async fn close(self) {
        let Self { client, mut driver } = self;
        drop(client);
        // If the task has ended already, there is no session either.
        let _ = (&mut driver.task).await;
        driver.token = None;
    }
}

/// Drives the connection, and ends it when dropped. By itself the task would run until the server has sent everything
/// that was asked for.
struct Driver {
    token: Option<CancelToken>,
    task: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
        // A closed socket doesn't stop the server's statement: the server would notice only when it wants to answer.
        if let Some(token) = self.token.take()
            && let Ok(runtime) = Handle::try_current()
        {
            // If this fails, the server notices at its next message that the connection is closed. A server that does
            // not answer is not waited for.
            runtime.spawn(async move { timeout(CANCEL_TIMEOUT, token.cancel()).await });
        }
    }
}
