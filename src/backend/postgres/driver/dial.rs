use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio_postgres::{
    CancelToken, NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

use super::session::{Cancel, Session};
use crate::backend::postgres::{ConnectError, Connector, engine::PostgresSocket};

/// How long a request to cancel a session's statement may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes TLS connections: what [`tokio_postgres`] takes, if it can be used from any thread.
///
/// Every such connector is one, such as `MakeRustlsConnect` of the package `tokio-postgres-rustls`.
pub trait TlsConnector: MakeTlsConnect<Socket, Stream: Send + 'static, TlsConnect: TlsConnect<Socket, Future: Send> + Send>
    + MakeTlsConnect<PostgresSocket, Stream: Send + 'static, TlsConnect: TlsConnect<PostgresSocket, Future: Send> + Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> TlsConnector for T where
    T: MakeTlsConnect<Socket, Stream: Send + 'static, TlsConnect: TlsConnect<Socket, Future: Send> + Send>
        + MakeTlsConnect<
            PostgresSocket,
            Stream: Send + 'static,
            TlsConnect: TlsConnect<PostgresSocket, Future: Send> + Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// Connects, with or without TLS.
pub(crate) trait Dial: Send + Sync {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<Session, ConnectError>>;
}

/// With a connector for TLS, or `NoTls`.
pub(crate) struct With<T>(pub(crate) T);

impl<T: TlsConnector> Dial for With<T> {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<Session, ConnectError>> {
        Box::pin(async move {
            let (client, connection) = connector.connect_client(self.0.clone()).await?;
            Ok(Session::new(client, connection, Box::new(Self(self.0.clone()))))
        })
    }
}

impl<T: TlsConnector> Cancel for With<T> {
    fn cancel(self: Box<Self>, token: CancelToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // If this fails, the server notices at its next message that the connection is closed. A server that does
            // not answer is not waited for.
            let _ = tokio::time::timeout(CANCEL_TIMEOUT, token.cancel_query(self.0)).await;
        })
    }
}

/// The given dialler, or else one without TLS if the connector needs none. `None` if only the application's own
/// function can open connections.
pub(crate) fn dial(connector: &Connector, given: Option<Box<dyn Dial>>) -> Option<Box<dyn Dial>> {
    given.or_else(|| {
        let is_plain = connector.is_plain();
        is_plain.then(|| Box::new(With(NoTls)) as Box<dyn Dial>)
    })
}
