//! Sockets, as the configuration wants them.

#[cfg(unix)]
use std::path::PathBuf;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_postgres::Config;

/// A socket to a PostgreSQL server, over TCP or in the file system.
///
/// Connectors for TLS are given one of these.
#[derive(Debug)]
pub struct PostgresSocket(Socket);

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Where one server listens, and how to connect to it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    endpoint: Endpoint,
    /// The name in the server's certificate.
    host_name: Option<String>,
    timeout: Option<Duration>,
    user_timeout: Option<Duration>,
    keepalive: Option<TcpKeepalive>,
}

#[derive(Debug, Clone)]
pub(super) enum Endpoint {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Address {
    pub(super) fn new(endpoint: Endpoint, host_name: Option<String>, config: &Config) -> Self {
        let keepalive = || {
            let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
            if let Some(interval) = config.get_keepalives_interval() {
                keepalive = keepalive.with_interval(interval);
            }
            if let Some(retries) = config.get_keepalives_retries() {
                keepalive = keepalive.with_retries(retries);
            }
            keepalive
        };
        Self {
            endpoint,
            host_name,
            timeout: config.get_connect_timeout().copied(),
            user_timeout: config.get_tcp_user_timeout().copied(),
            keepalive: config.get_keepalives().then(keepalive),
        }
    }

    /// Whether the socket is in the file system.
    pub(super) fn is_local(&self) -> bool {
        !matches!(self.endpoint, Endpoint::Tcp(_))
    }

    pub(super) fn host_name(&self) -> Option<&str> {
        self.host_name.as_deref()
    }

    pub(super) async fn connect(&self) -> io::Result<PostgresSocket> {
        Ok(PostgresSocket(match &self.endpoint {
            Endpoint::Tcp(address) => {
                let stream = self.in_time(TcpStream::connect(address)).await?;
                stream.set_nodelay(true)?;
                let socket = SockRef::from(&stream);
                #[cfg(target_os = "linux")]
                if self.user_timeout.is_some() {
                    socket.set_tcp_user_timeout(self.user_timeout)?;
                }
                if let Some(keepalive) = &self.keepalive {
                    socket.set_tcp_keepalive(keepalive)?;
                }
                Socket::Tcp(stream)
            }
            #[cfg(unix)]
            Endpoint::Unix(path) => Socket::Unix(self.in_time(UnixStream::connect(path)).await?),
        }))
    }

    async fn in_time<T>(&self, connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        match self.timeout {
            None => connecting.await,
            Some(timeout) => tokio::time::timeout(timeout, connecting).await?,
        }
    }
}

impl AsyncRead for PostgresSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Socket::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for PostgresSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Socket::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Socket::Tcp(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(unix)]
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
