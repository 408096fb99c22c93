//! The exact events of every recorded stream, reviewed and kept beside the fixtures.
//!
//! Owns: `events`; `UPDATE_GOLDEN=1` writes it anew, to be read before it is committed.
//! Must not know: what is right; that is what the review is for.

use std::fmt::Write as _;
use std::fs;

use droid_protocol::decode::whole;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::Event;

use crate::support::{fixtures, root, said};

fn compare(dialect: Dialect, name: &str, text: &str) {
    let path = root().join("streams/events").join(dialect.as_str()).join(format!("{name}.jsonl"));
    if std::env::vars_os().any(|(key, _)| key == "UPDATE_GOLDEN") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{}\n--- kept\n{kept}\n--- got\n{text}", path.display());
}

fn lines(events: &[Event]) -> String {
    events.iter().fold(String::new(), |mut text, event| {
        writeln!(text, "{}", serde_json::to_string(event).unwrap()).unwrap();
        text
    })
}

#[test]
fn streams_give_the_events_that_were_reviewed() {
    for fixture in Dialect::ALL.into_iter().flat_map(|it| fixtures(it, ".sse")) {
        let said = said(fixture.dialect, [fixture.bytes.as_slice()]);
        compare(fixture.dialect, &format!("{}.stream", fixture.case), &lines(&said.events));
    }
}

#[test]
fn whole_answers_give_the_events_that_were_reviewed() {
    for fixture in Dialect::ALL.into_iter().flat_map(|it| fixtures(it, ".json")) {
        let events = whole(fixture.dialect, &fixture.bytes).unwrap();
        compare(fixture.dialect, &format!("{}.whole", fixture.case), &lines(&events));
    }
}
