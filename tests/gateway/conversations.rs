//! Conversations, model names, counts and lists.
//!
//! Owns: what upstream's prompt cache depends on; what a model's name does; the small routes.
//! Must not know: faults.

use droid_protocol::dialect::Dialect;
use droid_testbed::http::request;
use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use super::ask::{
    Ask, CLAUDE, ENDPOINTS, GEMINI, GENERAL, GPT, KEY, account, asked, configured, keys, models,
    sent_body, sent_header, started,
};

#[tokio::test]
async fn two_requests_of_a_session_have_the_same_prefix_account_and_session_upstream() {
    for (model, path, _) in ENDPOINTS {
        for client in Dialect::ALL {
            let rig = configured(json!({})).await;
            for _ in 0..3 {
                account(&rig, json!({})).await;
            }
            let gateway = started(&rig).await;
            let first = Ask::new(client, model, true).text("the first question");
            assert_eq!(first.send(&gateway).await.status, 200);
            // Others in between, which move the least recently used account on.
            for at in 0..2 {
                let other = Ask::new(client, model, true).text(&format!("another {at}"));
                assert_eq!(other.send(&gateway).await.status, 200);
            }
            let (turns, member) = match client {
                Dialect::Anthropic | Dialect::Chat => (
                    json!([{ "role": "user", "content": "the first question" },
                        { "role": "assistant", "content": "an answer" },
                        { "role": "user", "content": "the second" }]),
                    "messages",
                ),
                Dialect::Responses => (
                    json!([{ "role": "user", "content": "the first question" },
                        { "role": "assistant", "content": "an answer" },
                        { "role": "user", "content": "the second" }]),
                    "input",
                ),
                Dialect::Gemini => (
                    json!([{ "role": "user", "parts": [{ "text": "the first question" }] },
                        { "role": "model", "parts": [{ "text": "an answer" }] },
                        { "role": "user", "parts": [{ "text": "the second" }] }]),
                    "contents",
                ),
            };
            // Responses clients name their conversation; a bare string and a list differ.
            let named = |ask: Ask| ask.header("x-session-id", "one");
            let again = Ask::new(client, model, true).more(json!({ member: turns }));
            let (first, again) = (named(first), named(again));
            for ask in [&first, &again] {
                assert_eq!(ask.send(&gateway).await.status, 200);
            }
            let sent = asked(&rig, path);
            let [.., one, two] = sent.as_slice() else { panic!("{}", sent.len()) };
            for header in ["authorization", "x-session-id"] {
                assert_eq!(sent_header(one, header), sent_header(two, header), "{header}");
            }
            let message = "x-assistant-message-id";
            assert_ne!(sent_header(one, message), sent_header(two, message));
            let text = |it: &droid_testbed::upstream::Entry| {
                String::from_utf8_lossy(&it.body).into_owned()
            };
            let head = |it: &str| it.split("the first question").next().expect("a head").to_owned();
            let (one, two) = (text(one), text(two));
            if client != Dialect::Responses {
                assert_eq!(head(&one), head(&two), "{client} to {path}");
            }
            gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn names_are_redirected_and_levels_of_reasoning_set() {
    let mut catalogue = models();
    catalogue[0]["reasoning"] = json!("high");
    catalogue[0]["aliases"] = json!(["sonnet"]);
    catalogue[1]["reasoning"] = json!("low");
    let rig = configured(json!({
        "models": catalogue,
        "model_redirects": { "o-magic": GPT, "*haiku*": CLAUDE },
    }))
    .await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for (asked_for, at, sent, member, level) in [
        ("sonnet", 0, CLAUDE, "/thinking/budget_tokens", json!(24576)),
        ("claude-3-haiku", 0, CLAUDE, "/thinking/budget_tokens", json!(24576)),
        ("o-magic", 1, GPT, "/reasoning/effort", json!("low")),
        (GENERAL, 2, GENERAL, "/reasoning_effort", Value::Null),
        (GEMINI, 3, GEMINI, "/generationConfig/thinkingConfig", Value::Null),
    ] {
        for client in Dialect::ALL {
            rig.fake.journal().clear();
            let answer = Ask::new(client, asked_for, false).send(&gateway).await;
            assert_eq!(answer.status, 200, "{client} {asked_for}: {}", answer.text());
            let entries = asked(&rig, ENDPOINTS[at].1);
            let body = sent_body(&entries[0]);
            assert_eq!(body["model"], sent, "{client}");
            let set = body.pointer(member).cloned().unwrap_or(Value::Null);
            assert_eq!(set, level, "{client} {asked_for}: {body}");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_an_endpoint_has_no_place_for_is_named_in_a_header_without_its_value() {
    let rig = configured(json!({})).await;
    account(&rig, json!({})).await;
    let gateway = started(&rig).await;
    let more = json!({ "top_k": 987_654, "metadata": { "canary": "it" } });
    for stream in [false, true] {
        let ask = Ask::new(Dialect::Anthropic, GENERAL, stream).more(more.clone());
        let answer = ask.send(&gateway).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let dropped = answer.header("x-droid-dropped").expect("something is lost").to_owned();
        assert!(dropped.split(", ").any(|it| it == "top_k"), "{dropped}");
        assert!(!dropped.contains("987654") && !dropped.contains("canary"), "{dropped}");
    }
    for (model, more) in [(GENERAL, json!({})), (CLAUDE, more)] {
        let answer = Ask::new(Dialect::Anthropic, model, false).more(more).send(&gateway).await;
        assert_eq!(answer.header("x-droid-dropped"), None, "{model}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn tokens_are_counted_by_upstream_where_it_can_else_about_and_cost_nothing() {
    let rig = configured(json!({})).await;
    let (id, _) = account(&rig, json!({ "max_concurrency": 1 })).await;
    let gateway = started(&rig).await;
    let before = super::ask::shown(&rig, &id).await;
    let count = async |path: &str, ask: &Ask| {
        let headers: Vec<(&str, &str)> =
            ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = ask.body().to_string();
        let answer = request("POST", &gateway.url(path), headers, body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let by = answer.header("x-droid-token-count").expect("it says by whom").to_owned();
        let json = answer.json();
        let tokens = json["input_tokens"].as_u64().or(json["totalTokens"].as_u64());
        (by, tokens.expect("a number"))
    };
    let anthropic = |model: &str| Ask::new(Dialect::Anthropic, model, false);
    let (by, tokens) = count("/v1/messages/count_tokens", &anthropic(CLAUDE)).await;
    let entries = asked(&rig, "/api/llm/a/v1/messages/count_tokens");
    assert_eq!(by, "upstream", "{:?}", entries.first().map(|it| &it.refused));
    assert!(tokens > 0);
    let (by, tokens) = count("/v1/messages/count_tokens", &anthropic(GENERAL)).await;
    assert_eq!(by, "estimate");
    assert!(tokens > 0);
    let gemini = Ask::new(Dialect::Gemini, CLAUDE, false);
    let path = format!("/v1beta/models/{CLAUDE}:countTokens");
    let (by, _) = count(&path, &gemini).await;
    let entries = asked(&rig, "/api/llm/a/v1/messages/count_tokens");
    let refused = entries.last().map(|it| (it.seq, &it.refused, it.status));
    assert_eq!(by, "upstream", "{refused:?}");
    let path = format!("/v1beta/models/{GENERAL}:countTokens");
    assert_eq!(count(&path, &gemini).await.0, "estimate");
    let responses = Ask::new(Dialect::Responses, GPT, false);
    assert_eq!(count("/v1/responses/input_tokens", &responses).await.0, "estimate");
    // Whatever upstream says, there is a number, and nobody pays for it.
    for code in [401, 402, 404, 429, 500] {
        let order = Match::endpoint(Endpoint::CountTokens);
        rig.fake.script().next(order, Action::status(code));
        assert_eq!(count("/v1/messages/count_tokens", &anthropic(CLAUDE)).await.0, "estimate");
    }
    assert_eq!(super::ask::shown(&rig, &id).await, before, "no use, no pause");
    gateway.stop().await;
}

#[tokio::test]
async fn models_are_listed_in_the_clients_shape() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let get = async |path: &str, headers: &[(&str, &str)]| {
        let url = gateway.url(path);
        request("GET", &url, headers.iter().copied(), b"").await
    };
    let bearer = format!("Bearer {KEY}");
    let openai = [("authorization", bearer.as_str())];
    let list = get("/v1/models", &openai).await.json();
    assert_eq!(list["object"], "list");
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!([CLAUDE, GPT, GENERAL, GEMINI].iter().all(|it| ids.contains(it)), "{ids:?}");
    let created = list["data"][0]["created"].as_i64().expect("a time");
    assert!((1_500_000_000..2_500_000_000).contains(&created), "{created} is in seconds");
    let anthropic = [("x-api-key", KEY), ("anthropic-version", "2023-06-01")];
    let list = get("/v1/models", &anthropic).await.json();
    assert_eq!((&list["data"][0]["type"], &list["has_more"]), (&json!("model"), &json!(false)));
    let list = get("/v1beta/models", &[("x-goog-api-key", KEY)]).await.json();
    assert_eq!(list["models"][0]["name"], json!(format!("models/{CLAUDE}")));
    let one = get(&format!("/v1/models/{GPT}"), &openai).await;
    assert_eq!((one.status, one.json()["id"].clone()), (200, json!(GPT)));
    let none = get("/v1/models/nobody-has-it", &openai).await;
    assert_eq!(none.status, 404);
    assert_eq!(none.json()["error"]["code"], "model_not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_the_clients_words_and_probes_are_answered() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    let bearer = format!("Bearer {KEY}");
    let key = [("authorization", bearer.as_str())];
    let ask = async |method: &str, path: &str| request(method, &gateway.url(path), key, b"").await;
    for path in ["/", "/api/hello"] {
        assert_eq!(request("HEAD", &gateway.url(path), [], b"").await.status, 200, "{path}");
    }
    let answer = ask("POST", "/v1/embeddings").await;
    assert_eq!((answer.status, answer.json()["error"]["type"].is_string()), (404, true));
    let answer = ask("POST", "/v1beta/models/x:embedContent").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (404, json!(404)));
    let answer = ask("GET", "/v1/messages").await;
    assert_eq!((answer.status, answer.json()["type"].clone()), (405, json!("error")));
    assert_eq!(answer.header("allow"), Some("POST"));
    gateway.stop().await;
}
