//! Connections: taking them, bounding them, serving one.
//!
//! Owns: the listening loop, what one connection may take.
//! Must not know: routes, requests, threads.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::error;
use super::shared::Peer;
use super::socket;
use super::stall::Stall;
use super::workers::Workers;
use crate::config::Config;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at the same time; more wait to be taken.
    pub(super) connections: usize,
    /// From the beginning of a connection, or the end of the last answer on it, to the end of the
    /// next request's head.
    head_time: Duration,
    /// How long a client may take nothing of an answer.
    stall: Duration,
    /// From the stop to the end of what is in flight then.
    pub(super) drain: Duration,
}

/// A connection that was taken and is not served yet.
pub(super) struct Accepted {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    open: Open,
}

/// An open connection, counted for as long as it lives.
struct Open {
    _place: OwnedSemaphorePermit,
    count: Arc<AtomicUsize>,
}

/// A request's head may be as long as this, in bytes; agents send long ones.
const HEAD_BYTES: usize = 64 * 1024;

/// How long to wait when the system has nothing left to make a connection of.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// Takes connections until `stopped` turns true and spreads them over the workers. `count` is how
/// many are open.
pub(super) async fn run(
    listener: TcpListener,
    workers: &mut Workers<Accepted>,
    limits: &Limits,
    (mut stopped, count): (watch::Receiver<bool>, Arc<AtomicUsize>),
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    loop {
        let accepted = tokio::select! {
            biased;
            () = told(&mut stopped) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        workers.give(Accepted { stream, peer, open: Open::new(place, &count) });
    }
}

/// Ready when it is to stop. The sender is gone only when nobody can tell any more.
async fn told(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|it| *it).await);
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(std::net::TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // Never closed.
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    // It is served by another thread, whose runtime has to know it instead of this one's.
    let accepted = listener.accept().await;
    match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            log::warn!("a connection could not be taken: {error}");
            // One that ended before it was taken is no reason to wait; a lack of files is.
            if error.raw_os_error().is_some() && !is_of_one_connection(&error) {
                tokio::time::sleep(OUT_OF_FILES).await;
            }
            None
        }
    }
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(HEAD_BYTES);
    // That the client is gone is seen by whoever serves it: see `socket`.
    http.half_close(true);
    http
}

/// Serves one connection to its end.
pub(super) async fn connection(
    router: Router,
    limits: Limits,
    accepted: Accepted,
    mut stopped: watch::Receiver<bool>,
) {
    // The place is given back when it ends, however it does.
    let Accepted { stream, peer, open: _open } = accepted;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    // Events of a stream go out as they come.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        answer(AssertUnwindSafe(router.call(request)).catch_unwind())
    });
    let (socket, watch) = socket::halves(stream);
    let serving =
        http(&limits).serve_connection(TokioIo::new(Stall::new(socket, limits.stall)), service);
    let mut serving = std::pin::pin!(serving);
    let mut stopping = std::pin::pin!(told(&mut stopped));
    let mut stops = false;
    let served = poll_fn(|context| {
        if !stops && stopping.as_mut().poll(context).is_ready() {
            stops = true;
            serving.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(served) = serving.as_mut().poll(context) {
            return Poll::Ready(served);
        }
        // What it asked for ends here, too.
        watch.poll_gone(context).map(Ok)
    });
    let served = served.await;
    // Whoever went away or sent no HTTP was answered or cannot be: nothing is left to do.
    if let Err(error) = served {
        log::debug!("a connection ended: {error}");
    }
}

/// A panic of a handler ends its request, not the connection's other ones.
async fn answer(
    handled: impl Future<Output = std::thread::Result<Result<Response, Infallible>>>,
) -> Result<Response, Infallible> {
    handled.await.unwrap_or_else(|_| {
        log::error!("a handler panicked");
        Ok(error::defect())
    })
}

// === impl Limits ===

impl Limits {
    pub(super) const fn of(config: &Config) -> Self {
        Self {
            connections: config.gateway.max_connections,
            head_time: config.gateway.header_timeout,
            stall: config.timeout,
            drain: config.gateway.drain,
        }
    }
}

// === impl Open ===

impl Open {
    fn new(place: OwnedSemaphorePermit, count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self { _place: place, count: Arc::clone(count) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
