//! Connections to a host, over TLS or without.
//!
//! Owns: [`Connector`], [`Connection`], [`LookupFailed`]: how a connection is made, with which limits.
//! Must not know: what is sent over it, how long it is kept.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

/// A connection. What TLS keeps is large, and not there where there is none.
pub(super) enum Connection {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

type Tls = TlsStream<TokioIo<TokioIo<TcpStream>>>;

/// What a connection is for `hyper`, whichever way it was made.
type Connect = HttpsConnector<HttpConnector<Lookup>>;

/// A connector with a time limit over all of it: look-up, TCP and TLS.
#[derive(Clone)]
pub(super) struct Connector {
    inner: Connect,
    within: Duration,
}

/// The system's resolver, whose failures can be told from others.
#[derive(Clone)]
pub(super) struct Lookup(GaiResolver);

/// A name that could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct LookupFailed(#[from] io::Error);

// === impl Connector ===

impl Connector {
    /// Connects within that time; `keepalive` is how long nothing is said until the system asks
    /// whether the other side is still there.
    pub(super) fn new(tls: ClientConfig, within: Duration, keepalive: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Lookup(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(keepalive));
        tcp.set_connect_timeout(Some(within));
        let inner = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self { inner, within }
    }

    /// A connection to the host of an address.
    ///
    /// # Errors
    /// Whatever failed: the look-up, TCP, TLS, or time.
    pub(super) async fn to(&self, to: Uri) -> Result<Connection, Box<dyn StdError + Send + Sync>> {
        let mut inner = self.inner.clone();
        let connecting = async {
            std::future::poll_fn(|context| inner.poll_ready(context)).await?;
            inner.call(to).await
        };
        match timeout(self.within, connecting).await {
            Ok(connected) => connected.map(Connection::from),
            Err(late) => Err(io::Error::new(io::ErrorKind::TimedOut, late).into()),
        }
    }
}

// === impl Connection ===

impl From<MaybeHttpsStream<TokioIo<TcpStream>>> for Connection {
    fn from(made: MaybeHttpsStream<TokioIo<TcpStream>>) -> Self {
        match made {
            MaybeHttpsStream::Http(stream) => Self::Plain(stream.into_inner()),
            MaybeHttpsStream::Https(stream) => Self::Tls(Box::new(stream.into_inner())),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

// === impl Lookup ===

impl Service<Name> for Lookup {
    type Response = <GaiResolver as Service<Name>>::Response;
    type Error = LookupFailed;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, LookupFailed>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), LookupFailed>> {
        self.0.poll_ready(context).map_err(LookupFailed)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looked_up = self.0.call(name);
        Box::pin(async { looked_up.await.map_err(LookupFailed) })
    }
}
