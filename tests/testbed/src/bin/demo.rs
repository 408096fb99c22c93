//! `make demo`: the program shown end to end, on this machine alone.
//!
//! Owns: finding the plugin, whether there are colours, the exit code: 0 if all held, else 1.
//! Must not know: what is shown.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use droid_testbed::demo::{self, Tell};

/// Between two events of a stream: long enough to be seen.
const PACE: Duration = Duration::from_millis(40);

fn main() -> ExitCode {
    let Some(plugin) = plugin() else {
        complain("usage: demo [PLUGIN-BINARY]");
        return ExitCode::from(2);
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    let mut stdout = std::io::stdout();
    let colours =
        stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let mut tell = Tell::new(&mut stdout, colours);
    match runtime.block_on(demo::run(&plugin, &mut tell, PACE)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(deviation) => {
            complain(&format!("\nDEVIATION: {deviation}"));
            ExitCode::FAILURE
        }
    }
}

/// The one argument, else the plugin that was built beside this program.
fn plugin() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(path), None) => Some(path.into()),
        (None, _) => {
            let name = format!("droid-provider-cli{}", std::env::consts::EXE_SUFFIX);
            Some(std::env::current_exe().ok()?.with_file_name(name))
        }
        (Some(_), Some(_)) => None,
    }
}

#[expect(clippy::print_stderr, reason = "a deviation is told where a person looks")]
fn complain(line: &str) {
    eprintln!("{line}");
}
