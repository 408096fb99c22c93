//! docs/rpc.md.
//!
//! Owns: the sections of methods, errors, events and examples.
//! Must not know: how a method works.

use std::fmt::Write as _;
use std::time::Duration;

use droid_protocol::event::{BlockType, Event, StopReason, Usage};
use droid_protocol::fault::Fault;
use droid_provider::api::error::{self, DOMAIN};
use droid_provider::api::table::METHODS;
use droid_provider::error::Error;
use serde_json::json;

use super::calls::{self, Plugin, StandIns};
use super::{cell, section_is};

const PATH: &str = "docs/rpc.md";

#[test]
fn methods_are_documented_as_the_table_has_them() {
    let mut text = String::new();
    for method in METHODS {
        writeln!(text, "### `{}`\n\n{}\n", method.name, method.purpose).unwrap();
        for param in method.params {
            // A name in pointed brackets is no element of the page.
            let param = param.replace('<', "\\<");
            match param.split_once(": ") {
                Some((name, rest)) => writeln!(text, "- `{name}`: {rest}").unwrap(),
                None => writeln!(text, "- {param}").unwrap(),
            }
        }
        if !method.params.is_empty() {
            text.push('\n');
        }
        writeln!(text, "Answers `{}`\n", method.result).unwrap();
    }
    section_is(PATH, "methods", &text);
}

#[test]
fn errors_are_documented_as_they_are_answered() {
    let mut text =
        String::from("| code | kind | retryable | example | hint |\n|---|---|---|---|---|\n");
    for (kind, code) in DOMAIN {
        let examples = examples();
        let of_kind: Vec<&Error> = examples.iter().filter(|it| it.kind() == kind).collect();
        assert!(!of_kind.is_empty(), "no example of an error of kind {kind}");
        for example in of_kind {
            let object = error::to_object(example);
            assert_eq!(object.code(), code, "{kind}");
            let retryable = if example.retryable() { "yes" } else { "no" };
            let (message, hint) = (cell(object.message()), cell(example.hint().unwrap_or("")));
            writeln!(text, "| {code} | `{kind}` | {retryable} | {message} | {hint} |").unwrap();
        }
    }
    section_is(PATH, "errors", &text);
}

#[test]
fn events_are_documented_as_they_are_written() {
    let mut text = String::from("```json\n");
    for event in events() {
        writeln!(text, "{}", json!(event)).unwrap();
    }
    text.push_str("```\n");
    section_is(PATH, "events", &text);
}

#[test]
fn examples_are_what_the_plugin_answers() {
    let text = calls::run(conversation());
    section_is(PATH, "examples", &text);
}

/// The calls of one request's life, and two that fail.
async fn conversation() -> String {
    let plugin = Plugin::start();
    let mut stand_ins = StandIns::default();
    let mut text = String::new();
    let mut shown = async |method: &str, params| {
        let (example, result) = plugin.example(&mut stand_ins, method, params).await;
        write!(text, "`{method}`\n\n```json\n{}\n{}\n```\n\n", example.asked, example.answered)
            .unwrap();
        result
    };
    let model = "claude-sonnet-4-5-20250929";
    shown("supports_model", json!({ "model": "gpt-5" })).await;
    let keys = ["fk-example-0123456789abcdef"];
    let config = json!({ "name": "Team", "api_keys": keys });
    let ask = json!({ "auth_type": "api_key", "config": config });
    let id = shown("create_credential", ask).await["credential_id"].clone();
    let ask = json!({ "model": model, "session_id": "conversation-1" });
    let lent = shown("acquire_credential", ask).await;
    let request = json!({
        "model": model,
        "max_tokens": 64,
        "messages": [{ "role": "user", "content": "Hello" }],
    });
    let ask = json!({ "request": request, "session_id": "conversation-1" });
    shown("transform_request", ask).await;
    let chunk = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
                 \"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n";
    let ask = json!({ "stream_id": "s1", "endpoint_type": "anthropic", "chunk": chunk });
    shown("parse_response_chunk", ask).await;
    let limited = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down."}}"#;
    let ask = json!({ "status": 429, "headers": { "retry-after": "30" }, "body": limited });
    shown("parse_error", ask).await;
    let result =
        json!({ "Success": { "latency_ms": 840, "input_tokens": 12, "output_tokens": 9 } });
    let ask = json!({
        "credential_id": id,
        "lease_id": lent["metadata"]["lease_id"],
        "result": result,
    });
    shown("release_credential", ask).await;
    shown("acquire_credential", json!({ "session_id": "conversation-1" })).await;
    shown("get_credential", json!({ "credential_id": "nobody" })).await;
    text
}

