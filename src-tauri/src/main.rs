//! The binary.
//!
//! Owns: nothing; the command line is `cli`.
//! Must not know: any command.

use std::process::ExitCode;

/// A request makes some hundred small allocations, which end on the thread they began on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    droid_provider::cli::run()
}
