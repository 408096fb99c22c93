//! The binary: arguments, logging, exit code.
//!
//! Owns: what happens before anything runs and after everything ended.
//! Must not know: how anything is done.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use droid_provider::app::Boot;
use droid_provider::config::env::ProcessEnv;
use droid_provider::{gateway, logging, rpc, signals};

/// Factory.ai (Droid) accounts for Anthropic, OpenAI and Gemini clients.
///
/// Without arguments, and with its input not a terminal, it speaks JSON-RPC on stdin and stdout,
/// as ProxyCast starts it.
#[derive(Parser)]
#[command(name = "droid-provider-cli", version)]
struct Arguments {
    /// Speak JSON-RPC 2.0 on stdin and stdout, a line a message, until stdin ends
    #[arg(long)]
    json_rpc: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway until it is stopped
    Serve {
        /// Where to listen; default: PORT or gateway.listen
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        /// Say the address on stdout as a line of JSON
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            // 0 for --help and --version, 2 for a usage error (design section 6.3).
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    logging::start(&ProcessEnv);
    let done = match arguments.command {
        Some(Command::Serve { listen, json }) => {
            Boot::system().and_then(|boot| gateway::run(boot, gateway::Options { listen, json }))
        }
        None if arguments.json_rpc || !std::io::stdin().is_terminal() => serve(),
        None => {
            drop(Arguments::command().print_help());
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::from(1)
        }
    }
}

fn serve() -> droid_provider::error::Result<()> {
    let boot = Boot::system()?;
    // One thread answers; two more wait for the pipes and one owns the database. What is slow
    // waits for the network, not for a processor.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        droid_provider::error::Error::Internal(format!("the runtime cannot start: {error}"))
    })?;
    let served = runtime.block_on(async {
        rpc::serve(boot, std::io::stdin(), std::io::stdout(), signals::stopped()).await
    });
    // The thread that reads stdin may still wait for it: nothing is left for it to do.
    runtime.shutdown_background();
    served
}