/// One error of each kind at least.
fn examples() -> Vec<Error> {
    let name = "Team".to_owned();
    let path = "/data/droid.db".into();
    vec![
        Error::not_found("account", "6f2c"),
        Error::Stale { what: "account", id: "6f2c".to_owned(), current: 8 },
        Error::NoAccount {
            message: "no account can take `gpt-5-codex`: 2 accounts, 2 cooling".to_owned(),
            retry_after: Some(Duration::from_secs(30)),
            skipped: [("cooling", 2)].into(),
        },
        Error::NoAccount {
            message: "there is no account".to_owned(),
            retry_after: None,
            skipped: [].into(),
        },
        Error::Unauthorized { message: "this client key has expired".to_owned() },
        Error::Forbidden { message: "this client key may not ask for this model".to_owned() },
        Error::Limited {
            message: "this client key has sent its requests of this window".to_owned(),
            retry_after: Some(Duration::from_secs(30)),
        },
        Error::NeedsLogin {
            name: name.clone(),
            reason: "the refresh token was revoked".to_owned(),
        },
        Error::RefreshFailed { name, reason: "no connection".to_owned() },
        Error::LoginOver { reason: "the code expired".to_owned() },
        Error::Upstream(Box::new(Fault::from_response(503, |_| None::<&str>, b"", 0))),
        Error::Config {
            origin: "config.json".to_owned(),
            message: "timeout: unknown key; did you mean `timeout_ms`?".to_owned(),
        },
        Error::Data { path, message: "it cannot be opened".to_owned(), source: None },
        Error::NewerSchema { found: 9, known: 1 },
        Error::WrongKey { message: "2 accounts were sealed with another key".to_owned() },
        Error::Damaged { field: "refresh_token", record: "account 6f2c".to_owned() },
        Error::Store {
            doing: "an account was saved",
            source: rusqlite::Error::ExecuteReturnedResults,
        },
    ]
}

/// One event of each type.
fn events() -> Vec<Event> {
    let (index, id) = (0, "toolu_01".to_owned());
    vec![
        Event::MessageStart { id: "msg_01".to_owned(), model: "claude-sonnet-4-5".to_owned() },
        Event::ContentBlockStart { index, block_type: BlockType::Text, data: None },
        Event::TextDelta { index, text: "Hel".to_owned() },
        Event::ThinkingDelta { index, thinking: "The person".to_owned() },
        Event::SignatureDelta { index, signature: "EqQB...".to_owned() },
        Event::ToolUseStart { index, id: id.clone(), name: "read_file".to_owned() },
        Event::ToolUseInputDelta { index, id: id.clone(), partial_json: "{\"pa".to_owned() },
        Event::ToolUseStop { index, id },
        Event::ContentBlockStop { index },
        Event::Usage(Usage { input_tokens: 12, output_tokens: 9, ..Usage::default() }),
        Event::MessageStop { stop_reason: StopReason::EndTurn, stop_sequence: None },
        Event::Error {
            error_type: "overloaded_error".to_owned(),
            message: "Overloaded".to_owned(),
        },
        Event::Ping,
    ]
}
