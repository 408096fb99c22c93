//! The recorded answers, translated, as a process: `translated-fixtures` listens on a free port of
//! loopback and prints its address.
//!
//! Owns: that one line.
//! Must not know: what is served; see `droid_testbed::translated`.

use std::process::ExitCode;

use droid_testbed::translated;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    match runtime.block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stdout, reason = "the address is what this program tells its starter")]
async fn run() -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    translated::serve(listener).await
}
