//! Opens connections of the driver, with or without TLS.

use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio_postgres::{CancelToken, NoTls};

use super::session::{Cancel, DriverSession};
use crate::backend::postgres::{ConnectError, Connector, engine::TlsConnector};

/// How long a request to cancel a session's statement may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects, with or without TLS.
pub(crate) trait Dial: Send + Sync {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<DriverSession, ConnectError>>;
}

/// With a connector for TLS, or `NoTls`.
pub(crate) struct With<T>(pub(crate) T);

impl<T: TlsConnector> Dial for With<T> {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<DriverSession, ConnectError>> {
        Box::pin(async move {
            let (client, connection) = connector.connect_client(self.0.clone()).await?;
            Ok(DriverSession::new(client, connection, Box::new(Self(self.0.clone()))))
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
