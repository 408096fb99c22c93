//! Time, statuses and words that have their place or none.
//!
//! Owns: where each may stand.
//! Must not know: imports.

use super::code;
use super::tree::{self, File};

/// The only readers of the machine's clocks.
const CLOCKS: [&str; 3] =
    ["src-tauri/src/clock.rs", "src-tauri/src/logging.rs", "tests/testbed/src/clock.rs"];

/// The only files that tell what a status means, and why there.
const STATUSES: [(&str, &str); 8] = [
    ("src-tauri/protocol/src/fault", "Factory's answers"),
    ("src-tauri/protocol/src/translate/anthropic/error.rs", "the client's word for a fault"),
    ("src-tauri/protocol/src/translate/chat/error.rs", "the client's word for a fault"),
    ("src-tauri/protocol/src/translate/gemini/error.rs", "the client's word for a fault"),
    ("src-tauri/src/demo/stand_in.rs", "the answers of the demo's stand-in"),
    ("src-tauri/src/gateway/error", "the gateway's own answers"),
    ("src-tauri/src/oauth/answer.rs", "the sign-in service's answers"),
    ("src-tauri/src/upstream.rs", "407 is the proxy's, not the answer of whom we asked"),
];

#[test]
fn only_the_clock_reads_the_time() {
    let readers = ["SystemTime::now", "Utc::now", "Local::now"];
    let mut problems = Vec::new();
    for file in product() {
        // Tokio's instants can be paused by a test, the standard library's cannot.
        let pausable = file.text.contains("use tokio::time::Instant;")
            || code::imported(&file.text, "tokio::time").iter().any(|it| it == "Instant");
        for (at, line) in code::lines(&file.text) {
            let instant = line.contains("Instant::now") && !line.contains("tokio::time::Instant");
            if readers.iter().any(|it| line.contains(it)) || (instant && !pausable) {
                problems.push(format!("{}:{at}: take a Clock", file.path));
            }
        }
    }
    problems.retain(|it| !CLOCKS.iter().any(|clock| it.starts_with(clock)));
    tree::none(&problems);
}

#[test]
fn a_status_is_judged_in_one_place_only() {
    let mut problems = Vec::new();
    for file in product().filter(|it| !STATUSES.iter().any(|(at, _)| it.path.starts_with(at))) {
        for (at, line) in code::lines(&file.text) {
            if compares_status(line) {
                problems.push(format!("{}:{at}: ask a Fault instead: {}", file.path, line.trim()));
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn rpc_codes_stand_in_one_table() {
    let mut problems = Vec::new();
    for file in product().filter(|it| it.path != "src-tauri/src/api/error.rs") {
        for (at, line) in code::lines(&file.text) {
            if line.contains("-326") || line.contains("-320") {
                problems.push(format!("{}:{at}: {}", file.path, line.trim()));
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn no_file_names_a_machine_or_puts_work_off() {
    // In pieces, so that this file does not name them either.
    let words = [
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/tmp", "/wt"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
        ["far", "m-"],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["to", "do!"],
        ["#[ig", "nore"],
        ["dupli", "cates tool"],
    ]
    .map(|it| it.concat());
    let mut problems = Vec::new();
    for file in tree::all().into_iter().filter(|it| it.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                problems.push(format!("{}:{}: {word}", file.path, at + 1));
            }
        }
    }
    tree::none(&problems);
}

/// `status == 404`, `401 =>`, `400..=499`, `StatusCode::NOT_FOUND`.
fn compares_status(line: &str) -> bool {
    let is_status = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.len() == 3 && matches!(digits.as_bytes()[0], b'2' | b'4' | b'5')
    };
    let compared = ["==", "!=", ">=", "<=", " < ", " > "]
        .iter()
        .flat_map(|it| line.split(it).skip(1))
        .any(|after| line.contains("status") && is_status(after.trim_start()));
    let arm = is_status(line.trim_start())
        && ["=>", "|", ".."].iter().any(|it| line.trim_start()[3..].trim_start().starts_with(it));
    compared || arm || line.contains("StatusCode::")
}

/// The files that run in the product.
fn product() -> impl Iterator<Item = File> {
    tree::rust().into_iter().filter(|it| it.path.starts_with("src-tauri/") && !it.is_test())
}

#[test]
fn comparisons_of_statuses_are_seen() {
    for line in ["if it.status < 400 {", "401 => x,", "400 | 404 if y => z", "    500..=599 => w,"]
    {
        assert!(compares_status(line), "{line}");
    }
    for line in ["const MAX: usize = 500;", "status: u16,", "if n_chars > 500 {", "200,"] {
        assert!(!compares_status(line), "{line}");
    }
}
