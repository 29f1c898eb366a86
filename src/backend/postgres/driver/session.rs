use futures_core::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    task::JoinHandle,
};
use tokio_postgres::{CancelToken, Client, Connection, Error, Row, types::ToSql};

/// Reaches a session's server a second time.
pub(super) trait Cancel: Send + Sync {
    /// Asks the server to give up what the session is at.
    fn cancel(self: Box<Self>, token: CancelToken) -> BoxFuture<'static, ()>;
}

/// A connection of the driver's own. When it is dropped, the session on the server ends, whatever it is at.
pub(crate) struct Session {
    client: Client,
    driver: Driver,
}

impl Session {
    pub(super) fn new<S, T>(client: Client, connection: Connection<S, T>, cancel: Box<dyn Cancel>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let driver = Driver {
            token: Some((client.cancel_token(), cancel)),
            task: tokio::spawn(async move {
                // The client hears of an error as well.
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

    /// Ends the session, and returns once it has ended. It must not be at anything.
    pub(crate) async fn close(self) {
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
    token: Option<(CancelToken, Box<dyn Cancel>)>,
    task: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
        // A closed socket doesn't stop what the server is at: it would only notice when it wants to answer.
        if let Some((token, cancel)) = self.token.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(cancel.cancel(token));
        }
    }
}
