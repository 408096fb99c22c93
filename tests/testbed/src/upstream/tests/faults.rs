//! Scripted faults as a bare TCP client sees them, the journal, and the control routes.
//!
//! Owns: one test a fault.
//! Must not know: dialects.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    SOON, chunk_sizes, fake, llm_headers, messages, open, plain, raw, refresh, reply, request, send,
};
use crate::upstream::{Action, Endpoint, Fake, FakeConfig, Match};

const PATH: &str = "/api/llm/a/v1/messages";

async fn with_key() -> Fake {
    let fake = fake().await;
    fake.add_key("fk-one");
    fake
}

fn asking(stream: bool) -> Vec<u8> {
    let headers = llm_headers("fk-one");
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    request("POST", PATH, &headers, &plain("hi", stream).to_string())
}

async fn whole_stream(fake: &Fake) -> Vec<u8> {
    reply(&raw(fake, &asking(true)).await.bytes).body
}

#[tokio::test]
async fn a_reset_before_headers_is_a_real_reset() {
    let fake = with_key().await;
    fake.script().next(Match::any(), Action::ResetBeforeHeaders);
    let seen = raw(&fake, &asking(true)).await;
    assert!(seen.bytes.is_empty());
    assert_eq!(seen.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(fake.journal().entries()[0].cut_at.is_some());
    assert_eq!(fake.script().pending(), 0);
    raw(&fake, &asking(true)).await.end.unwrap();
}

#[tokio::test]
async fn a_reset_mid_stream_gives_so_many_bytes_and_then_the_reset() {
    let fake = with_key().await;
    let all = whole_stream(&fake).await;
    for at in [0, 1, 500] {
        fake.script().next(Match::any(), Action::ResetAfterBytes(at));
        let seen = raw(&fake, &asking(true)).await;
        assert_eq!(seen.end.unwrap_err().kind(), ErrorKind::ConnectionReset, "at {at}");
        let got = reply(&seen.bytes);
        assert_eq!((got.status, &*got.body), (200, &all[..at]));
        assert!(!got.whole);
    }
}

#[tokio::test]
async fn truncation_is_a_clean_end_and_close_is_not() {
    let fake = with_key().await;
    let all = whole_stream(&fake).await;
    fake.script().next(Match::any(), Action::TruncateAfterBytes(700));
    let seen = raw(&fake, &asking(true)).await;
    seen.end.unwrap();
    let got = reply(&seen.bytes);
    assert_eq!((&*got.body, got.whole), (&all[..700], true));
    fake.script().next(Match::any(), Action::CloseAfterBytes(700));
    let seen = raw(&fake, &asking(true)).await;
    seen.end.unwrap();
    let got = reply(&seen.bytes);
    assert_eq!((&*got.body, got.whole), (&all[..700], false));
    fake.script().next(Match::any(), Action::CloseConnection);
    let seen = raw(&fake, &asking(true)).await;
    seen.end.unwrap();
    assert!(seen.bytes.is_empty());
}

#[tokio::test]
async fn splits_fall_where_they_were_ordered() {
    let fake = with_key().await;
    let all = whole_stream(&fake).await;
    fake.script().next(Match::any(), Action::SplitAt(vec![1, 3, 700]));
    let seen = raw(&fake, &asking(true)).await;
    assert_eq!(chunk_sizes(&seen.bytes), [1, 2, 697, all.len() - 700, 0]);
    assert_eq!(reply(&seen.bytes).body, all);
    fake.script().next(Match::any(), Action::SplitEvery(1));
    let seen = raw(&fake, &asking(true)).await;
    assert_eq!(chunk_sizes(&seen.bytes).len(), all.len() + 1);
    assert_eq!(reply(&seen.bytes).body, all);
}

#[tokio::test]
async fn a_hanging_stream_stays_open_until_the_client_leaves() {
    let fake = with_key().await;
    fake.script().next(Match::any(), Action::HangAfterBytes(100));
    fake.script().next(Match::any(), Action::Hang);
    for bytes in [100, 0] {
        let mut stream = open(&fake).await;
        stream.write_all(&asking(true)).await.unwrap();
        assert!(fake.journal().wait_until(SOON, |it| !it.is_empty()).await);
        if bytes > 0 {
            let mut first = [0; 64];
            assert!(stream.read(&mut first).await.unwrap() > 0);
        }
        let entry = fake.journal().entries().pop().unwrap();
        assert_eq!((entry.client_gone_at, entry.answer_finished_at), (None, None));
        drop(stream);
        let gone = |it: &[crate::upstream::Entry]| it.last().unwrap().client_gone_at.is_some();
        assert!(fake.journal().wait_until(SOON, gone).await, "nobody noticed the client leave");
        fake.journal().clear();
    }
}

#[tokio::test]
async fn an_endless_stream_is_as_long_as_ordered_and_ends_properly() {
    let fake = with_key().await;
    fake.script().next(Match::any(), Action::InfiniteStream { bytes: 1_000_000 });
    let got = reply(&raw(&fake, &asking(true)).await.bytes);
    assert!(got.whole && (1_000_000..1_100_000).contains(&got.body.len()), "{}", got.body.len());
    let text = got.text();
    assert!(text.starts_with("event: message_start") && text.contains("event: message_stop"));
    assert!(text.matches("text_delta").count() > 5_000);
    let wires = [("responses", "sequence_number"), ("chat", "\"content\""), ("gemini", "\"text\"")];
    for (dialect, member) in wires {
        let library = super::super::fixtures::Library::embedded();
        let fixture = library.get(dialect, "plain_text", true).unwrap();
        let all: Vec<_> = super::super::fixtures::endless(fixture.text, 100_000).collect();
        let text = String::from_utf8(all.concat()).unwrap();
        assert!(text.matches(member).count() > 100, "{dialect}");
        let ending = &fixture.text[fixture.text.len() - 100..];
        assert!(text.ends_with(ending), "{dialect} does not end as recorded");
        let numbers = text.split("\"sequence_number\":").skip(1);
        let numbers =
            numbers.map(|it| it.split([',', '}']).next().unwrap().parse::<usize>().unwrap());
        assert!(numbers.enumerate().all(|(at, number)| at == number), "{dialect}: numbers jump");
    }
}

#[tokio::test]
async fn statuses_come_with_their_headers_and_spend_nothing() {
    let fake = with_key().await;
    let account = fake.mint_account();
    let busy = Action::Status {
        status: 503,
        headers: vec![
            ("retry-after".into(), "7".into()),
            ("content-type".into(), "text/html".into()),
        ],
        body: "<busy>".into(),
    };
    fake.script().next(Match::endpoint(Endpoint::Refresh), busy);
    let reply = refresh(&fake, &account.refresh_token).await;
    assert_eq!((reply.status, reply.text()), (503, "<busy>"));
    assert!(
        reply.head.contains("retry-after: 7") && reply.head.contains("content-type: text/html")
    );
    assert!(fake.state(&account.refresh_token).unwrap().is_current);
    assert_eq!(refresh(&fake, &account.refresh_token).await.status, 200);
}

#[tokio::test]
async fn a_rotation_can_lose_its_answer() {
    let fake = with_key().await;
    let account = fake.mint_account();
    fake.script().next(Match::endpoint(Endpoint::Token), Action::ResetAfterRotation);
    let fields = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}",
        super::CLIENT,
        account.refresh_token
    );
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let seen = raw(&fake, &request("POST", "/user_management/authenticate", &kind, &fields)).await;
    assert_eq!(seen.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let entry = &fake.journal().entries()[0];
    assert!(entry.rotated_at.is_some() && entry.answer_started_at.is_none());
    assert_eq!(fake.state(&account.refresh_token).unwrap().rotations, 1);
    assert!(!fake.state(&account.refresh_token).unwrap().is_current);
}

