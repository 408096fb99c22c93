//! The fake of WorkOS and Factory as a process: `fake-upstream --listen ADDR [--fixtures DIR]`.
//!
//! Owns: its arguments and the one line on standard output, the base URL, once it listens.
//! Must not know: what the fake does; `/__control/...` steers it.

use std::process::ExitCode;

use droid_testbed::upstream::{Fake, FakeConfig};

const USAGE: &str = "usage: fake-upstream [--listen ADDR:PORT] [--fixtures DIR]";

fn main() -> ExitCode {
    let config = match arguments(std::env::args().skip(1)) {
        Ok(config) => config,
        Err(reason) => {
            say_wrong(&reason);
            return ExitCode::from(2);
        }
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    runtime.block_on(async {
        let fake = Fake::start(config).await;
        say(&fake.base_url());
        fake.wait().await;
    });
    ExitCode::SUCCESS
}

fn arguments(mut args: impl Iterator<Item = String>) -> Result<FakeConfig, String> {
    let mut config = FakeConfig::default();
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or(format!("{name} needs a value; {USAGE}"));
        match name.as_str() {
            "--listen" => {
                let text = value()?;
                config.listen = text.parse().map_err(|error| format!("{text}: {error}"))?;
            }
            "--fixtures" => config.fixtures = Some(value()?.into()),
            _ => return Err(format!("unknown argument {name}; {USAGE}")),
        }
    }
    Ok(config)
}

#[expect(clippy::print_stdout, reason = "the base URL is what this program tells its starter")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a wrong argument is told where a person looks")]
fn say_wrong(line: &str) {
    eprintln!("{line}");
}
