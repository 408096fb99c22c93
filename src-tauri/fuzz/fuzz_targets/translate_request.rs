//! Any request of any dialect, written in every dialect: what is written is JSON that its own reader
//! takes, and written from there it is the same again.
//!
//! Owns: the laws of a request's translation.
//! Must not know: a dialect's field names.
#![no_main]

use droid_protocol::dialect::Dialect;
use droid_protocol::translate::pair::{read_request, write_request};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else { return };
    let from = Dialect::ALL[usize::from(*which) % 4];
    let Ok(mut request) = read_request(from, bytes) else { return };
    // Gemini's is in the path; whoever sends the request puts the model in.
    if request.model.is_empty() {
        request.model.push_str("gpt-5");
    }
    for to in Dialect::ALL {
        let Ok(written) = write_request(to, &request) else { continue };
        let text = std::str::from_utf8(&written.body).unwrap();
        serde_json::from_str::<&RawValue>(text).unwrap_or_else(|it| panic!("{to}: {it}: {text}"));
        let again = read_request(to, &written.body).unwrap_or_else(|it| panic!("{to}: {it}: {text}"));
        let settled = write_request(to, &again).unwrap().body;
        let twice = read_request(to, &settled).unwrap();
        let twice = write_request(to, &twice).unwrap().body;
        let show = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        assert_eq!(show(&twice), show(&settled), "{from} to {to}: {text}");
    }
});