#[tokio::test]
async fn a_delay_after_rotation_lies_between_rotation_and_answer() {
    let fake = with_key().await;
    let account = fake.mint_account();
    let delay = Duration::from_millis(50);
    fake.script().next(Match::endpoint(Endpoint::Refresh), Action::DelayAfterRotation(delay));
    assert_eq!(refresh(&fake, &account.refresh_token).await.status, 200);
    let entry = &fake.journal().entries()[0];
    let (rotated, started) = (entry.rotated_at.unwrap(), entry.answer_started_at.unwrap());
    assert!(rotated + 50_000 <= started && started <= entry.answer_finished_at.unwrap());
    assert!(entry.received_at <= rotated && entry.client_gone_at.is_none());
}

#[tokio::test]
async fn orders_are_served_in_turn_to_those_they_are_for() {
    let fake = with_key().await;
    fake.add_key("fk-two");
    let ask = plain("hi", false);
    fake.script().always(Match::any().token("fk-two"), Action::status(500));
    fake.script().times(
        2,
        Match::endpoint(Endpoint::Anthropic).token("fk-one"),
        Action::status(429),
    );
    fake.script().next(Match::any().path(PATH).token("fk-one"), Action::status(503));
    for (key, status) in [
        ("fk-one", 429),
        ("fk-two", 500),
        ("fk-one", 429),
        ("fk-one", 503),
        ("fk-one", 200),
        ("fk-two", 500),
    ] {
        assert_eq!(messages(&fake, key, &ask).await.status, status, "{key}");
    }
    fake.script().clear();
    assert_eq!(messages(&fake, "fk-two", &ask).await.status, 200);
    let both = Action::All(vec![Action::case("tool_call"), Action::TruncateAfterBytes(9)]);
    fake.script().next(Match::any(), both);
    assert_eq!(messages(&fake, "fk-one", &ask).await.body.len(), 9);
}

