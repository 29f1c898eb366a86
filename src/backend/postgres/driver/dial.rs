//! Opens connections of the driver, with or without TLS.

use futures_core::future::BoxFuture;
use tokio_postgres::NoTls;

use super::session::DriverSession;
use crate::backend::postgres::{ConnectError, Connector, engine::TlsConnector};

/// Connects, with or without TLS.
pub(crate) trait Dial: Send + Sync {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<DriverSession, ConnectError>>;
}

/// With a connector for TLS, or `NoTls`.
pub(crate) struct With<T>(pub(crate) T);

impl<T: TlsConnector> Dial for With<T> {
    fn dial<'a>(&'a self, connector: &'a Connector) -> BoxFuture<'a, Result<DriverSession, ConnectError>> {
        Box::pin(async move {
            let (client, connection, token) = connector.connect_client(self.0.clone()).await?;
            Ok(DriverSession::new::<T>(client, connection, token))
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
