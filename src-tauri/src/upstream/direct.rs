//! The way out without a proxy, for what is sent again and again.
//!
//! Owns: [`Direct`]: how it connects, with which limits.
//! Must not know: what is sent, what an error means.
//!
//! reqwest reads the address anew for each request and looks for redirects, cookies and retries that
//! are all switched off here: that costs more than all else that is done with a small request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

/// An HTTP client without a proxy. Clones share its connections.
pub(super) type Direct = legacy::Client<Bounded, Full<Bytes>>;

/// What a connection is for `hyper`, whichever way it was made.
type Connect = HttpsConnector<HttpConnector<Lookup>>;

/// A connector with a time limit over all of it: look-up, TCP and TLS.
#[derive(Clone)]
pub(super) struct Bounded {
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

/// The most that is read of an answer before the client takes it, in bytes; a head is no longer.
/// hyper's own bound is 400 KiB, which each client that does not read would cost.
const MOST_READ_AHEAD: usize = 64 * 1024;

/// Nothing is opened yet.
pub(super) fn client(tls: ClientConfig, connect_timeout: Duration, limits: &super::Idle) -> Direct {
    let mut tcp = HttpConnector::new_with_resolver(Lookup(GaiResolver::new()));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(limits.tcp));
    tcp.set_connect_timeout(Some(connect_timeout));
    let inner = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits.pool)
        .http1_max_buf_size(MOST_READ_AHEAD)
        .build(Bounded { inner, within: connect_timeout })
}

// === impl Bounded ===

impl Service<Uri> for Bounded {
    type Response = <Connect as Service<Uri>>::Response;
    type Error = <Connect as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = timeout(self.within, self.inner.call(to));
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected,
                Err(late) => Err(io::Error::new(io::ErrorKind::TimedOut, late).into()),
            }
        })
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
