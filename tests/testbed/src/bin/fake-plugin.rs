//! A tiny plugin that misbehaves on order: `FAKE_PLUGIN` names how.
//!
//! Owns: one breach of the contract a name, so that the simulator of the host can be tested.
//! Must not know: anything of Droid.

use std::io::{BufRead, Write};
use std::time::Duration;

fn main() {
    let mode = std::env::var_os("FAKE_PLUGIN").unwrap_or_default();
    let mode = mode.to_string_lossy().into_owned();
    let mut lines = std::io::stdin().lock().lines();
    let mut held = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        if mode == "die" {
            std::process::exit(7);
        }
        answer(&mode, &line, &mut held);
    }
    if mode == "talks_at_eof" {
        say("{}\n");
    }
    if mode == "stays" {
        std::thread::sleep(Duration::from_secs(3600));
    }
    complain(&format!("data {:?}", std::env::var_os("DROID_DATA_DIR")));
    complain(&format!("leaked {:?}", std::env::var_os("DROID_LEAKED_BY_THE_TESTS")));
    complain(&format!("arguments {:?}", std::env::args().skip(1).collect::<Vec<_>>()));
    std::process::exit(i32::from(mode == "exit_1"));
}

fn answer(mode: &str, line: &str, held: &mut Vec<String>) {
    let request: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    let id = &request["id"];
    if id.is_null() {
        return;
    }
    let good = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"supports":true}}}}"#);
    match mode {
        "two_lines" => say(&format!("{good}\n{good}\n")),
        "both" => {
            say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}},"error":null}}"#).line())
        }
        "neither" => say(&format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#).line()),
        "junk" => say(&format!("Listening...\n{good}\n")),
        "wrong_id" => say(&good.replace(&format!("\"id\":{id}"), "\"id\":99").line()),
        "text_id" => {
            say(&good.replace(&format!("\"id\":{id}"), &format!("\"id\":\"{id}\"")).line())
        }
        "notifies" => say(&format!("{}\n{good}\n", r#"{"jsonrpc":"2.0","method":"hello"}"#)),
        "version" => say(&good.replace("2.0", "1.0").line()),
        "no_end" => say(&good),
        "shape" => say(&good.replace("true", "1").line()),
        "error" => say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"m"}}}}"#
        )
        .line()),
        "bare_error" => say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32001,"message":"m"}}}}"#
        )
        .line()),
        "silent" => {}
        "not_utf8" => raw(&[b"\xff\xfe", good.as_bytes(), b"\n"].concat()),
        "backwards" => {
            held.push(good);
            if held.len() == 3 {
                for line in held.drain(..).rev() {
                    say(&line.line());
                }
            }
        }
        _ => say(&good.line()),
    }
}

trait Line {
    fn line(&self) -> String;
}

impl Line for str {
    fn line(&self) -> String {
        format!("{self}\n")
    }
}

fn say(text: &str) {
    raw(text.as_bytes());
}

fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

fn complain(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}
