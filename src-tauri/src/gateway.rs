//! The gateway: the face for clients of the Anthropic, OpenAI and Gemini protocols, over HTTP.
//!
//! Owns: how it starts, what it says then, and the order in which it stops.
//! Must not know: what a route does, how an account is picked, JSON-RPC.

mod admin;
mod auth;
mod background;
mod bind;
mod error;
mod health;
mod llm;
mod metrics;
mod routes;
mod server;
mod shared;
mod socket;
mod stall;
mod ui;
mod workers;

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

pub use self::shared::{Peer, Shared};
use self::workers::Workers;
use crate::api::context::Context;
use crate::app::Boot;
use crate::config::{self, env::Env};
use crate::error::{Error, Result};
use crate::signals;

/// What a person can say when starting it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Where to listen; before `PORT` and `gateway.listen`.
    pub listen: Option<SocketAddr>,
    /// Say the address on stdout too, as a line of JSON.
    pub json: bool,
}

/// How long work may go on that is left when all connections are closed: storing what requests used.
const LAST_WORK: Duration = Duration::from_secs(10);

/// Threads that serve. More than a few do not help: what is slow waits for the network.
const MOST_THREADS: usize = 8;

/// Runs the gateway until SIGTERM or Ctrl-C, and until what was in flight then has ended.
///
/// # Errors
/// When it may not or cannot listen, or its data cannot be opened or written.
pub fn run(boot: Boot, options: Options) -> Result<()> {
    // Each stream takes two connections; many systems allow a process a thousand files unless it
    // asks. What it does not get, it does without.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime cannot start: {error}")))?;
    let served = runtime.block_on(async { serve(boot, options, signals::stopped()).await });
    runtime.shutdown_background();
    served
}

/// Runs the gateway until `stop` is ready and what is in flight then has ended.
///
/// # Errors
/// As [`run`].
pub async fn serve(boot: Boot, options: Options, stop: impl Future<Output = ()>) -> Result<()> {
    let context = Arc::new(Context::new(boot.clone()));
    let config = context.config().await?.get();
    for it in config::former::set(&*boot.env) {
        log::warn!("{} in the environment means nothing here: {}", it.name, it.instead);
    }
    let wanted = bind::address(&*boot.env, options.listen, &config.gateway)?;
    let app = context.app().await?.clone();
    bind::allow(wanted, &bind::Guards::of(&app, &*boot.env).await?)?;
    let listener = bind::listen(wanted).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::Internal(format!("the socket has no address: {error}")))?;
    let (stopping, stopped) = watch::channel(false);
    let admin = Arc::new(admin::Admin::open(&context, address).await?);
    let shared = Arc::new(Shared::new(context, app.clone(), address, stopped.clone()));
    app.announce_gateway(&reachable(address))?;
    say(address, options.json);

    let limits = server::Limits::of(&config);
    let (common, told) = (Arc::clone(&shared), stopped.clone());
    let serving = move || {
        let router = routes::router(Arc::new(common.with_own_way_out()), Arc::clone(&admin));
        let told = told.clone();
        move |it| server::connection(router.clone(), limits, it, told.clone())
    };
    let mut workers = Workers::start(threads(), &limits, serving)?;
    let connections = Arc::clone(&shared.connections);
    let serving = server::run(listener, &mut workers, &limits, (stopped, connections));
    let stop = async {
        stop.await;
        stopping.send_replace(true);
    };
    tokio::join!(serving, background::run(&shared), stop);
    let workers = workers.end().await;
    if tokio::time::timeout(LAST_WORK, shared.tasks.settle()).await.is_err() {
        log::warn!("{} pieces of work are cut", shared.tasks.running());
    }
    let closed = app.close().await;
    // Last: a refresh that began on one of these threads may go on till here.
    workers.end();
    closed
}

/// How many threads serve.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_THREADS)
}

/// Where a gateway would be asked that is started without `--listen`.
///
/// # Errors
/// When `PORT` is no port.
pub fn usual_url(env: &dyn Env, config: &config::Gateway) -> Result<String> {
    Ok(reachable(bind::address(env, None, config)?))
}

/// An address that a program of this machine can ask.
fn reachable(address: SocketAddr) -> String {
    if !address.ip().is_unspecified() {
        return format!("http://{address}");
    }
    format!("http://127.0.0.1:{}", address.port())
}

/// Tells where it listens. A log line would be lost at the usual level.
fn say(address: SocketAddr, json: bool) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "listening on http://{address}");
    if json {
        let line = json!({ "listening": format!("http://{address}"), "pid": std::process::id() });
        let mut stdout = std::io::stdout();
        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    }
}
