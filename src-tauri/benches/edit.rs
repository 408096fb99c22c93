//! How long the edit of a 1 MB request takes.
//!
//! Owns: milliseconds and MB/s of each dialect, beside reading the same bytes into a tree and
//! writing them again, which is what the edit does without.
//! Must not know: anything outside of `droid_protocol`.
//!
//! `cargo bench --bench edit` prints the table.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod inputs;
mod support;

use std::hint::black_box;
use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_protocol::edit::{Body, Edits, Reasoning};
use serde_json::Value;
use support::{mean_of, ms, row};

const SIZE: usize = 1_000_000;
const ROUNDS: u32 = 100;

fn main() {
    println!(
        "\n# Edit of a {SIZE} byte request: check, route, edit; processor time, mean of {ROUNDS}"
    );
    row(&["body", "edit", "MB/s", "tree and back", "MB/s", "times faster"]);
    for dialect in Dialect::ALL {
        for (turns, text) in [("short turns", None), ("8 KiB turns", Some(inputs::text()))] {
            let body = inputs::request(dialect, text.as_deref(), SIZE);
            let edit = mean_of(ROUNDS, || edit(dialect, black_box(&body)));
            let tree = mean_of(ROUNDS, || {
                let tree: Value = serde_json::from_slice(black_box(&body)).unwrap();
                black_box(serde_json::to_vec(&tree).unwrap());
            });
            row(&[
                &format!("{dialect}, {turns}"),
                &ms(edit),
                &rate(body.len(), edit),
                &ms(tree),
                &rate(body.len(), tree),
                &format!("{:.1}", tree.as_secs_f64() / edit.as_secs_f64()),
            ]);
        }
    }
}

/// What happens to every request, with every edit that a dialect has.
fn edit(dialect: Dialect, bytes: &[u8]) {
    let body = Body::parse(dialect, bytes).unwrap();
    black_box(body.facts().unwrap());
    let edits = Edits {
        model: Some("another-model"),
        stream: Some(true),
        system_prompt: "You are Droid, an AI software engineering agent built by Factory.",
        reasoning: Reasoning::High,
        include_usage: true,
    };
    let edited = body.apply(&edits).unwrap();
    assert!(edited.changed());
    black_box(edited);
}

fn rate(n_bytes: usize, time: Duration) -> String {
    format!("{:.0}", n_bytes as f64 / 1e6 / time.as_secs_f64())
}
