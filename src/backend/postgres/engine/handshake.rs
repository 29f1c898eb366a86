//! The beginning of a connection, which the driver of PostgreSQL does: encryption, startup, and the password.
//!
//! The driver keeps the socket, and what it has read ahead, to itself. So it is given a stream that never yields more
//! than the present message, and that leaves the socket behind when the driver drops it.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::wire_state::Transport;

/// Where the socket is left.
pub(super) type Left = Arc<Mutex<Option<Box<dyn Transport>>>>;

/// A stream that yields one message at a time.
pub(super) struct Handshake<S: Transport + 'static> {
    /// `None` once TLS has taken it.
    stream: Option<S>,
    left: Left,
    /// The server's next byte says whether it can do TLS, and belongs to no message.
    awaits_one_byte: bool,
    header: [u8; 5],
    /// How much of the present message's header was read.
    header_read: usize,
    /// How much of the present message comes after what was read.
    rest: usize,
}

/// By which a client asks for TLS.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

impl<S: Transport + 'static> Handshake<S> {
    pub(super) fn new(stream: S, left: Left) -> Self {
        Self {
            stream: Some(stream),
            left,
            awaits_one_byte: false,
            header: [0; 5],
            header_read: 0,
            rest: 0,
        }
    }

    fn stream(&mut self) -> io::Result<&mut S> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// How many bytes there can be until the message, or what decides its length, ends.
    fn most(&self) -> usize {
        match (self.awaits_one_byte, self.rest) {
            (true, _) => 1,
            (false, 0) => self.header.len() - self.header_read,
            (false, rest) => rest,
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        if self.awaits_one_byte {
            self.awaits_one_byte = bytes.is_empty();
        } else if self.rest > 0 {
            self.rest -= bytes.len();
        } else {
            self.header[self.header_read..][..bytes.len()].copy_from_slice(bytes);
            self.header_read += bytes.len();
            let [_, length @ ..] = self.header;
            if self.header_read == self.header.len() {
                // The length counts itself.
                self.rest = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                self.header_read = 0;
            }
        }
    }
}

impl<S: Transport + 'static> AsyncRead for Handshake<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; 1024];
        let most = self.most().min(bytes.len()).min(buffer.remaining());
        let mut part = ReadBuf::new(&mut bytes[..most]);
        let read = Pin::new(self.stream()?).poll_read(context, &mut part);
        self.note(part.filled());
        buffer.put_slice(part.filled());
        read
    }
}

impl<S: Transport + 'static> AsyncWrite for Handshake<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.awaits_one_byte |= bytes == TLS_REQUEST;
        Pin::new(self.stream()?).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream()?).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream()?).poll_shutdown(context)
    }
}

impl<S: Transport + TlsStream + 'static> TlsStream for Handshake<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream
            .as_ref()
            .map_or_else(ChannelBinding::none, TlsStream::channel_binding)
    }
}

impl<S: Transport + 'static> Drop for Handshake<S> {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stream));
        }
    }
}

/// Encrypts below the stream that yields one message at a time.
pub(super) struct Encrypt<T>(pub(super) T);

impl<S, T> TlsConnect<Handshake<S>> for Encrypt<T>
where
    S: Transport + 'static,
    T: TlsConnect<S, Stream: Send + 'static, Future: Send> + Send + 'static,
{
    type Stream = Handshake<T::Stream>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, mut handshake: Handshake<S>) -> Self::Future {
        let (stream, left) = (handshake.stream.take(), Arc::clone(&handshake.left));
        let connecting = stream.map(|stream| self.0.connect(stream));
        Box::pin(async move {
            let Some(connecting) = connecting else {
                return Err(io::Error::from(io::ErrorKind::NotConnected).into());
            };
            let stream = connecting.await.map_err(Into::into)?;
            Ok(Handshake::new(stream, left))
        })
    }
}
