//! The rows: what upstream does, and all that has to follow.
//!
//! Owns: [`rows`] and [`slow_rows`].
//! Must not know: how it is found out.

use droid_protocol::dialect::Dialect;
use droid_testbed::upstream::Action;
use serde_json::{Value, json};

/// What is left out of traffic, and for how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    Model(u64),
    All(u64),
}

/// One row. Columns are the clients: Anthropic, Responses, Chat, Gemini.
pub(super) struct Row {
    pub(super) name: String,
    /// What an upstream of this dialect does.
    pub(super) answer: Box<dyn Fn(Dialect) -> Action>,
    pub(super) status: [u16; 4],
    pub(super) word: [&'static str; 4],
    pub(super) retry_after: Option<u64>,
    /// As the request log says it.
    pub(super) outcome: &'static str,
    /// How often upstream is asked when there is one account.
    pub(super) tries: usize,
    pub(super) another_helps: bool,
    pub(super) another_key_helps: bool,
    pub(super) account: Rest,
    pub(super) key: Rest,
    pub(super) key_status: &'static str,
    pub(super) pool: Rest,
    /// It fails within a stream: only streams are asked for.
    pub(super) streamed: bool,
}

// === impl Rest ===

impl Rest {
    /// Whether this is what was found, some time having passed since.
    pub(super) fn is(self, expected: Self) -> bool {
        match (self, expected) {
            (Self::All(found), Self::All(expected))
            | (Self::Model(found), Self::Model(expected)) => near(found, expected),
            (found, expected) => found == expected,
        }
    }
}

/// Seconds that are left of what was expected a moment ago.
pub(super) fn near(found: u64, expected: u64) -> bool {
    found <= expected && found + 5 >= expected
}

const INVALID: &str = "invalid_request_error";
const SERVER: &str = "server_error";

/// Every row that costs no waiting.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = mistakes();
    rows.extend(models());
    rows.extend(credentials());
    rows.extend(limits());
    rows.extend(failures());
    rows.extend(within());
    rows
}

/// Upstream that says nothing until patience ends.
pub(super) fn slow_rows() -> Vec<Row> {
    let words = ["timeout_error", SERVER, SERVER, "DEADLINE_EXCEEDED"];
    vec![broken("no answer in time", Action::Hang, [504; 4], words)]
}

/// The client's own mistakes: nobody else would take them either.
fn mistakes() -> Vec<Row> {
    [
        (400, INVALID, "INVALID_ARGUMENT"),
        (404, "not_found_error", "NOT_FOUND"),
        (405, INVALID, "INVALID_ARGUMENT"),
        (408, "timeout_error", "DEADLINE_EXCEEDED"),
        (409, INVALID, "ABORTED"),
        (413, "request_too_large", "INVALID_ARGUMENT"),
        (415, INVALID, "INVALID_ARGUMENT"),
        (422, INVALID, "INVALID_ARGUMENT"),
    ]
    .into_iter()
    .map(|(code, anthropic, gemini)| Row {
        outcome: "error:request",
        ..row(code, &told("top_k is wrong"), [code; 4], [anthropic, INVALID, INVALID, gemini])
    })
    .collect()
}

fn models() -> Vec<Row> {
    [(400, "model_not_supported"), (403, "model_not_available"), (404, "model_not_found")]
        .into_iter()
        .map(|(code, why)| {
            let body = json!({ "error": { "message": "no", "code": why } });
            let words = ["not_found_error", INVALID, INVALID, "NOT_FOUND"];
            Row {
                name: format!("{code} that names the model"),
                outcome: "error:model",
                account: Rest::Model(600),
                key: Rest::Model(600),
                ..row(code, &body, [404; 4], words)
            }
        })
        .collect()
}

fn credentials() -> Vec<Row> {
    let refused = |code, words| Row {
        outcome: "error:credential",
        another_helps: true,
        another_key_helps: true,
        ..row(code, &told("no"), [code; 4], words)
    };
    vec![
        // Once more with a refreshed token.
        Row {
            tries: 2,
            ..refused(401, ["authentication_error", INVALID, INVALID, "UNAUTHENTICATED"])
        },
        refused(
            403,
            ["permission_error", "permission_error", "permission_error", "PERMISSION_DENIED"],
        ),
    ]
}

fn limits() -> Vec<Row> {
    let quota = "insufficient_quota";
    let spent = |code: u16, status, gemini| Row {
        name: format!("{code} of a spent budget"),
        outcome: "error:quota",
        another_helps: true,
        another_key_helps: true,
        account: Rest::All(1800),
        key_status: "banned",
        ..row(
            code,
            &json!({ "error": { "message": "pay", "code": quota } }),
            status,
            ["billing_error", quota, quota, gemini],
        )
    };
    let limited = |name: &str, headers: &[(&str, &str)], seconds: u64| {
        let headers: Vec<_> =
            headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let words =
            ["rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"];
        let body = told("slow down").to_string();
        Row {
            name: name.to_owned(),
            answer: Box::new(move |_| Action::Status {
                status: 429,
                headers: headers.clone(),
                body: body.clone(),
            }),
            outcome: "error:rate",
            another_helps: true,
            another_key_helps: true,
            retry_after: Some(seconds),
            account: Rest::All(seconds),
            key: Rest::All(seconds),
            ..row(429, &Value::Null, [429; 4], words)
        }
    };
    vec![
        spent(402, [402; 4], "FAILED_PRECONDITION"),
        spent(429, [402, 429, 429, 429], "RESOURCE_EXHAUSTED"),
        limited("429", &[], 60),
        limited("429 with retry-after", &[("retry-after", "17")], 17),
        limited("429 with a far retry-after", &[("retry-after", "100000")], 1800),
        limited("429 with retry-after-ms", &[("retry-after-ms", "20500")], 21),
    ]
}

