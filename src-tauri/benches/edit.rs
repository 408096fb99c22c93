//! How long the edit of a 1 MB request takes.
//!
//! Owns: milliseconds and MB/s of each dialect, beside reading the same bytes into a tree and
//! writing them again, which is what the edit does without.
//! Must not know: anything outside of `droid_protocol`.
//!
//! `cargo bench --bench edit` prints the table.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod support;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_protocol::edit::{Body, Edits, Reasoning};
use serde_json::{Value, json};
use support::{mean_of, ms, row};

const SIZE: usize = 1_000_000;
const ROUNDS: u32 = 100;

fn main() {
    println!(
        "\n# Edit of a {SIZE} byte request: check, route, edit; processor time, mean of {ROUNDS}"
    );
    row(&["body", "edit", "MB/s", "tree and back", "MB/s", "times faster"]);
    for dialect in Dialect::ALL {
        for (turns, text) in [("short turns", None), ("8 KiB turns", Some(text()))] {
            let body = body(dialect, text.as_deref());
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

/// A recorded request whose turns, or turns of a text, are repeated until it is long enough.
fn body(dialect: Dialect, text: Option<&str>) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/requests");
    let file = folder.join(dialect.as_str()).join("tool_result.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut body = recorded["body"].clone();
    let turns = match dialect {
        Dialect::Anthropic | Dialect::Chat => &mut body["messages"],
        Dialect::Responses => &mut body["input"],
        Dialect::Gemini => &mut body["contents"],
    };
    let turns = turns.as_array_mut().unwrap();
    let unit = match text {
        None => turns.clone(),
        Some(text) => vec![match dialect {
            Dialect::Anthropic => {
                json!({"role": "user", "content": [{"type": "text", "text": text}]})
            }
            Dialect::Responses => {
                json!({"role": "user", "content": [{"type": "input_text", "text": text}]})
            }
            Dialect::Chat => json!({"role": "user", "content": text}),
            Dialect::Gemini => json!({"role": "user", "parts": [{"text": text}]}),
        }],
    };
    let length = serde_json::to_vec(&unit).unwrap().len();
    for _ in 0..SIZE.div_ceil(length) {
        turns.extend_from_slice(&unit);
    }
    serde_json::to_vec(&body).unwrap()
}

/// Source code, as agents send it: line ends, quotes, tabs.
fn text() -> String {
    "\tlet answer = ask(\"what is it\")?; // straße 漢字\n".repeat(160)
}

fn rate(n_bytes: usize, time: Duration) -> String {
    format!("{:.0}", n_bytes as f64 / 1e6 / time.as_secs_f64())
}
