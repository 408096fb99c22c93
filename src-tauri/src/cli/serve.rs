//! The faces that are kept up: JSON-RPC over stdio, and the gateway.
//!
//! Owns: their arguments, and the exit code they end with.
//! Must not know: what they answer.

use std::net::SocketAddr;

use clap::Args;

use super::failure::{Exit, Failure, Result};
use super::session::tell;
use crate::app::Boot;
use crate::config::env::ProcessEnv;
use crate::{gateway, logging, rpc, signals};

/// Run the gateway until it is stopped
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli serve
  droid-provider-cli serve --listen 127.0.0.1:9000
  droid-provider-cli serve --json    (a line of JSON with the address on stdout)

Clients need a client key: droid-provider-cli client-keys create --name laptop")]
pub(crate) struct Serve {
    /// Where to listen, instead of PORT or gateway.listen of the configuration
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

// === impl Serve ===

impl Serve {
    pub(crate) fn run(&self, json: bool) -> Exit {
        logging::start(&ProcessEnv);
        let options = gateway::Options { listen: self.listen, json };
        match Boot::system().and_then(|boot| gateway::run(boot, options)) {
            Ok(()) => Exit::Done,
            Err(error) => {
                let failure = Failure::from(error);
                tell(&failure.to_text());
                failure.exit
            }
        }
    }
}

/// Speaks JSON-RPC on stdin and stdout until stdin ends.
pub(crate) fn json_rpc() -> Exit {
    logging::start(&ProcessEnv);
    match speak() {
        Ok(()) => Exit::Done,
        Err(failure) => {
            log::error!("{}", failure.message);
            Exit::Failed
        }
    }
}

fn speak() -> Result<()> {
    let boot = Boot::system()?;
    // One thread answers; two more wait for the pipes and one owns the database. What is slow
    // waits for the network, not for a processor.
    let runtime = super::runtime()?;
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let served =
        runtime.block_on(async { rpc::serve(boot, stdin, stdout, signals::stopped()).await });
    // The thread that reads stdin may still wait for it: nothing is left for it to do.
    runtime.shutdown_background();
    Ok(served?)
}
