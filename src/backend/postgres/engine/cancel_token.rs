use std::{fmt, io, sync::Arc};

use futures_core::future::BoxFuture;
use tokio_postgres::tls::MakeTlsConnect;

use super::{
    TlsConnector,
    socket::{Address, PostgresSocket},
};

/// Cancels whatever statement runs on a connection.
///
/// The token names a connection, not a statement: by the time the server hears of it, another statement may run.
#[derive(Clone)]
pub struct CancelToken {
    token: tokio_postgres::CancelToken,
    address: Address,
    /// Cancels with the connector for TLS that the connection was made with.
    cancel: Arc<Cancel>,
}

type Cancel = dyn Fn(CancelToken) -> BoxFuture<'static, io::Result<()>> + Send + Sync;

impl CancelToken {
    pub(super) fn new<T: TlsConnector>(token: tokio_postgres::CancelToken, address: Address, tls: T) -> Self {
        let cancel = move |token: Self| -> BoxFuture<'static, io::Result<()>> {
            let tls = tls.clone();
            Box::pin(async move { token.cancel_query(tls).await })
        };
        Self {
            token,
            address,
            cancel: Arc::new(cancel),
        }
    }

    /// Asks the server to cancel the statement, encrypted as the connection itself is. The server doesn't say whether
    /// it did.
    ///
    /// # Errors
    /// If the server can't be reached.
    pub async fn cancel(&self) -> io::Result<()> {
        (self.cancel)(self.clone()).await
    }

    /// Does what [`cancel`](Self::cancel) does with another connector for TLS, or with
    /// [`NoTls`](tokio_postgres::NoTls).
    ///
    /// # Errors
    /// If the server can't be reached.
    pub async fn cancel_query<T: TlsConnector>(&self, mut tls: T) -> io::Result<()> {
        let host_name = self.address.host_name().unwrap_or_default();
        let tls = MakeTlsConnect::<PostgresSocket>::make_tls_connect(&mut tls, host_name)
            .map_err(|error| io::Error::other(error.into()))?;
        let socket = self.address.connect().await?;
        let cancelled = self.token.cancel_query_raw(socket, tls).await;
        cancelled.map_err(io::Error::other)
    }

    /// What the driver knows of the connection.
    pub(crate) fn driver_token(&self) -> &tokio_postgres::CancelToken {
        &self.token
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").finish_non_exhaustive()
    }
}
