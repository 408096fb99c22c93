//! What fails when the client has had some of its answer.
//!
//! Owns: that it is told in the stream, in the client's own words, and once; that nobody else is
//! asked; what is held against the account.
//! Must not know: how the program finds out.

use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::rows::{Rest, Within, error_event, events};
use super::{CLIENTS, Noted, Table, assert_rests, rest_of};
use crate::gateway::ask::{Ask, ENDPOINTS, asked, sent_header, until};

/// One way to fail.
struct Break {
    name: &'static str,
    /// What an upstream of this dialect does.
    action: fn(Dialect) -> Action,
    /// As the request log says it.
    outcome: &'static str,
    /// How often it takes until the account rests; before that it is counted only.
    times: usize,
    rests: Rest,
    /// The client's words for it, by client.
    word: [&'static str; 4],
}

const CUT: [&str; 4] = ["api_error", "server_error", "server_error", "UNAVAILABLE"];

const BREAKS: [Break; 5] = [
    Break {
        name: "ends without its end",
        action: |upstream| cut(upstream, Action::TruncateAfterBytes),
        outcome: "truncated",
        times: 2,
        rests: Rest::All(5),
        word: CUT,
    },
    Break {
        name: "closed",
        action: |upstream| cut(upstream, Action::CloseAfterBytes),
        outcome: "truncated",
        times: 2,
        rests: Rest::All(5),
        word: CUT,
    },
    Break {
        name: "reset",
        action: |upstream| cut(upstream, Action::ResetAfterBytes),
        outcome: "truncated",
        times: 2,
        rests: Rest::All(5),
        word: CUT,
    },
    Break {
        name: "an error event of a failure",
        action: |upstream| then(upstream, Within::Failure),
        outcome: "error:transient",
        times: 1,
        rests: Rest::All(5),
        word: ["api_error", "server_error", "server_error", "INTERNAL"],
    },
    Break {
        name: "an error event of a limit",
        action: |upstream| then(upstream, Within::Limit),
        outcome: "error:rate",
        times: 1,
        rests: Rest::All(60),
        word: ["rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"],
    },
];

#[tokio::test]
async fn behind_the_first_byte_it_is_told_in_the_stream_and_nobody_else_is_asked() {
    let mut table = Table::new(json!({})).await;
    for one in BREAKS {
        for client in CLIENTS {
            for at in 0..ENDPOINTS.len() {
                broken(&mut table, &one, client, at).await;
            }
        }
    }
    table.assert_noted().await;
    table.admin.gateway.stop().await;
}

async fn broken(table: &mut Table, one: &Break, client: Dialect, at: usize) {
    let (model, path, upstream) = ENDPOINTS[at];
    let case = format!("{} for {client} from {path}", one.name);
    let (first, second) = (table.account(0).await, table.account(1).await);
    for time in 1..=one.times {
        let script = table.rig.fake.script();
        script.clear();
        script.next(Match::any().path(path), (one.action)(upstream));
        table.rig.fake.journal().clear();
        let ask = Ask::new(client, model, true);
        let answer = ask.send(&table.admin.gateway).await;
        assert_eq!((answer.status, answer.whole), (200, true), "{case}: {}", answer.text());
        let said = ask.read(&answer);
        assert_eq!(said.end, End::Failed, "{case}: {}", answer.text());
        assert!(!said.text.is_empty(), "{case}: {}", answer.text());
        let column = CLIENTS.iter().position(|it| *it == client).expect("a client");
        assert_eq!(last_word(client, &answer.text()), one.word[column], "{case}");
        let sent = asked(&table.rig, path);
        assert_eq!(sent.len(), 1, "{case}: tries");
        let bearer = format!("Bearer {}", first.token);
        assert_eq!(sent_header(&sent[0], "authorization"), Some(bearer.as_str()), "{case}");
        let request = answer.header("x-request-id").expect("an id").to_owned();
        let (case, outcome) = (case.clone(), one.outcome);
        table.noted.push(Noted { case, request, status: 200, outcome, tries: 1 });
        if time < one.times {
            assert_rests("once", Rest::Nothing, &table.shown(&first).await, model);
        }
    }
    // It is stored off the client's way.
    until(&format!("{case}: it rests"), async || {
        let found = rest_of(&table.shown(&first).await, model);
        found.is(one.rests).then_some(())
    })
    .await;
    assert_rests(&case, Rest::Nothing, &table.shown(&second).await, model);
    table.gone(&first).await;
    table.gone(&second).await;
}

/// The word of the error that the stream ends with, in the client's own shape.
fn last_word(client: Dialect, text: &str) -> String {
    let last = text.lines().rfind(|it| it.starts_with("data: ")).expect("an event");
    let event: Value = serde_json::from_str(&last["data: ".len()..]).expect("JSON");
    let (word, message) = match client {
        Dialect::Anthropic => {
            assert_eq!(event["type"], "error", "{event}");
            assert!(text.contains("event: error\n"), "{text}");
            (&event["error"]["type"], &event["error"]["message"])
        }
        Dialect::Responses if event["type"] == "response.failed" => {
            let error = &event["response"]["error"];
            assert_eq!(event["response"]["status"], "failed", "{event}");
            (&error["code"], &error["message"])
        }
        Dialect::Responses => {
            assert_eq!(event["type"], "error", "{event}");
            (&event["code"], &event["message"])
        }
        Dialect::Chat => (&event["error"]["type"], &event["error"]["message"]),
        Dialect::Gemini => {
            assert!(event["error"]["code"].is_u64(), "{event}");
            (&event["error"]["status"], &event["error"]["message"])
        }
    };
    assert!(message.as_str().is_some_and(|it| !it.is_empty()), "{event}");
    word.as_str().unwrap_or_else(|| panic!("no word: {event}")).to_owned()
}

/// Some of an answer, of which the rest never comes.
fn cut(upstream: Dialect, how: fn(usize) -> Action) -> Action {
    Action::All(vec![Action::case("plain_text"), how(some(upstream).len())])
}

/// Some of an answer, then an error.
fn then(upstream: Dialect, what: Within) -> Action {
    events(&format!("{}{}", some(upstream), error_event(upstream, what)))
}

/// Whole events, with content.
fn some(upstream: Dialect) -> String {
    let file = format!("src-tauri/protocol/tests/fixtures/{}/plain_text.sse", upstream.as_str());
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let all = std::fs::read_to_string(file).expect("a fixture");
    let between = if all.contains('\r') { "\r\n\r\n" } else { "\n\n" };
    let mut events: Vec<&str> = all.split_inclusive(between).collect();
    events.truncate((events.len() * 3 / 5).max(1));
    events.concat()
}
