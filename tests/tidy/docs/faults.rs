//! docs/faults.md.
//!
//! Owns: what each answer of upstream is taken for, and what that does, told by the program itself.
//! Must not know: the rules.

use std::fmt::Write as _;

use droid_protocol::dialect::Dialect;
use droid_protocol::fault::{Class, Fault, Retry, TransportKind};
use droid_protocol::translate::pair;
use droid_provider::clock::Timestamp;
use droid_provider::config::Config;
use droid_provider::pool::account::{Health, KeyStatus, Status};
use droid_provider::pool::cooldown::{self, KeySubject, Subject, Transition};

use super::section_is;

const PATH: &str = "docs/faults.md";
const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Statuses with the bodies that make a difference.
const ANSWERS: [(u16, &str, &str); 21] = [
    (400, "", "400"),
    (400, r#"{"error":{"code":"model_not_supported"}}"#, "400 that names the model"),
    (401, "", "401"),
    (402, "", "402"),
    (403, "", "403"),
    (403, r#"{"error":{"code":"model_not_available"}}"#, "403 that names the model"),
    (404, "", "404"),
    (404, r#"{"error":{"message":"model: claude-x"}}"#, "404 that names the model"),
    (405, "", "405"),
    (408, "", "408"),
    (409, "", "409"),
    (413, "", "413"),
    (415, "", "415"),
    (422, "", "422"),
    (429, "", "429"),
    (429, r#"{"error":{"code":"insufficient_quota"}}"#, "429 of a spent budget"),
    (500, "", "500"),
    (502, "", "502"),
    (503, "", "503"),
    (504, "", "504"),
    (529, "", "529"),
];

#[test]
fn answers_are_documented_as_they_are_taken() {
    let mut text =
        String::from("| upstream | class | try again | the host's word |\n|---|---|---|---|\n");
    for (status, body, shown) in ANSWERS {
        let fault = Fault::from_response(status, |_| None::<&str>, body.as_bytes(), NOW.0);
        line(&mut text, shown, &fault);
    }
    let connect = Fault::transport(TransportKind::Connect, "");
    line(&mut text, "no connection, TLS, timeout, reset, DNS, proxy", &connect);
    line(&mut text, "a stream without its terminal event", &Fault::truncated());
    line(&mut text, "the client went away", &Fault::client_closed());
    section_is(PATH, "answers", &text);
}

#[test]
fn what_clients_are_told_is_documented_as_they_are_told() {
    let mut text = String::from("| upstream |");
    for client in Dialect::ALL {
        write!(text, " {client} |").unwrap();
    }
    text.push_str("\n|---|---|---|---|---|\n");
    let mut row = |shown: &str, fault: &Fault| {
        write!(text, "| {shown} |").unwrap();
        for client in Dialect::ALL {
            let told = pair::error(client, fault, None);
            let body: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
            let error = &body["error"];
            let word = error.get("status").unwrap_or(&error["type"]).as_str().expect("a word");
            write!(text, " {} `{word}` |", told.status).unwrap();
        }
        text.push('\n');
    };
    for (status, body, shown) in ANSWERS {
        row(shown, &Fault::from_response(status, |_| None::<&str>, body.as_bytes(), NOW.0));
    }
    row("no answer in time", &Fault::transport(TransportKind::Timeout, ""));
    row("no connection, reset, no TLS, no proxy", &Fault::transport(TransportKind::Connect, ""));
    section_is(PATH, "told", &text);
}

#[test]
fn effects_are_documented_as_they_happen() {
    let mut text = String::from(
        "| class | times | a signed-in account | a key of a pool, another key being active |\n\
         |---|---|---|---|\n",
    );
    for (class, n_times) in [
        (Class::Request, 1),
        (Class::Model, 1),
        (Class::Credential, 1),
        (Class::Credential, 3),
        (Class::Quota, 1),
        (Class::Rate, 1),
        (Class::Transient, 1),
        (Class::Truncated, 1),
        (Class::Truncated, 2),
        (Class::ClientClosed, 1),
    ] {
        let name = word(&serde_json::to_value(class).expect("a word"));
        let (account, key) = (effect(class, n_times, false), effect(class, n_times, true));
        writeln!(text, "| {name} | {n_times} | {account} | {key} |").unwrap();
    }
    section_is(PATH, "effects", &text);
}

#[test]
fn transient_pauses_are_documented_as_they_grow() {
    let mut rows = Rows::default();
    let mut now = NOW;
    let mut pauses: Vec<i64> = Vec::new();
    while pauses.len() < 2 || pauses[pauses.len() - 1] != pauses[pauses.len() - 2] {
        rows.meet(&sample(Class::Transient), now, false);
        let until = rows.account.cooling.as_ref().expect("a pause").until;
        pauses.push((until.0 - now.0) / 1000);
        now = Timestamp(until.0 + 1);
    }
    pauses.pop();
    let pauses: Vec<String> = pauses.iter().map(|it| format!("{it} s")).collect();
    section_is(PATH, "pauses", &format!("{}, and never longer.", pauses.join(", ")));
}

/// Rows of an account and a key, fresh.
#[derive(Default)]
struct Rows {
    status: Option<Status>,
    account: Health,
    key: Health,
}

impl Rows {
    fn meet(&mut self, fault: &Fault, now: Timestamp, pool: bool) -> Vec<Transition> {
        let mut status = self.status.unwrap_or(Status::Active);
        let (mut why, mut key_why, mut key_status) = (None, None, KeyStatus::Active);
        let key =
            KeySubject { status: &mut key_status, error: &mut key_why, health: &mut self.key };
        let mut subject = Subject {
            account_status: &mut status,
            account_error: &mut why,
            account: &mut self.account,
            key: pool.then_some(key),
            other_keys_usable: pool,
        };
        let scheduling = Config::default().scheduling;
        let effect = cooldown::apply(&mut subject, fault, "the model", &scheduling, now);
        self.status = Some(status);
        effect.transitions
    }
}

/// What the last of so many faults in a row changes, in words.
fn effect(class: Class, n_times: usize, pool: bool) -> String {
    let mut rows = Rows::default();
    let mut last = Vec::new();
    for _ in 0..n_times {
        last = rows.meet(&sample(class), NOW, pool);
    }
    let said: Vec<String> = last.iter().map(said).collect();
    match said.is_empty() {
        true if matches!(class, Class::Request | Class::ClientClosed) => "untouched".to_owned(),
        true => "counted only".to_owned(),
        false => said.join(", "),
    }
}

fn said(transition: &Transition) -> String {
    let seconds = |until: &Timestamp| (until.0 - NOW.0) / 1000;
    match transition {
        Transition::Cooled { on, until } => format!("{on} rests {} s", seconds(until)),
        Transition::ModelPaused { on, until, .. } => {
            format!("{on} rests {} s for this model", seconds(until))
        }
        other => other.to_string(),
    }
}

fn sample(class: Class) -> Fault {
    let answer =
        |status, body: &str| Fault::from_response(status, |_| None::<&str>, body.as_bytes(), NOW.0);
    match class {
        Class::Request => answer(400, ""),
        Class::Model => answer(404, r#"{"error":{"message":"no such model"}}"#),
        Class::Credential => answer(403, ""),
        Class::Quota => answer(402, ""),
        Class::Rate => answer(429, ""),
        Class::Transient => answer(503, ""),
        Class::Truncated => Fault::truncated(),
        Class::ClientClosed => Fault::client_closed(),
    }
}

fn line(text: &mut String, shown: &str, fault: &Fault) {
    let class = word(&serde_json::to_value(fault.class).expect("a word"));
    let retry = match fault.retry {
        Retry::Never => "no",
        Retry::OtherAccount => "another account",
        Retry::AfterRefresh => "after one refresh, else another account",
    };
    writeln!(text, "| {shown} | {class} | {retry} | `{}` |", fault.host_error_type()).unwrap();
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
