//! Every fixture of each dialect to every dialect, as snapshots that a person has read.
//!
//! Owns: the rows: which cases there are, and how each ends.
//! Must not know: what a translation looks like.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_protocol::translate::pair;

use crate::grammar;
use crate::snapshots::Snapshots;
use crate::support::{pairs, pretty, requests, streams, translate, wholes, wish};

/// Requests: every client's.
const REQUESTS: [&str; 17] = [
    "cache_usage",
    "content_filter",
    "everything",
    "image_input",
    "max_tokens",
    "multi_turn",
    "odd_turns",
    "parallel_tool_calls",
    "plain_text",
    "refusal",
    "stream_error",
    "structured_output",
    "thinking_text",
    "tool_call",
    "tool_choice_forced",
    "tool_result",
    "utf8_text",
];

/// Answers, by how their stream ends: every upstream's, where no dialect is named.
const ANSWERS: [(&str, End, &[Dialect]); 19] = [
    ("cache_usage", End::Done, &Dialect::ALL),
    ("content_filter", End::Done, &Dialect::ALL),
    ("http_error_400", End::Failed, &Dialect::ALL),
    ("http_error_429", End::Failed, &Dialect::ALL),
    ("http_error_529", End::Failed, &Dialect::ALL),
    ("image_input", End::Done, &Dialect::ALL),
    ("max_tokens", End::Done, &Dialect::ALL),
    ("mixed", End::Done, &Dialect::ALL),
    ("parallel_tool_calls", End::Done, &Dialect::ALL),
    ("plain_text", End::Done, &Dialect::ALL),
    ("refusal", End::Done, &Dialect::ALL),
    ("stop_sequence", End::Done, &[Dialect::Anthropic]),
    ("stream_error", End::Failed, &Dialect::ALL),
    ("stream_error_event", End::Failed, &[Dialect::Responses]),
    ("thinking_hidden", End::Done, &[Dialect::Chat]),
    ("thinking_text", End::Done, &Dialect::ALL),
    ("tool_call", End::Done, &Dialect::ALL),
    ("truncated", End::Truncated, &Dialect::ALL),
    ("utf8_text", End::Done, &Dialect::ALL),
];

/// How the stream of a case ends; fails for a file of no row.
fn end_of(dialect: Dialect, case: &str) -> End {
    let row = ANSWERS.iter().find(|it| it.0 == case && it.2.contains(&dialect));
    row.unwrap_or_else(|| panic!("{dialect}/{case} is in no row")).1
}

/// A row without a file would be a promise nobody keeps.
fn assert_every_row_has_a_file(dialect: Dialect, found: &BTreeSet<String>, without: &[&str]) {
    for (case, _, _) in ANSWERS.iter().filter(|it| it.2.contains(&dialect)) {
        assert!(found.contains(*case) || without.contains(case), "{dialect}/{case} has no file");
    }
}

#[test]
fn requests_are_translated_as_reviewed() {
    let mut snapshots = Snapshots::new("request");
    for (from, to) in pairs() {
        let sent = requests(from);
        for case in REQUESTS {
            assert!(sent.iter().any(|it| it.0 == case), "{from}/{case} has no file");
        }
        for (case, sent) in sent {
            assert!(REQUESTS.contains(&case.as_str()), "requests/{from}/{case} is in no row");
            let body = sent.body_stream.as_ref().unwrap_or(&sent.body).get();
            let read = pair::read_request(from, body.as_bytes()).unwrap();
            let written = pair::write_request(to, &read).unwrap();
            let mut text = pretty(&written.body);
            for loss in &written.losses {
                writeln!(text, "lost {}: {}", loss.field, loss.rule).unwrap();
            }
            snapshots.check(&format!("{case}.{from}-{to}"), &text);
        }
    }
    assert!(snapshots.finish() >= 4 * 4 * 17);
}

#[test]
fn streams_are_translated_as_reviewed() {
    let mut snapshots = Snapshots::new("stream");
    for (from, to) in pairs() {
        let found = streams(from);
        let cases = found.iter().map(|it| it.case.clone()).collect();
        assert_every_row_has_a_file(from, &cases, &[]);
        for fixture in found {
            let expected = end_of(from, &fixture.case);
            let stream = translate(from, to, [fixture.bytes.as_slice()]);
            assert_eq!(stream.end, expected, "{from}/{} to {to}", fixture.case);
            let name = format!("{}.{from}-{to}", fixture.case);
            grammar::check(to, &stream.bytes, true);
            snapshots.check(&name, std::str::from_utf8(&stream.bytes).unwrap());
        }
    }
    assert!(snapshots.finish() >= 4 * 4 * 12);
}

#[test]
fn whole_answers_are_translated_as_reviewed() {
    let mut snapshots = Snapshots::new("whole");
    for (from, to) in pairs() {
        let found = wholes(from);
        let cases = found.iter().map(|it| it.case.clone()).collect();
        // What cuts a stream, or fails within it, has no whole form.
        assert_every_row_has_a_file(from, &cases, &["truncated", "stream_error_event"]);
        for fixture in found {
            let end = end_of(from, &fixture.case);
            let whole = pair::whole(from, to, &fixture.bytes, &wish(from)).unwrap();
            let name = format!("{}.{from}-{to}", fixture.case);
            assert_eq!(whole.status == 200, end == End::Done, "{name}");
            snapshots.check(&name, &format!("{}\n{}", whole.status, pretty(&whole.body)));
        }
    }
    assert!(snapshots.finish() >= 4 * 4 * 12);
}

#[test]
fn errors_are_translated_as_reviewed() {
    let mut snapshots = Snapshots::new("error");
    for (from, to) in pairs() {
        for fixture in wholes(from) {
            let Some(fault) = fixture.fault() else { continue };
            let error = pair::error(to, &fault, None);
            let name = format!("{}.{from}-{to}", fixture.case);
            assert!(error.status >= 400, "{name}");
            snapshots.check(&name, &format!("{}\n{}", error.status, pretty(&error.body)));
        }
        for fixture in streams(from) {
            let Some(meta) = fixture.meta().filter(|it| it.stream_as_json) else { continue };
            let same = wholes(from).into_iter().find(|it| it.case == fixture.case).unwrap();
            let [streamed, whole] = [&fixture, &same].map(|it| it.fault().unwrap());
            assert_eq!(pair::error(to, &streamed, None), pair::error(to, &whole, None), "{meta:?}");
        }
    }
    assert!(snapshots.finish() >= 4 * 4 * 3);
}
