//! A client's socket: HTTP reads and writes it, and whoever serves it sees when the client is gone.
//!
//! Owns: [`Socket`], [`Watch`].
//! Must not know: HTTP.
//!
//! The HTTP library can watch for that, too, but does it by reading into a buffer of 8 KiB that then
//! stays for as long as the answer lasts.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The socket, to read and to write.
pub(super) struct Socket(Shared);

/// The same socket, to be watched by the same task.
pub(super) struct Watch(Shared);

/// Locked for the time of one call that does not wait; both halves are one task's.
type Shared = Arc<Mutex<TcpStream>>;

/// Both halves of a socket.
pub(super) fn halves(stream: TcpStream) -> (Socket, Watch) {
    let shared = Arc::new(Mutex::new(stream));
    (Socket(Arc::clone(&shared)), Watch(shared))
}

// === impl Watch ===

impl Watch {
    /// Ready when the client has closed its side, or the connection broke. What it sends meanwhile
    /// is left for later.
    pub(super) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut room = [MaybeUninit::uninit()];
        match lock(&self.0).poll_peek(context, &mut ReadBuf::uninit(&mut room)) {
            Poll::Ready(Ok(1..)) | Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(()),
        }
    }
}

// === impl Socket ===

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(&self.0)).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        lock(&self.0).is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0)).poll_shutdown(context)
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, TcpStream> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_client_that_closes_is_gone_and_what_it_sent_is_still_there() {
        let (mut client, served) = pair().await;
        let (mut socket, watch) = halves(served);
        client.write_all(b"x").await.unwrap();
        let mut first = [0];
        // Two bytes: one is read, the other waits.
        client.write_all(b"y").await.unwrap();
        socket.read_exact(&mut first).await.unwrap();
        let seen = poll_fn(|it| Poll::Ready(watch.poll_gone(it))).await;
        assert!(seen.is_pending());
        let mut second = [0];
        socket.read_exact(&mut second).await.unwrap();
        assert_eq!((first, second), (*b"x", *b"y"));
        drop(client);
        poll_fn(|it| watch.poll_gone(it)).await;
    }
}
