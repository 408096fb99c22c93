//! What nobody has a name for: it breaks nothing, and is passed or told as lost.
//!
//! Owns: unknown members, blocks, events, roles and tools, in requests and streams.
//! Must not know: what a known one becomes.

use droid_protocol::dialect::Dialect;
use droid_protocol::translate::pair;
use serde_json::{Map, Value, json};

use crate::support::{pairs, requests, streams, translate};

const MARK: &str = "zz-nobody-knows";

/// Puts a member that nobody knows into every object of a frame, but for what is copied as it is:
/// arguments and error details.
fn salted(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let copied = ["input", "args", "arguments", "error", "details", "action", "metadata"];
            let inner = members.iter_mut().filter(|(name, _)| !copied.contains(&name.as_str()));
            inner.for_each(|(_, value)| salted(value));
            members.insert("zz_member".to_owned(), json!({ "zz": [MARK, 1, null] }));
        }
        Value::Array(items) => items.iter_mut().for_each(salted),
        _ => {}
    }
}

/// The same of a frame, as text: what is copied from it keeps its order and its digits.
fn salted_text(frame: &str) -> String {
    let member = format!("\"zz_member\":{{\"zz\":[\"{MARK}\",1,null]}},\"");
    let mut salted = frame.replace("data: {\"", &format!("data: {{{member}"));
    let inner = [
        "candidates\":[",
        "choices\":[",
        "content\":",
        "content_block\":",
        "delta\":",
        "function\":",
        "functionCall\":",
        "item\":",
        "message\":",
        "output\":[",
        "part\":",
        "parts\":[",
        "response\":",
        "tool_calls\":[",
        "usage\":",
        "usageMetadata\":",
    ];
    for name in inner {
        salted = salted.replace(&format!("\"{name}{{\""), &format!("\"{name}{{{member}"));
    }
    salted
}

/// A frame of a kind that nobody knows.
const fn strange(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "event: zz_event\ndata: {\"type\":\"zz_event\",\"zz\":1}\n\n",
        Dialect::Responses => {
            "event: response.zz_event\ndata: {\"type\":\"response.zz_event\",\"zz\":1}\n\n"
        }
        Dialect::Chat => "data: {\"object\":\"zz.event\",\"choices\":[]}\n\n",
        Dialect::Gemini => "data: {\"zz\":1}\n\n",
    }
}

#[test]
fn unknown_members_and_events_of_a_stream_change_nothing() {
    for (from, to) in pairs() {
        for fixture in streams(from) {
            let text = String::from_utf8(fixture.bytes.clone()).unwrap();
            // What is no stream at all is an error's body.
            if text.starts_with(['{', '[']) {
                continue;
            }
            let mut changed = String::new();
            for frame in text.split_inclusive("\n\n") {
                changed += &salted_text(frame);
                changed += strange(from);
            }
            let [before, after] = [&text, &changed].map(|it| translate(from, to, [it.as_bytes()]));
            let what = format!("{from}/{} to {to}", fixture.case);
            assert_eq!(after.end, before.end, "{what}");
            let [before, after] = [before, after].map(|it| String::from_utf8(it.bytes).unwrap());
            assert!(!after.contains(MARK), "{what}: {after}");
            assert_eq!(after, before, "{what}");
        }
    }
}

/// A request with something that nobody knows in one place.
fn strange_request(dialect: Dialect, place: &str) -> Option<Value> {
    let part = json!({ "type": "zz_block", "zz": MARK });
    let role = |role: &str| match dialect {
        Dialect::Gemini => json!({ "role": role, "parts": [{ "text": MARK }] }),
        _ => json!({ "role": role, "content": MARK }),
    };
    let hello = match dialect {
        Dialect::Gemini => json!({ "role": "user", "parts": [{ "text": "hi" }] }),
        _ => json!({ "role": "user", "content": [{ "type": "text", "text": "hi" }] }),
    };
    let list = match dialect {
        Dialect::Anthropic | Dialect::Chat => "messages",
        Dialect::Responses => "input",
        Dialect::Gemini => "contents",
    };
    let mut body = json!({ "model": "m-1", "max_tokens": 64, list: [hello] });
    if dialect == Dialect::Responses {
        body.as_object_mut()?.remove("max_tokens");
    }
    let tool = json!({ "type": "zz_tool", "name": "zz", "zz": MARK });
    match (place, dialect) {
        ("member", _) => body["zz_member"] = json!({ "zz": MARK }),
        ("block", Dialect::Gemini) => {
            body[list][0]["parts"].as_array_mut()?.push(json!({ "zzPart": { "zz": MARK } }));
        }
        ("block", _) => body[list][0]["content"].as_array_mut()?.push(part),
        ("item", Dialect::Responses) => body[list].as_array_mut()?.push(part),
        ("role", Dialect::Anthropic) => return None,
        ("role", _) => body[list].as_array_mut()?.push(role("narrator")),
        ("tool", Dialect::Gemini) => body["tools"] = json!([{ "zzTool": { "zz": MARK } }]),
        ("tool", _) => body["tools"] = json!([tool]),
        _ => return None,
    }
    Some(body)
}

#[test]
fn what_nobody_knows_in_a_request_is_passed_home_and_told_as_lost_elsewhere() {
    let mut tried = 0;
    for (from, to) in pairs() {
        for place in ["member", "block", "item", "role", "tool"] {
            let Some(body) = strange_request(from, place) else { continue };
            let read = pair::read_request(from, body.to_string().as_bytes()).unwrap();
            let written = pair::write_request(to, &read).unwrap();
            let text = String::from_utf8(written.body).unwrap();
            let what = format!("{from} to {to}, {place}: {text}");
            // Whoever spoke: what was said is kept, but where what speaks is an item of any kind.
            let kept = from == to || (place == "role" && from != Dialect::Responses);
            assert_eq!(text.contains(MARK), kept, "{what}");
            assert!(kept || !written.losses.is_empty(), "{what}");
            tried += 1;
        }
    }
    assert!(tried >= 4 * 4 * 4);
}

#[test]
fn a_request_with_strange_members_everywhere_is_still_read() {
    for (from, to) in pairs() {
        for (case, sent) in requests(from) {
            let mut body: Value = serde_json::from_str(sent.body.get()).unwrap();
            salted(&mut body);
            let read = pair::read_request(from, body.to_string().as_bytes());
            let read = read.unwrap_or_else(|why| panic!("{from}/{case}: {why}"));
            let written = pair::write_request(to, &read).unwrap();
            let _: Map<String, Value> = serde_json::from_slice(&written.body).unwrap();
            if from != to {
                assert!(!written.losses.is_empty(), "{from}/{case} to {to}");
            }
        }
    }
}
