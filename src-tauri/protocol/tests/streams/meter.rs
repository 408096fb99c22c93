//! A meter reads what the decoder reads, without the deltas.
//!
//! Owns: that usage, stop reason, names and end are the same; which frames are not passed over.
//! Must not know: what the responses mean.

use droid_protocol::decode::Meter;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event, StopReason, Usage};
use proptest::prelude::*;

use crate::properties::{STREAMS, cut, streams};
use crate::support::{Said, metered, said};

/// What both have to agree on.
fn read(said: Said) -> (End, Usage, Option<StopReason>, String, String) {
    (said.end, said.usage, said.stop, said.id, said.model)
}

fn failure(events: &[Event]) -> Option<&Event> {
    events.iter().find(|it| matches!(it, Event::Error { .. }))
}

#[test]
fn every_recorded_stream_is_metered_as_it_is_decoded() {
    for fixture in STREAMS.iter() {
        let whole = said(fixture.dialect, [fixture.bytes.as_slice()]);
        let metered = metered(fixture.dialect, [fixture.bytes.as_slice()]);
        assert_eq!(failure(&metered.events), failure(&whole.events), "{fixture:?}");
        assert_eq!(read(metered), read(whole), "{} {}", fixture.dialect, fixture.case);
    }
}

#[test]
fn most_deltas_are_passed_over() {
    for dialect in Dialect::ALL {
        let text = "x".repeat(10);
        let (head, delta) = match dialect {
            Dialect::Anthropic => (
                "{\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"m\"}}"
                    .to_owned(),
                format!(
                    "{{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}"
                ),
            ),
            Dialect::Responses => (
                "{\"type\":\"response.created\",\"response\":{\"id\":\"i\",\"model\":\"m\"}}"
                    .to_owned(),
                format!(
                    "{{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"{text}\"}}"
                ),
            ),
            Dialect::Chat => {
                let chunk = |text: &str| {
                    format!(
                        "{{\"id\":\"i\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\",\"refusal\": null}},\"finish_reason\":null}}],\"usage\": null}}"
                    )
                };
                (chunk(""), chunk(&text))
            }
            Dialect::Gemini => {
                let chunk = |text: &str| {
                    format!(
                        "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}],\"usageMetadata\":{{\"promptTokenCount\":3}},\"responseId\":\"i\",\"modelVersion\":\"m\"}}"
                    )
                };
                (chunk(""), chunk(&text))
            }
        };
        let mut meter = Meter::new(dialect);
        let mut events = Vec::new();
        meter.push(format!("data: {head}\n\n").as_bytes(), &mut events);
        assert!(!meter.has_content(), "{dialect}");
        for _ in 0..100 {
            meter.push(format!("data: {delta}\n\n").as_bytes(), &mut events);
        }
        assert!(meter.has_content(), "{dialect}");
        let read = events.iter().filter(|it| matches!(it, Event::TextDelta { .. })).count();
        assert!(read <= 1, "{dialect}: {read}");
        assert_eq!((meter.read().id(), meter.read().model()), ("i", "m"), "{dialect}");
    }
}

#[test]
fn words_of_the_protocol_inside_a_text_mislead_nobody() {
    let text = "say \\\"error\\\": {} and \\\"usage\\\": null, \\\"finish_reason\\\": \\\"stop\\\"";
    let stream = format!(
        "data: {{\"id\":\"i\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"\"}}}}]}}\n\n\
         data: {{\"id\":\"i\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n\
         data: {{\"id\":\"i\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\" : \"length\"}}]}}\n\n\
         data: [DONE]\n\n"
    );
    let metered = metered(Dialect::Chat, [stream.as_bytes()]);
    assert_eq!((metered.end, metered.stop), (End::Done, Some(StopReason::MaxTokens)));
    assert!(metered.events.iter().all(|it| !matches!(it, Event::TextDelta { .. })));
}

#[test]
fn counts_that_come_back_to_an_earlier_value_are_read() {
    let chunk = |count: u32, more: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"x\"}}]}}{more}}}],\"usageMetadata\":{{\"promptTokenCount\":{count}}},\"responseId\":\"i\",\"modelVersion\":\"m\"}}\n\n"
        )
    };
    // One that is read for another reason, and one that nobody can read.
    for between in [chunk(21, ",\"finishReason\":\"\""), chunk(21, ",\"x\":\"\u{1}\"")] {
        let stream = [chunk(20, ""), between.clone(), chunk(20, "")].concat();
        let whole = said(Dialect::Gemini, [stream.as_bytes()]);
        assert_eq!(metered(Dialect::Gemini, [stream.as_bytes()]).usage, whole.usage);
        let stream = [chunk(20, ""), between, chunk(21, "")].concat();
        let whole = said(Dialect::Gemini, [stream.as_bytes()]);
        assert_eq!(whole.usage.input_tokens, 21);
        assert_eq!(metered(Dialect::Gemini, [stream.as_bytes()]).usage, whole.usage);
    }
}

proptest! {
    #[test]
    fn a_stream_is_metered_alike_in_any_chunking(
        fixture in prop::sample::select(Dialect::ALL.to_vec()).prop_flat_map(streams),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let whole = said(fixture.dialect, [fixture.bytes.as_slice()]);
        prop_assert_eq!(read(metered(fixture.dialect, cut(&fixture.bytes, &cuts))), read(whole));
    }
}
