//! Any response of any dialect: the same events in any chunking and any saving, one terminal event
//! last, the rules of the hub kept.
//!
//! Owns: the laws of `decode`.
//! Must not know: a dialect's field names.
#![no_main]

mod cut;
#[path = "../../protocol/tests/streams/support.rs"]
#[allow(dead_code, reason = "the fixtures are not read here")]
mod support;

use droid_protocol::decode::{StreamDecoder, whole};
use droid_protocol::dialect::Dialect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (head, bytes) = cut::head(input);
    let Some((which, cuts)) = head.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*which) % 4];
    let said = support::said(dialect, [bytes]);
    support::check_rules(&said.events, said.end);
    assert_eq!(support::said(dialect, cut::pieces(cuts, bytes)), said);
    assert_eq!(support::said_carried(dialect, cut::pieces(cuts, bytes)), said);
    // A key may be spelled with escapes, which a meter does not look through.
    if !bytes.windows(2).any(|it| it == br"\u") {
        let metered = support::metered(dialect, cut::pieces(cuts, bytes));
        let read = |it: &support::Said| (it.end, it.usage, it.id.clone(), it.model.clone());
        assert_eq!(read(&metered), read(&said));
    }
    let _ = whole(dialect, bytes);
    // A carry may come from anyone.
    if let Ok(mut decoder) = StreamDecoder::restore(bytes) {
        let mut events = Vec::new();
        decoder.push(b"data: {\"type\":\"message_stop\"}\n\n", &mut events);
        decoder.end(&mut events);
    }
});
