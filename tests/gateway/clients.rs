//! Who may ask, whose key goes upstream, and each limit of a client key.
//!
//! Owns: what a client meets that is not let in.
//! Must not know: how a request that is let in is answered.

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, request};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::ask::{
    Ask, CLAUDE, GPT, KEY, account, asked, configured, keys, sent_header, started, until,
};
use super::kit::{host, start};

const UPSTREAM: &str = "/api/llm/a/v1/messages";
const POOLED: &str = "fk-pooled-0123456789abcdef";

async fn call(rig: &Rig, method: &str, params: Value) -> Value {
    rig.one_shot().call(method, params).await.expect("a result")
}

/// Makes a client key in another process, as the command line does; answers it with its id.
async fn made(rig: &Rig, more: Value) -> (String, String) {
    let mut params = more;
    params["name"] = json!("laptop");
    let made = call(rig, "create_client_key", params).await;
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    (text("id"), text("key"))
}

async fn ask_with(gateway: &Gateway, headers: &[(&str, &str)]) -> Answer {
    let ask = Ask::new(Dialect::Anthropic, CLAUDE, false);
    let url = gateway.url(&ask.path());
    request("POST", &url, headers.iter().copied(), ask.body().to_string().as_bytes()).await
}

async fn with_key(gateway: &Gateway, key: &str) -> Answer {
    ask_with(gateway, &[("x-api-key", key)]).await
}