fn failures() -> Vec<Row> {
    let failed = |code: u16, status: [u16; 4], anthropic, gemini| Row {
        outcome: "error:transient",
        another_helps: true,
        account: Rest::All(5),
        pool: Rest::All(5),
        ..row(code, &told("sorry"), status, [anthropic, SERVER, SERVER, gemini])
    };
    let gone = ["api_error", SERVER, SERVER, "UNAVAILABLE"];
    vec![
        failed(500, [500; 4], "api_error", "INTERNAL"),
        failed(502, [502; 4], "api_error", "INTERNAL"),
        failed(503, [503; 4], "overloaded_error", "UNAVAILABLE"),
        failed(504, [504; 4], "timeout_error", "DEADLINE_EXCEEDED"),
        failed(529, [529, 503, 503, 503], "overloaded_error", "UNAVAILABLE"),
        broken("reset before the answer", Action::ResetBeforeHeaders, [502, 502, 502, 503], gone),
        broken("closed before the answer", Action::CloseConnection, [502, 502, 502, 503], gone),
        broken("reset behind the head", Action::ResetAfterBytes(0), [502, 502, 502, 503], gone),
    ]
}

/// Errors inside of an answer that says 200, before any of its content.
fn within() -> Vec<Row> {
    let limited =
        ["rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"];
    vec![
        Row {
            name: "a stream that begins with a failure".to_owned(),
            answer: Box::new(|upstream| events(&error_event(upstream, Within::Failure))),
            streamed: true,
            ..broken(
                "",
                Action::Hang,
                [502, 502, 502, 503],
                ["api_error", SERVER, SERVER, "UNAVAILABLE"],
            )
        },
        Row {
            name: "a stream that begins with a limit".to_owned(),
            answer: Box::new(|upstream| events(&error_event(upstream, Within::Limit))),
            outcome: "error:rate",
            another_helps: true,
            another_key_helps: true,
            retry_after: Some(60),
            account: Rest::All(60),
            key: Rest::All(60),
            streamed: true,
            ..row(0, &Value::Null, [429; 4], limited)
        },
        Row {
            name: "a stream of nothing".to_owned(),
            answer: Box::new(|_| events("")),
            streamed: true,
            ..broken(
                "",
                Action::Hang,
                [502, 502, 502, 503],
                ["api_error", SERVER, SERVER, "UNAVAILABLE"],
            )
        },
    ]
}

/// What an error within a stream tells of.
#[derive(Clone, Copy)]
pub(super) enum Within {
    Failure,
    Limit,
}

/// An event that is an error, as each provider tells it.
pub(super) fn error_event(upstream: Dialect, what: Within) -> String {
    let pick = |failure, limit| match what {
        Within::Failure => failure,
        Within::Limit => limit,
    };
    match upstream {
        Dialect::Anthropic => {
            let kind = pick("api_error", "rate_limit_error");
            let data = json!({ "type": "error", "error": { "type": kind, "message": "sorry" } });
            format!("event: error\ndata: {data}\n\n")
        }
        Dialect::Responses => {
            let code = pick("server_error", "rate_limit_exceeded");
            let data = json!({
                "type": "error", "code": code, "message": "sorry", "param": null,
                "sequence_number": 0,
            });
            format!("event: error\ndata: {data}\n\n")
        }
        Dialect::Chat => {
            let kind = pick("server_error", "rate_limit_error");
            let code = pick("server_error", "rate_limit_exceeded");
            let error = json!({ "message": "sorry", "type": kind, "param": null, "code": code });
            format!("data: {}\n\n", json!({ "error": error }))
        }
        Dialect::Gemini => {
            let status = pick("INTERNAL", "RESOURCE_EXHAUSTED");
            let code = if status == "INTERNAL" { 500 } else { 429 };
            let error = json!({ "code": code, "message": "sorry", "status": status });
            format!("data: {}\n\n", json!({ "error": error }))
        }
    }
}

pub(super) fn events(body: &str) -> Action {
    let kind = ("content-type".to_owned(), "text/event-stream".to_owned());
    Action::Status { status: 200, headers: vec![kind], body: body.to_owned() }
}

fn told(message: &str) -> Value {
    json!({ "error": { "message": message } })
}

/// A row that changes nothing and that nobody else can help with.
fn row(code: u16, body: &Value, status: [u16; 4], word: [&'static str; 4]) -> Row {
    let body = body.to_string();
    Row {
        name: code.to_string(),
        answer: Box::new(move |_| Action::Status {
            status: code,
            headers: Vec::new(),
            body: body.clone(),
        }),
        status,
        word,
        retry_after: None,
        outcome: "",
        tries: 1,
        another_helps: false,
        another_key_helps: false,
        account: Rest::Nothing,
        key: Rest::Nothing,
        key_status: "active",
        pool: Rest::Nothing,
        streamed: false,
    }
}

/// A row of an upstream that gives no answer.
fn broken(name: &str, action: Action, status: [u16; 4], word: [&'static str; 4]) -> Row {
    Row {
        name: name.to_owned(),
        answer: Box::new(move |_| action.clone()),
        outcome: "error:transient",
        another_helps: true,
        account: Rest::All(5),
        pool: Rest::All(5),
        ..row(0, &Value::Null, status, word)
    }
}
