//! Any answer of any dialect, told to a client of every dialect: the grammar of the client's stream
//! holds, the bytes are the same in any chunking and any saving, it says what was said, and only
//! what ended well ends well.
//!
//! Owns: the laws of a stream's translation.
//! Must not know: a dialect's field names.
#![no_main]

#[path = "../../protocol/tests/golden/grammar/anthropic.rs"]
mod anthropic;
#[path = "../../protocol/tests/golden/grammar/chat.rs"]
mod chat;
mod cut;
#[path = "../../protocol/tests/golden/grammar/gemini.rs"]
mod gemini;
#[path = "../../protocol/tests/golden/grammar/responses.rs"]
#[allow(dead_code, reason = "only the check is used here")]
mod responses;
#[path = "../../protocol/tests/streams/support.rs"]
#[allow(dead_code, reason = "the fixtures are not read here")]
mod support;

use droid_protocol::decode;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, StopReason};
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::{StreamTranslator, whole};
use libfuzzer_sys::fuzz_target;
use support::Meaning;

fuzz_target!(|input: &[u8]| {
    let (head, bytes) = cut::head(input);
    let Some((which, cuts)) = head.split_first() else { return };
    let from = Dialect::ALL[usize::from(*which) % 4];
    let said = support::said(from, [bytes]);
    for to in Dialect::ALL {
        let (out, end) = translated(from, to, [bytes]);
        assert_eq!(end, said.end, "{to}");
        check(to, &out);
        assert_eq!(translated(from, to, cut::pieces(cuts, bytes)).0, out, "{to}");
        assert_eq!(carried(from, to, cut::pieces(cuts, bytes)), out, "{to}");
        let again = support::said(to, [out.as_slice()]);
        assert_eq!(again.end == End::Done, end == End::Done, "{to}: {again:?}");
        if end == End::Done {
            let (told, heard) = (support::meaning(&said.events), support::meaning(&again.events));
            check_told(to, &told, &heard);
        }
        if let Ok(answer) = whole(from, to, bytes, &wish()) {
            assert!(decode::whole(to, &answer.body).is_ok(), "{to}");
        }
    }
});

fn wish() -> ClientWish {
    ClientWish { model: "m".to_owned(), include_usage: true, ..ClientWish::default() }
}

fn translated<'a>(
    from: Dialect,
    to: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, End) {
    let mut translator = StreamTranslator::new(from, to, wish());
    let mut out = Vec::new();
    for chunk in chunks {
        translator.push(chunk, &mut out);
    }
    let end = translator.end(&mut out);
    (out, end)
}

/// The same, saved and restored after each chunk.
fn carried<'a>(
    from: Dialect,
    to: Dialect,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut saved = StreamTranslator::new(from, to, wish()).save();
    let mut out = Vec::new();
    for chunk in chunks {
        let mut translator = StreamTranslator::restore(&saved).unwrap();
        translator.push(chunk, &mut out);
        saved = translator.save();
    }
    StreamTranslator::restore(&saved).unwrap().end(&mut out);
    out
}

fn check(client: Dialect, bytes: &[u8]) {
    match client {
        Dialect::Anthropic => anthropic::check(bytes).unwrap(),
        Dialect::Responses => assert_ne!(responses::check(bytes).end, ""),
        Dialect::Chat => chat::check(bytes, true),
        Dialect::Gemini => gemini::check(bytes),
    }
}

/// What no dialect may lose of an answer that is complete.
fn check_told(client: Dialect, told: &Meaning, heard: &Meaning) {
    if told.stop == Some(StopReason::Refusal) {
        // Where no block says that it is a refusal, a chat client is told in words.
        assert!(heard.text.starts_with(&told.text), "{client}");
    } else {
        assert_eq!(heard.text, told.text, "{client}");
    }
    if client == Dialect::Gemini {
        // Its calls are objects: what is none is told as a malformed call.
        assert!(heard.calls.len() <= told.calls.len());
    } else {
        assert_eq!(heard.calls, told.calls, "{client}");
    }
}