#[tokio::test]
async fn down_refuses_connections_and_up_remembers() {
    let mut fake = with_key().await;
    let mut idle = open(&fake).await;
    fake.go_down().await;
    let refused = tokio::net::TcpStream::connect(fake.addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut buffer = [0; 1];
    assert!(!matches!(idle.read(&mut buffer).await, Ok(1..)), "an old connection lives");
    fake.come_up().await;
    assert_eq!(messages(&fake, "fk-one", &plain("hi", false)).await.status, 200);
}

#[tokio::test]
async fn events_keep_their_distance() {
    let delay = Duration::from_millis(5);
    let fake = Fake::start(FakeConfig { event_delay: delay, ..FakeConfig::default() }).await;
    fake.add_key("fk-one");
    let got = reply(&raw(&fake, &asking(true)).await.bytes);
    let events = u64::try_from(got.text().matches("event: ").count()).unwrap();
    let entry = &fake.journal().entries()[0];
    let took = entry.answer_finished_at.unwrap() - entry.answer_started_at.unwrap();
    assert!(took >= (events - 1) * 5_000, "{events} events in {took} us");
}

#[tokio::test]
async fn the_journal_keeps_what_was_sent() {
    let fake = with_key().await;
    messages(&fake, "fk-one", &plain("hi", false)).await;
    let entry = &fake.journal().on(PATH)[0];
    assert_eq!(entry.method, "POST");
    assert!(entry.headers.contains(&("x-factory-client".into(), "cli".into())));
    assert_eq!(entry.body, plain("hi", false).to_string());
    assert_eq!((entry.status, entry.client_gone_at), (Some(200), None));
    assert!(entry.bytes_sent > 0 && entry.answer_finished_at.is_some());
}

async fn control(fake: &Fake, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = send(fake, method, &format!("/__control/{path}"), &[], &body).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

#[tokio::test]
async fn another_process_steers_everything_over_http() {
    let fake = fake().await;
    let user =
        control(&fake, "POST", "users", json!({"email": "c@example.test", "orgs": ["org_c"]}))
            .await;
    let account = control(&fake, "POST", "accounts", json!({"user": user["id"]})).await;
    assert_eq!(account["org"], "org_c");
    control(&fake, "POST", "keys", json!({"key": "fk-one"})).await;
    let order = json!({"mode": "times", "n": 1, "match": {"endpoint": "anthropic", "token": "fk-one"},
        "action": {"status": {"status": 418}}});
    control(&fake, "POST", "script", order).await;
    assert_eq!(messages(&fake, "fk-one", &plain("hi", false)).await.status, 418);
    control(
        &fake,
        "POST",
        "script",
        json!({"mode": "always", "action": {"all": [{"delay": 1}, "reset_before_headers"]}}),
    )
    .await;
    assert!(raw(&fake, &asking(false)).await.end.is_err());
    control(&fake, "POST", "script/clear", Value::Null).await;
    assert_eq!(messages(&fake, "fk-one", &plain("hi", false)).await.status, 200);
    control(&fake, "POST", "access/expire", Value::Null).await;
    let access = account["access_token"].as_str().unwrap();
    assert_eq!(messages(&fake, access, &plain("hi", false)).await.status, 401);

    let token = json!({"refresh_token": account["refresh_token"]});
    assert_eq!(control(&fake, "POST", "families/state", token.clone()).await["alive"], true);
    control(&fake, "POST", "families/revoke", token.clone()).await;
    assert_eq!(control(&fake, "POST", "families/state", token).await["revoked_by"], "control");
    assert_eq!(control(&fake, "GET", "stats", Value::Null).await["revoked"], 1);
    control(&fake, "POST", "quirks", json!({"omit_user": true})).await;
    control(&fake, "POST", "advance", json!({"seconds": 1})).await;
    control(&fake, "POST", "users/sign-in", json!({"user": user["id"]})).await;
    assert_eq!(control(&fake, "GET", "device", Value::Null).await, json!([]));
    assert_eq!(control(&fake, "POST", "device/deny", json!({"code": "x"})).await["decided"], false);

    let journal = control(&fake, "GET", "journal", Value::Null).await;
    let first = &journal[0];
    assert_eq!((&first["path"], &first["status"]), (&json!(PATH), &json!(418)));
    assert_eq!(first["body"], plain("hi", false).to_string());
    let later = control(&fake, "GET", "journal?since=2", Value::Null).await;
    assert_eq!(later.as_array().unwrap().len(), journal.as_array().unwrap().len() - 2);
    control(&fake, "POST", "journal/clear", Value::Null).await;
    assert_eq!(control(&fake, "GET", "journal", Value::Null).await, json!([]));
    let wrong = send(&fake, "POST", "/__control/script", &[], "{\"action\": \"explode\"}").await;
    assert_eq!(wrong.status, 400);
}
