//! The faces that are kept up: JSON-RPC over stdio, and the gateway.
//!
//! Owns: their runtimes, signals, and how they end.
//! Must not know: what they answer.

use std::net::SocketAddr;

use clap::Args;

use super::failure::{Exit, Failure, Result};
use super::session::tell;
use crate::app::Boot;
use crate::config::env::ProcessEnv;
use crate::{logging, rpc};

/// What a shell shows for a process that SIGTERM or Ctrl-C ended.
const TERMINATED: i32 = 143;
const INTERRUPTED: i32 = 130;

/// Run the gateway until it is stopped
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli serve
  droid-provider-cli serve --listen 127.0.0.1:9000

Clients need a client key: droid-provider-cli client-keys create --name laptop")]
pub(crate) struct Serve {
    /// Address and port, instead of the configured ones
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

// === impl Serve ===

impl Serve {
    pub(crate) fn run(&self, _json: bool) -> Exit {
        logging::start(&ProcessEnv);
        let _ = self.listen;
        ended(Err(Failure::new("failed", "this build has no gateway")))
    }
}

/// Speaks JSON-RPC on stdin and stdout until stdin ends.
pub(crate) fn json_rpc() -> Exit {
    logging::start(&ProcessEnv);
    match speak() {
        Ok(()) => Exit::Done,
        Err(failure) => {
            log::error!("{}", failure.message);
            failure.exit
        }
    }
}

fn speak() -> Result<()> {
    let boot = Boot::system()?;
    // One thread answers; two more wait for the pipes and one owns the database. What is slow
    // waits for the network, not for a processor.
    let runtime = super::runtime()?;
    let served = runtime
        .block_on(async { rpc::serve(boot, std::io::stdin(), std::io::stdout(), stopped()).await });
    // The thread that reads stdin may still wait for it: nothing is left for it to do.
    runtime.shutdown_background();
    Ok(served?)
}

fn ended(served: Result<()>) -> Exit {
    match served {
        Ok(()) => Exit::Done,
        Err(failure) => {
            tell(&failure.to_text());
            failure.exit
        }
    }
}

/// Ready at the first SIGTERM or Ctrl-C: what is in flight is then answered. A second one, of
/// either kind, ends the process at once.
async fn stopped() {
    let (signals, mut received) = tokio::sync::mpsc::unbounded_channel();
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        let signals = signals.clone();
        tokio::spawn(async move {
            while terminate.recv().await.is_some() && signals.send(TERMINATED).is_ok() {}
        });
    }
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && signals.send(INTERRUPTED).is_ok() {}
    });
    if received.recv().await.is_none() {
        // No signal can be heard of: the end of input is what stops us then.
        return std::future::pending().await;
    }
    log::info!("stopping: what is in flight is answered first");
    tokio::spawn(async move {
        if let Some(code) = received.recv().await {
            std::process::exit(code);
        }
    });
}
