//! Connections that can be cut on purpose.
//!
//! Owns: a listener whose streams end by a real TCP reset (`SO_LINGER` 0, so the kernel sends RST
//! and drops what it had not sent) or by a plain FIN, at any moment.
//! Must not know: HTTP, why a connection is cut.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const OPEN: u8 = 0;
const RESET: u8 = 1;
const CLOSED: u8 = 2;

/// How to cut a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// RST: the client sees "connection reset by peer".
    Reset,
    /// FIN: the client sees end of file.
    Close,
}

/// The switch of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conn(Arc<Switch>);

/// Every open connection of a listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conns(Arc<Mutex<Vec<Weak<Switch>>>>);

pub(crate) struct CuttableListener {
    pub(crate) inner: TcpListener,
    pub(crate) conns: Conns,
}

pub(crate) struct CuttableStream {
    inner: TcpStream,
    conn: Conn,
}

#[derive(Debug, Default)]
struct Switch {
    state: AtomicU8,
    reader: AtomicWaker,
}

// === impl Conn ===

impl Conn {
    /// Ends the connection; whatever it was doing is dropped soon after.
    pub(crate) fn cut(&self, how: Cut) {
        let state = if how == Cut::Reset { RESET } else { CLOSED };
        self.0.state.store(state, Ordering::SeqCst);
        self.0.reader.wake();
    }

    fn check(&self) -> io::Result<()> {
        match self.0.state.load(Ordering::SeqCst) {
            OPEN => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose")),
        }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Conn {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().conn.clone()
    }
}

// === impl Conns ===

impl Conns {
    /// Resets every open connection.
    pub(crate) fn reset_all(&self) {
        for switch in self.0.lock().unwrap().drain(..).filter_map(|it| it.upgrade()) {
            Conn(switch).cut(Cut::Reset);
        }
    }

    fn open(&self) -> Conn {
        let conn = Conn::default();
        let mut all = self.0.lock().unwrap();
        all.retain(|it| it.strong_count() > 0);
        all.push(Arc::downgrade(&conn.0));
        conn
    }
}

// === impl CuttableListener ===

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (inner, addr) = Listener::accept(&mut self.inner).await;
        // Small chunks must leave at once: the splits of a script would merge otherwise.
        drop(inner.set_nodelay(true));
        (CuttableStream { inner, conn: self.conns.open() }, addr)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

// === impl CuttableStream ===

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.conn.0.reader.register(cx.waker());
        self.conn.check()?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.conn.check()?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.conn.check()?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.conn.check()?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Drop for CuttableStream {
    fn drop(&mut self) {
        if self.conn.0.state.load(Ordering::SeqCst) == RESET {
            drop(self.inner.set_zero_linger());
        }
    }
}
