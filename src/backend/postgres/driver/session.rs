use futures_core::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    task::JoinHandle,
};
use tokio_postgres::{CancelToken, Client, Connection, Error, Row, types::ToSql};

/// Connects to a session's server a second time, to cancel.
pub(super) trait Cancel: Send + Sync {
    /// Asks the server to cancel the session's running statement.
    fn cancel(self: Box<Self>, token: CancelToken) -> BoxFuture<'static, ()>;
}

/// A connection of the driver. When it is dropped, the session on the server ends, whatever it is doing.
pub(crate) struct DriverSession {
    client: Client,
    driver: Driver,
}

impl DriverSession {
    pub(super) fn new<S, T>(client: Client, connection: Connection<S, T>, cancel: Box<dyn Cancel>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let driver = Driver {
            token: Some((client.cancel_token(), cancel)),
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
    token: Option<(CancelToken, Box<dyn Cancel>)>,
    task: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
        // A closed socket doesn't stop the server's statement: the server would notice only when it wants to answer.
        if let Some((token, cancel)) = self.token.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(cancel.cancel(token));
        }
    }
}
