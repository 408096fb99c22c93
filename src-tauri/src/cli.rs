//! The command line: a person's and a script's way to what the other faces can do.
//!
//! Owns: the tree of commands, and that each run is one answer on stdout and one exit code.
//! Must not know: how anything is done: commands call the method table.

mod accounts;
mod ask;
mod backup;
mod browser;
mod client_keys;
mod demo;
mod doctor;
mod failure;
mod groups;
mod info;
mod keys;
mod login;
mod models;
mod names;
mod options;
mod page;
mod place;
mod plugin;
mod ready;
mod secrets;
mod selection;
mod serve;
mod session;
mod setup;
mod shell;
mod transfer;
mod usage;
mod working;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::failure::{Exit, Failure, Result};
use self::session::{Answer, Session};
use crate::app::Boot;
use crate::config::env::ProcessEnv;
use crate::error::Error;
use crate::logging;

/// What the program is called where it is told what to type.
pub const NAME: &str = crate::doctor::PROGRAM;

/// Factory.ai (Droid) accounts for Anthropic, OpenAI and Gemini clients.
///
/// Keeps accounts, signs people in, and serves them as a ProxyCast plugin or as a gateway on this
/// machine. Without arguments, and with its input not a terminal, it speaks JSON-RPC on stdin and
/// stdout, as ProxyCast starts it.
#[derive(Parser)]
#[command(name = NAME, version, max_term_width = 80, after_help = "\
Start here:
  droid-provider-cli demo                     see it at work, without an account
  droid-provider-cli login                    sign in to Factory.ai
  droid-provider-cli accounts add-keys        or paste API keys
  droid-provider-cli serve                    run the gateway
  droid-provider-cli setup claude-code        point a client at it
  droid-provider-cli doctor                   find out what is wrong

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 needs login.")]
struct Arguments {
    /// Speak JSON-RPC 2.0 on stdin and stdout, a line a message, until stdin ends
    #[arg(long)]
    json_rpc: bool,
    /// Answer with JSON of a stable shape
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A face that is kept up, or one answer.
#[derive(Subcommand)]
enum Command {
    Login(login::Login),
    #[command(subcommand)]
    Accounts(accounts::Accounts),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Groups(groups::Groups),
    #[command(subcommand)]
    ClientKeys(client_keys::ClientKeys),
    Models(models::Models),
    Usage(usage::Usage),
    Test(accounts::Test),
    Explain(selection::Explain),
    Validate(accounts::Validate),
    Refresh(accounts::Refresh),
    Import(transfer::Import),
    Export(transfer::Export),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Rekey(secrets::Rekey),
    Doctor(doctor::Doctor),
    Serve(serve::Serve),
    Ready(ready::Ready),
    Demo(demo::Demo),
    Setup(setup::Setup),
    InstallPlugin(plugin::InstallPlugin),
    Info(info::Info),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// Runs what the arguments ask for, to its end.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let stdin = std::io::stdin();
    // The host waits for this one: nothing is built before it.
    let is_host = match arguments.as_slice() {
        [] => !stdin.is_terminal(),
        [only] => only == "--json-rpc",
        _ => false,
    };
    if is_host {
        return code(serve::json_rpc());
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, arguments.iter().any(|it| it == "--json")),
    };
    let Arguments { json_rpc, json, command } = arguments;
    match command {
        _ if json_rpc => code(serve::json_rpc()),
        None => {
            drop(Arguments::command().print_help());
            code(Exit::Usage)
        }
        Some(Command::Serve(serve)) => code(serve.run(json)),
        Some(command) => code(once(&command, json)),
    }
}

/// Help, the version, or what is wrong with the arguments; a program gets that as JSON, too.
fn refused(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.to_string();
        // The first paragraph is what is wrong; the others repeat the usage.
        let message = text.split("\n\n").next().unwrap_or_default();
        let failure = Failure::usage(message.trim_start_matches("error: "));
        session::write_out(&session::pretty(&failure.to_json()));
    }
    drop(error.print());
    // 0 for --help and --version, 2 for a usage error.
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The tree of commands, for completions, the manual and documents.
#[must_use]
pub fn tree() -> clap::Command {
    Arguments::command()
}

/// Runs one command and shows its answer.
fn once(command: &Command, json: bool) -> Exit {
    logging::start_at(&ProcessEnv, log::LevelFilter::Error);
    let session = match Boot::system().map_err(Into::into).and_then(|it| Session::new(it, json)) {
        Ok(session) => session,
        Err(failure) => {
            session::tell(&failure.to_text());
            return failure.exit;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return session.fail(&error.into()),
    };
    let exit = runtime.block_on(async {
        let answered = command.run(&session).await;
        // What was done is written even if the answer is a failure.
        let closed = session.close().await;
        match answered.and_then(|answer| closed.map(|()| answer)) {
            Ok(answer) => session.show(answer),
            Err(failure) => session.fail(&failure),
        }
    });
    // A thread may still wait for a line of stdin: nothing is left for it to do.
    runtime.shutdown_background();
    exit
}

/// One thread: what is slow waits for the network, not for a processor.
fn runtime() -> crate::error::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::Internal(format!("the runtime cannot start: {error}")))
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

// === impl Command ===

impl Command {
    async fn run(&self, session: &Session) -> Result<Answer> {
        match self {
            Self::Login(it) => Box::pin(it.run(session)).await,
            Self::Accounts(it) => Box::pin(it.run(session)).await,
            Self::Keys(it) => it.run(session).await,
            Self::Groups(it) => it.run(session).await,
            Self::ClientKeys(it) => it.run(session).await,
            Self::Models(it) => it.run(session).await,
            Self::Usage(it) => it.run(session).await,
            Self::Test(it) => it.run(session).await,
            Self::Explain(it) => it.run(session).await,
            Self::Validate(it) => it.run(session).await,
            Self::Refresh(it) => it.run(session).await,
            Self::Import(it) => Box::pin(it.run(session)).await,
            Self::Export(it) => Box::pin(it.run(session)).await,
            Self::Backup(it) => it.run(session).await,
            Self::Restore(it) => it.run(session).await,
            Self::Rekey(it) => it.run(session).await,
            Self::Doctor(it) => Box::pin(it.run(session)).await,
            Self::Ready(it) => it.run(session).await,
            Self::Demo(it) => Box::pin(it.run(session)).await,
            Self::Setup(it) => Box::pin(it.run(session)).await,
            Self::InstallPlugin(it) => it.run(session),
            Self::Info(it) => it.run(session).await,
            Self::Completions(it) => Ok(it.run(session)),
            Self::Man(it) => it.run(session),
            // It is kept up, not answered: `run` has taken it.
            Self::Serve(_) => Err(Error::Internal("serve is not answered".to_owned()).into()),
        }
    }
}
