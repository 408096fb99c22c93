//! The binary.
//!
//! Owns: nothing; the command line is `cli`.
//! Must not know: any command.

use std::process::ExitCode;

fn main() -> ExitCode {
    droid_provider::cli::run()
}
