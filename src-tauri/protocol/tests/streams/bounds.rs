//! What does not grow with a stream, and what is refused.
//!
//! Owns: the size of a saved state, the limits, the errors of `restore`.
//! Must not know: what the responses mean.

use droid_protocol::decode::{CarryError, DecodeError, MAX_CARRY_BYTES, StreamDecoder, whole};
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event};
use droid_protocol::wire::sse::MAX_EVENT_BYTES;

use crate::support::meaning;

/// The n-th repetition of everything that opens and closes in a dialect.
fn round(dialect: Dialect, n: u32) -> String {
    match dialect {
        Dialect::Anthropic => format!(
            "data: {{\"type\":\"content_block_start\",\"index\":{n},\"content_block\":{{\"type\":\"tool_use\",\"id\":\"t{n}\",\"name\":\"f\",\"input\":{{}}}}}}\n\n\
             data: {{\"type\":\"content_block_delta\",\"index\":{n},\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{{}}\"}}}}\n\n\
             data: {{\"type\":\"content_block_stop\",\"index\":{n}}}\n\n"
        ),
        Dialect::Responses => format!(
            "data: {{\"type\":\"response.output_item.added\",\"output_index\":{n},\"item\":{{\"type\":\"message\",\"id\":\"m{n}\"}}}}\n\n\
             data: {{\"type\":\"response.output_text.delta\",\"output_index\":{n},\"content_index\":0,\"delta\":\"x\"}}\n\n\
             data: {{\"type\":\"response.output_item.done\",\"output_index\":{n},\"item\":{{\"type\":\"message\",\"id\":\"m{n}\",\"content\":[{{\"type\":\"output_text\",\"text\":\"x\"}}]}}}}\n\n"
        ),
        Dialect::Chat => format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{n}\"}},\"finish_reason\":null}}]}}\n\n\
             data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"reasoning\":\"{n}\"}},\"finish_reason\":null}}]}}\n\n"
        ),
        Dialect::Gemini => format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{n}\"}},{{\"functionCall\":{{\"name\":\"f\"}}}}]}}}}],\"usageMetadata\":{{\"promptTokenCount\":{n}}}}}\n\n"
        ),
    }
}

#[test]
fn the_state_of_a_long_stream_stays_small() {
    for dialect in Dialect::ALL {
        let mut decoder = StreamDecoder::new(dialect);
        let mut events = Vec::new();
        for n in 0..5000 {
            decoder.push(round(dialect, n).as_bytes(), &mut events);
        }
        assert!(events.len() >= 5000 * 3, "{dialect}: {}", events.len());
        assert_eq!((decoder.ended(), decoder.skipped()), (None, 0), "{dialect}");
        let size = decoder.save().len();
        assert!(size < 700, "{dialect}: {size}");
    }
}

#[test]
fn more_open_blocks_than_can_be_followed_end_the_response() {
    let mut decoder = StreamDecoder::new(Dialect::Chat);
    let mut events = Vec::new();
    for n in 0..5000 {
        let piece = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{n},\"id\":\"c{n}\",\"function\":{{\"name\":\"f\"}}}}]}}}}]}}\n\n"
        );
        decoder.push(piece.as_bytes(), &mut events);
    }
    assert_eq!(decoder.ended(), Some(End::Failed));
    assert_eq!(meaning(&events).error.unwrap().0, "too_many_blocks");
    assert!(decoder.save().len() < 256 * 1024);
}

#[test]
fn an_event_or_body_without_end_is_an_error_and_not_memory() {
    for start in [&b"data: {\"type\":\""[..], b"{\"choices\":[\""] {
        let mut decoder = StreamDecoder::new(Dialect::Chat);
        let mut events = Vec::new();
        decoder.push(start, &mut events);
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            decoder.push(&chunk, &mut events);
        }
        assert_eq!(decoder.end(&mut events), End::Failed);
        assert_eq!(meaning(&events).error.unwrap().0, "event_too_large");
        assert_eq!(events.len(), 1);
        assert!(decoder.save().len() < 1000);
    }
}

#[test]
fn the_largest_state_can_be_restored() {
    for start in ["data: ", "data: \ndata: ", "{"] {
        let mut decoder = StreamDecoder::new(Dialect::Responses);
        let mut events = Vec::new();
        decoder.push(start.as_bytes(), &mut events);
        decoder.push(&vec![b'x'; MAX_EVENT_BYTES - start.len()], &mut events);
        let saved = decoder.save();
        assert!(saved.len() > MAX_EVENT_BYTES && saved.len() <= MAX_CARRY_BYTES);
        assert_eq!(StreamDecoder::restore(&saved), Ok(decoder));
    }
}

#[test]
fn a_state_holds_its_dialect() {
    for dialect in Dialect::ALL {
        let saved = StreamDecoder::new(dialect).save();
        assert_eq!(StreamDecoder::restore(&saved).unwrap().dialect(), dialect);
        assert!(saved.len() < 150, "{dialect}: {}", String::from_utf8_lossy(&saved));
    }
}

#[test]
fn foreign_states_are_refused_by_name() {
    let saved = String::from_utf8(StreamDecoder::new(Dialect::Chat).save()).unwrap();
    let newer = saved.replacen("\"v\":1", "\"v\":2", 1);
    assert_eq!(StreamDecoder::restore(newer.as_bytes()), Err(CarryError::Version(2)));
    let huge = vec![b' '; MAX_CARRY_BYTES + 1];
    assert_eq!(StreamDecoder::restore(&huge), Err(CarryError::TooLarge));
    for text in ["", "{}", "{\"v\":1}", "[]", "\u{0}", &saved[1..], &format!("{saved}x")] {
        assert_eq!(StreamDecoder::restore(text.as_bytes()), Err(CarryError::Damaged), "{text}");
    }
    let deep = format!("{{\"v\":1,\"s\":{}", "[".repeat(100_000));
    assert_eq!(StreamDecoder::restore(deep.as_bytes()), Err(CarryError::Damaged));
}

#[test]
fn deep_nesting_is_passed_over() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for dialect in Dialect::ALL {
        let mut decoder = StreamDecoder::new(dialect);
        let mut events = Vec::new();
        decoder.push(format!("data: {{\"x\":{deep}}}\n\ndata: {deep}\n\n").as_bytes(), &mut events);
        assert_eq!((events.len(), decoder.ended()), (0, None));
        let body = format!("{{\"x\":{deep}}}");
        assert_eq!(whole(dialect, body.as_bytes()), Err(DecodeError::NotAnAnswer(dialect)));
    }
}

#[test]
fn bodies_that_are_no_answer_are_named() {
    for dialect in Dialect::ALL {
        for (body, error) in [
            ("{}", DecodeError::NotAnAnswer(dialect)),
            ("[]", DecodeError::NotAnAnswer(dialect)),
            ("7", DecodeError::NotAnAnswer(dialect)),
            ("", DecodeError::Cut),
            ("{\"id\":\"x", DecodeError::Cut),
            ("<html>", DecodeError::NotJson),
        ] {
            assert_eq!(whole(dialect, body.as_bytes()), Err(error), "{dialect} {body}");
        }
        let flat = whole(dialect, b"{\"detail\":\"Not Found\"}").unwrap();
        assert!(matches!(&flat[..], [Event::Error { message, .. }] if message == "Not Found"));
    }
}
