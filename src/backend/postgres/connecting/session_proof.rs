//! How a new connection proves that its session is the server's own, or that a pooler in between is safe.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    hash::{BuildHasher, RandomState},
    io,
    pin::Pin,
    sync::LazyLock,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    CancelToken,
    tls::{ChannelBinding, TlsConnect, TlsStream},
};

/// A random value that a connection sends among its startup options and reads back. It can't be a fixed value: a pooler
/// that opens its sessions with one client's options, and shares them, would show that value to every client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(u64);

impl Token {
    /// The setting that holds the value. The server accepts settings of any name with a dot.
    pub(crate) const SETTING: &str = "diesel_tenants.connection";

    pub(crate) fn new() -> Self {
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(KEYS.hash_one(NEXT.fetch_add(1, Relaxed)))
    }

    /// The token as a startup option.
    pub(crate) fn option(self) -> String {
        format!("-c {}={self}", Self::SETTING)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Whether a pooler keeps the connection's statement apart, judging by the names under which the server has the
/// statement.
///
/// A pooler that keeps statements for its clients gives them names of its own. A pooler that doesn't passes on the
/// names that begin with the token. If the server has no such statement, nothing is known about the pooler.
pub(crate) fn is_kept_by_pooler(names: &[String], token: Token) -> bool {
    !names.is_empty() && !names.iter().any(|name| name.starts_with(&token.to_string()))
}

/// The id of the server's process, as the server sent it when the connection began. A pooler invents an id, since the
/// process behind it changes.
///
/// The driver shows the id only in a request to cancel, which is written to memory here.
pub(crate) fn process_id(token: &CancelToken) -> Option<i32> {
    const CANCEL_REQUEST: [u8; 8] = [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e];

    let mut written = Vec::new();
    // This future never waits.
    token
        .cancel_query_raw(Memory(&mut written), InMemory)
        .now_or_never()?
        .ok()?;
    let request = written.last_chunk::<16>()?;
    let id = request.strip_prefix(&CANCEL_REQUEST)?.first_chunk::<4>()?;
    Some(i32::from_be_bytes(*id))
}

/// Keeps what is written, and agrees to a request for TLS.
struct Memory<'a>(&'a mut Vec<u8>);

impl AsyncRead for Memory<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Memory<'_> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// No encryption, because the data stays in memory, even if the connection's configuration requires TLS.
struct InMemory;

impl<'a> TlsConnect<Memory<'a>> for InMemory {
    type Stream = Memory<'a>;
    type Error = Infallible;
    type Future = Ready<Result<Memory<'a>, Infallible>>;

    fn connect(self, stream: Memory<'a>) -> Self::Future {
        ready(Ok(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_connections_have_one_token() {
        let tokens: std::collections::HashSet<String> = (0..1000).map(|_| Token::new().to_string()).collect();
        assert_eq!(tokens.len(), 1000);
    }

    #[test]
    fn a_statement_under_its_own_name_or_under_none_is_kept_by_no_pooler() {
        let token = Token(7);
        let own = format!("{token}1");
        let is_kept = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            is_kept_by_pooler(&names, token)
        };
        for other in ["PGBOUNCER_1", "s", "", "s1"] {
            assert!(is_kept(&[other]), "{other}");
        }
        for names in [&[][..], &[&*own], &["PGBOUNCER_1", &*own]] {
            assert!(!is_kept(names), "{names:?}");
        }
    }
}
