//! The binary: arguments, logging, exit code.
//!
//! Owns: what happens before anything runs and after everything ended.
//! Must not know: how anything is done.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use droid_provider::app::Boot;
use droid_provider::config::env::ProcessEnv;
use droid_provider::{logging, rpc};

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
}

/// What a shell shows for a process that SIGTERM or Ctrl-C ended.
const TERMINATED: i32 = 143;
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            // 0 for --help and --version, 2 for a usage error (design section 6.3).
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if !arguments.json_rpc && std::io::stdin().is_terminal() {
        drop(Arguments::command().print_help());
        return ExitCode::from(2);
    }
    logging::start(&ProcessEnv);
    match serve() {
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
    let served = runtime
        .block_on(async { rpc::serve(boot, std::io::stdin(), std::io::stdout(), stopped()).await });
    // The thread that reads stdin may still wait for it: nothing is left for it to do.
    runtime.shutdown_background();
    served
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