/// With which token the last request went upstream.
fn bearer(rig: &Rig) -> String {
    let asked = asked(rig, UPSTREAM);
    let last = asked.last().expect("it was asked");
    sent_header(last, "authorization").expect("a token").to_owned()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let message = answer.json()["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains(text), "{message}");
}

#[tokio::test]
async fn without_a_key_that_is_known_nothing_is_asked_in_any_dialect() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let gateway = start(&rig).await;
    for dialect in [Dialect::Anthropic, Dialect::Responses, Dialect::Chat, Dialect::Gemini] {
        for key in [None, Some(""), Some("wrong"), Some("dpk_wrong"), Some("fk-own-key")] {
            let mut ask = Ask::new(dialect, CLAUDE, false);
            ask.headers.clear();
            if let Some(key) = key {
                ask =
                    ask.header("x-api-key", key).header("authorization", &format!("Bearer {key}"));
            }
            let answer = ask.send(&gateway).await;
            assert_eq!(answer.status, 401, "{dialect:?} {key:?}: {}", answer.text());
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(answer.json()["error"]["message"].is_string(), "{}", answer.text());
            assert!(!answer.text().contains("fk-own-key"));
        }
    }
    for path in ["/v1/models", "/v1/models/x", "/v1/messages/count_tokens", "/v1/nothing"] {
        assert_eq!(request("GET", &gateway.url(path), [], b"").await.status, 401, "{path}");
    }
    assert!(asked(&rig, UPSTREAM).is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_key_is_found_wherever_clients_put_it_and_when_another_process_made_it() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let gateway = start(&rig).await;
    assert_eq!(with_key(&gateway, "dpk_none").await.status, 401);
    let (id, key) = made(&rig, json!({})).await;
    let bearer = format!("Bearer {key}");
    // It was made a moment ago, and the gateway has just looked.
    assert_eq!(with_key(&gateway, &key).await.status, 200);
    for headers in
        [[("api-key", key.as_str())], [("x-goog-api-key", &key)], [("authorization", &bearer)]]
    {
        assert_eq!(ask_with(&gateway, &headers).await.status, 200, "{headers:?}");
    }
    // Clients that send two of them have one that is right.
    let both = [("x-api-key", "sk-ant-of-another-account"), ("authorization", bearer.as_str())];
    assert_eq!(ask_with(&gateway, &both).await.status, 200);
    let gemini = Ask::new(Dialect::Gemini, CLAUDE, false);
    let url = format!("{}?key={key}", gateway.url(&gemini.path()));
    let answer = request("POST", &url, [], gemini.body().to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for entry in asked(&rig, UPSTREAM) {
        assert!(!format!("{entry:?}").contains(&key), "a client's key never goes upstream");
    }

    call(&rig, "update_client_key", json!({ "client_key_id": id, "enabled": false })).await;
    until("it is refused", async || (with_key(&gateway, &key).await.status == 401).then_some(()))
        .await;
    assert_refused(&with_key(&gateway, &key).await, 401, "switched off");
    gateway.stop().await;
}

#[tokio::test]
async fn upstreams_key_is_the_clients_own_where_allowed_else_a_stored_one() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    for key in ["fk-of-the-client", "fk-passed-on"] {
        rig.fake.add_key(key);
    }
    let own = ("x-factory-api-key", "fk-of-the-client");
    let passed = ("authorization", "Bearer fk-passed-on");
    let known = ("x-api-key", KEY);
    for (config, cases) in [
        (
            json!({}),
            [
                (vec![known, own], Some(POOLED)),
                (vec![known, passed], Some(POOLED)),
                (vec![own], None),
                (vec![passed], None),
            ],
        ),
        (
            json!({ "gateway": { "factory_key_header": true } }),
            [
                (vec![known, own], Some("fk-of-the-client")),
                (vec![known], Some(POOLED)),
                (vec![own], Some("fk-of-the-client")),
                (vec![passed], None),
            ],
        ),
        (
            json!({ "gateway": { "pass_through": true } }),
            [
                (vec![known, passed], Some(POOLED)),
                (vec![own], None),
                (vec![passed], Some("fk-passed-on")),
                (vec![("authorization", "Bearer dpk_a-key-of-ours-with-a-mistake")], None),
            ],
        ),
    ] {
        super::ask::configure(&rig, config.clone());
        let gateway = started(&rig).await;
        for (headers, used) in cases {
            rig.fake.journal().clear();
            let answer = ask_with(&gateway, &headers).await;
            match used {
                Some(used) => {
                    assert_eq!(answer.status, 200, "{config} {headers:?}: {}", answer.text());
                    assert_eq!(bearer(&rig), format!("Bearer {used}"), "{config} {headers:?}");
                }
                None => {
                    assert_eq!(answer.status, 401, "{config} {headers:?}");
                    assert!(asked(&rig, UPSTREAM).is_empty(), "{config} {headers:?}");
                }
            }
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn the_environments_factory_key_goes_first_and_the_others_stand_behind_it() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({ "priority": 1 })).await;
    rig.fake.add_key("fk-environment-0123456789");
    let host =
        host(&rig).env("API_ACCESS_KEY", KEY).env("FACTORY_API_KEY", "fk-environment-0123456789");
    let gateway = Gateway::start(&host).await;
    assert_eq!(with_key(&gateway, KEY).await.status, 200);
    assert_eq!(bearer(&rig), "Bearer fk-environment-0123456789");
    rig.fake.block_key("fk-environment-0123456789", Some(402));
    assert_eq!(with_key(&gateway, KEY).await.status, 200);
    assert_eq!(bearer(&rig), format!("Bearer {POOLED}"));
    gateway.stop().await;
}

#[tokio::test]
async fn each_limit_of_a_key_is_told_in_the_clients_words_with_when_to_come_again() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let gateway = start(&rig).await;
    let over = |limits: Value| json!({ "limits": limits });
    let past = json!({ "expires_at": "2020-01-01T00:00:00Z" });
    for (fields, first, status, text, has_time) in [
        (past, false, 401, "expired", false),
        (json!({ "models": ["gpt*"] }), false, 403, "may not ask for this model", false),
        (over(json!({ "window_seconds": 3600, "window_requests": 1 })), true, 429, "window", true),
        (over(json!({ "window_seconds": 3600, "window_tokens": 1 })), true, 429, "window", true),
        (over(json!({ "daily_tokens": 1 })), true, 429, "this day", true),
        (over(json!({ "daily_cost": 0.000_000_1 })), true, 429, "this day", true),
        (over(json!({ "total_tokens": 1 })), true, 429, "used up its tokens", false),
        (over(json!({ "total_cost": 0.000_000_1 })), true, 429, "budget", false),
    ] {
        let (_, key) = made(&rig, fields.clone()).await;
        let answer = until("the key is known", async || {
            let answer = with_key(&gateway, &key).await;
            (!answer.text().contains("not one of this gateway")).then_some(answer)
        })
        .await;
        if first {
            assert_eq!(answer.status, 200, "{fields}: {}", answer.text());
        }
        // What an answer used is counted when it is sent.
        let answer = until("it is refused", async || {
            let answer = if first { with_key(&gateway, &key).await } else { answer.clone() };
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_refused(&answer, status, text);
        let seconds = answer.header("retry-after").and_then(|it| it.parse::<u64>().ok());
        assert_eq!(seconds.is_some(), has_time, "{fields}: {:?}", answer.headers);
        assert!(seconds.is_none_or(|it| (1..=86_400).contains(&it)), "{seconds:?}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_count_asks_the_keys_models_and_end_and_takes_none_of_its_places_or_requests() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let limits = json!({ "window_seconds": 3600, "window_requests": 1 });
    let (id, key) = made(&rig, json!({ "models": ["claude*"], "limits": limits })).await;
    let (_, over) = made(&rig, json!({ "expires_at": "2020-01-01T00:00:00Z" })).await;
    let gateway = start(&rig).await;
    let count = async |key: &str, model: &str| {
        let body = Ask::new(Dialect::Anthropic, model, false).body().to_string();
        let url = gateway.url("/v1/messages/count_tokens");
        request("POST", &url, [("x-api-key", key)], body.as_bytes()).await
    };
    for _ in 0..3 {
        assert_eq!(count(&key, CLAUDE).await.status, 200);
    }
    assert_refused(&count(&key, GPT).await, 403, "may not ask for this model");
    assert_refused(&count(&over, CLAUDE).await, 401, "expired");
    let list = request("GET", &gateway.url("/v1/models"), [("x-api-key", key.as_str())], b"").await;
    let ids = list.json()["data"].as_array().expect("a list").clone();
    assert!(!ids.is_empty() && ids.iter().all(|it| it["id"].as_str() == Some(CLAUDE)), "{ids:?}");
    for (model, status) in [(CLAUDE, 200), (GPT, 404)] {
        let url = gateway.url(&format!("/v1/models/{model}"));
        let one = request("GET", &url, [("x-api-key", key.as_str())], b"").await;
        assert_eq!(one.status, status, "{model}: {}", one.text());
    }
    let shown = call(&rig, "get_client_key", json!({ "client_key_id": id })).await;
    assert_eq!(shown["requests"], 0, "{shown}");
    assert_eq!(with_key(&gateway, &key).await.status, 200, "the one request is still there");
    gateway.stop().await;
}

#[tokio::test]
async fn a_place_is_free_again_after_an_answer_an_error_a_cut_and_a_client_that_left() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let (_, key) = made(&rig, json!({ "limits": { "concurrency": 1 } })).await;
    let gateway = start(&rig).await;
    let mut ask = Ask::new(Dialect::Anthropic, CLAUDE, true);
    ask.headers = vec![("x-api-key".to_owned(), key.clone())];
    for action in [
        None,
        Some(Action::status(400)),
        Some(Action::status(500)),
        Some(Action::Delay(Duration::from_millis(300))),
    ] {
        if let Some(action) = action {
            rig.fake.script().times(3, Match::any().path(UPSTREAM), action);
        }
        drop(ask.send(&gateway).await);
        rig.fake.script().clear();
        until("the place is free", async || {
            let answer = ask.send(&gateway).await;
            let limited = answer.text().contains("as many requests under way");
            (!limited).then_some(())
        })
        .await;
    }
    // One is under way, so a second one is turned away, until the first one's client leaves.
    rig.fake.script().next(Match::any().path(UPSTREAM), Action::Delay(Duration::from_secs(60)));
    rig.fake.journal().clear();
    let waiting = tokio::spawn({
        let (url, body) = (gateway.url(&ask.path()), ask.body().to_string());
        let key = key.clone();
        async move { request("POST", &url, [("x-api-key", key.as_str())], body.as_bytes()).await }
    });
    let under_way = |it: &[droid_testbed::upstream::Entry]| it.iter().any(|it| it.path == UPSTREAM);
    assert!(rig.fake.journal().wait_until(Duration::from_secs(10), under_way).await);
    assert_refused(&ask.send(&gateway).await, 429, "as many requests under way");
    waiting.abort();
    drop(waiting.await);
    until("the place is free", async || (ask.send(&gateway).await.status == 200).then_some(()))
        .await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_bound_key_uses_its_account_alone_and_never_another() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({ "priority": 1 })).await;
    let (id, token) = account(&rig, json!({ "priority": 99 })).await;
    let (_, strict) = made(&rig, json!({ "binding": id })).await;
    let (_, open) = made(&rig, json!({ "binding": format!("{id}?fallback") })).await;
    let gateway = start(&rig).await;
    for key in [&strict, &open] {
        assert_eq!(with_key(&gateway, key).await.status, 200);
        assert_eq!(bearer(&rig), format!("Bearer {token}"));
    }
    call(&rig, "set_credential_enabled", json!({ "credential_id": id, "enabled": false })).await;
    until("the other account is used", async || {
        let answer = with_key(&gateway, &open).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        (bearer(&rig) == format!("Bearer {POOLED}")).then_some(())
    })
    .await;
    assert_eq!(with_key(&gateway, &strict).await.status, 503);
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_asked_is_counted_to_its_key_and_noted_without_content() {
    let rig = configured(json!({})).await;
    keys(&rig, &[POOLED], json!({})).await;
    let (id, key) = made(&rig, json!({})).await;
    let gateway = Gateway::start(&host(&rig).env("RUST_LOG", "info")).await;
    let mut ask = Ask::new(Dialect::Chat, GPT, true).text("a canary in the text");
    ask = ask.more(json!({ "stream_options": { "include_usage": true } }));
    ask.headers = vec![("authorization".to_owned(), format!("Bearer {key}"))];
    let answer = ask.send(&gateway).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let usage = ask.read(&answer).usage;
    until("it is stored while the gateway runs", async || {
        let shown = call(&rig, "get_client_key", json!({ "client_key_id": id })).await;
        (shown["requests"] == 1).then_some(())
    })
    .await;
    let ended = gateway.stop().await;
    let shown = call(&rig, "get_client_key", json!({ "client_key_id": id })).await;
    assert_eq!(shown["tokens_used"], usage.total(), "{shown}");
    assert!(shown["cost"].as_f64().expect("a number") > 0.0, "{shown}");
    let line = ended.stderr.lines().find_map(|it| it.split_once("entry: ")).expect("a line").1;
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["status"], &line["outcome"]), (&json!(200), &json!("ok")), "{line}");
    assert_eq!(line["client_key"], json!(id));
    assert_eq!(line["attempts"][0]["status"], 200, "{line}");
    assert!(!ended.stderr.contains("canary") && !ended.stderr.contains(&key));
}

#[tokio::test]
async fn why_no_account_could_be_had_is_noted_with_the_request() {
    let rig = configured(json!({})).await;
    let off = json!({ "schedulable": false });
    keys(&rig, &[POOLED], off).await;
    let gateway =
        Gateway::start(&host(&rig).env("RUST_LOG", "info").env("API_ACCESS_KEY", KEY)).await;
    assert_eq!(with_key(&gateway, KEY).await.status, 503);
    let broken = gateway.url("/v1/messages");
    let answer = request("POST", &broken, [("x-api-key", KEY)], b"{").await;
    assert_eq!(answer.status, 400);
    gateway.stop().await;
    let db = rusqlite::Connection::open(rig.database()).expect("the database");
    let mut rows = db
        .prepare("SELECT status, outcome, skipped FROM requests ORDER BY started_at")
        .expect("a query");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows: Vec<(u16, String, String)> =
        rows.expect("rows").map(|it| it.expect("a row")).collect();
    assert_eq!((rows[0].0, rows[0].1.as_str()), (503, "error:no_account"));
    assert!(rows[0].2.contains("1]"), "{rows:?}");
    assert_eq!((rows[1].0, rows[1].1.as_str()), (400, "error:invalid"));
}
