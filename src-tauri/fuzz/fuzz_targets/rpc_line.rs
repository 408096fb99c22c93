//! Any line of bytes: no panic, and whatever is answered is JSON of one line.
//!
//! Owns: the law of `rpc::message` and `rpc::params`.
//! Must not know: methods.
#![no_main]

use droid_provider::accounts::spec::AccountSpec;
use droid_provider::api::error::{INVALID_REQUEST, PARSE, envelope};
use droid_provider::rpc::message::{self, BadCall, Call, Line};
use droid_provider::api::params;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    for line in bytes.split(|it| *it == b'\n') {
        match message::parse(line) {
            None => assert!(blank(line)),
            Some(Err(bad)) => refused(&bad),
            Some(Ok(Line::Single(call))) => called(call),
            Some(Ok(Line::Batch(calls))) => calls.into_iter().for_each(called),
        }
    }
});

fn blank(line: &[u8]) -> bool {
    let text = std::str::from_utf8(line).unwrap();
    text.chars().all(|it| it.is_ascii_whitespace() || it == '\u{feff}')
}

fn called(call: Result<Call<'_>, BadCall<'_>>) {
    match call {
        Err(bad) => refused(&bad),
        Ok(call) => {
            if let Some(id) = call.id {
                answered(id, "\"result\":{}}");
            }
            // What goes wrong in params is told by a path, in words of this program.
            if let Err(error) = params::parse::<AccountSpec>(call.params) {
                assert!(!error.to_string().contains('\n'));
            }
            let any = params::parse::<Value>(call.params);
            assert!(any.is_err() || any.is_ok_and(|it| it.is_object()));
        }
    }
}

fn refused(bad: &BadCall<'_>) {
    let code = if bad.not_json { PARSE } else { INVALID_REQUEST };
    let error = serde_json::to_string(&envelope(code, &bad.message)).unwrap();
    answered(bad.id, &format!("\"error\":{error}}}"));
}

fn answered(id: &str, body: &str) {
    let line = message::answer(id, body);
    assert!(!line.contains(['\n', '\r']), "{line:?} is more than a line");
    let answer: Box<serde_json::value::RawValue> = serde_json::from_str(&line).unwrap();
    assert_eq!(answer.get(), line);
}
