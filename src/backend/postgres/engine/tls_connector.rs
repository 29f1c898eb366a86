use tokio_postgres::{
    Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

use super::PostgresSocket;

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
