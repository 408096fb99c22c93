//! `make demo` must not rot.
//!
//! Owns: playing it on the built plugin, without the pauses that are for people.
//! Must not know: its steps.

use std::path::Path;
use std::time::Duration;

use droid_testbed::demo::{self, Tell};

/// What a reader of the demo's end has to find there.
const SHOWN: [&str; 8] = [
    "through a key pool and through a signed-in account",
    "stays on its account and key",
    "a 429 rests one key",
    "survive a SIGKILL",
    "exactly once",
    "standard output",
    "a process a piece, reads the same",
    "one a call",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_runs_to_its_end() {
    let mut said = Vec::new();
    let mut tell = Tell::new(&mut said, false);
    let plugin = Path::new(env!("CARGO_BIN_EXE_droid-provider-cli"));
    let outcome = demo::run(plugin, &mut tell, Duration::ZERO).await;
    let proven = tell.proven().join("\n");
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(outcome, Ok(()), "{said}");
    for shown in SHOWN {
        assert!(proven.contains(shown), "not shown: {shown}\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours were not asked for");
}

#[tokio::test]
async fn without_a_plugin_the_demo_says_so() {
    let mut said = Vec::new();
    let mut tell = Tell::new(&mut said, true);
    let outcome = demo::run(Path::new("no-such-plugin"), &mut tell, Duration::ZERO).await;
    let text = outcome.expect_err("a deviation").to_string();
    assert!(text.contains("no-such-plugin") && text.contains("build it first"), "{text}");
}
