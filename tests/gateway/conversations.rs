//! Conversations, model names, counts and lists.
//!
//! Owns: what upstream's prompt cache depends on; what a model's name does; the small routes.
//! Must not know: faults.

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::request;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Entry, Match};
use serde_json::{Value, json};

use super::ask::{
    Ask, CLAUDE, ENDPOINTS, GEMINI, GENERAL, GPT, KEY, account, asked, configured, keys, models,
    sent_body, sent_header, started,
};

/// What a client sends in one conversation: the same system prompt and tool, and these turns.
fn turns(client: Dialect, n: usize) -> Value {
    let schema = json!({ "type": "object", "properties": { "path": { "type": "string" } } });
    let (system, why) = ("You are careful.", "reads a file");
    let arguments = "{\"path\":\"a.rs\"}";
    let (mut body, member, all) = match client {
        Dialect::Anthropic => {
            let tool = json!({ "name": "read", "description": why, "input_schema": schema });
            let body = json!({ "system": system, "tools": [tool] });
            let call = json!({
                "type": "tool_use", "id": "toolu_1", "name": "read", "input": { "path": "a.rs" },
            });
            let result =
                json!({ "type": "tool_result", "tool_use_id": "toolu_1", "content": "the file" });
            let all = vec![
                json!({ "role": "user", "content": "the first question" }),
                json!({ "role": "assistant", "content": [call] }),
                json!({ "role": "user", "content": [result] }),
                json!({ "role": "assistant", "content": "an answer" }),
                json!({ "role": "user", "content": "the second question" }),
            ];
            (body, "messages", all)
        }
        Dialect::Responses => {
            let tool = json!({
                "type": "function", "name": "read", "description": why, "parameters": schema,
            });
            let body = json!({ "instructions": system, "tools": [tool] });
            let all = vec![
                json!({ "role": "user", "content": "the first question" }),
                json!({
                    "type": "function_call", "call_id": "call_1", "name": "read",
                    "arguments": arguments,
                }),
                json!({
                    "type": "function_call_output", "call_id": "call_1", "output": "the file",
                }),
                json!({ "role": "assistant", "content": "an answer" }),
                json!({ "role": "user", "content": "the second question" }),
            ];
            (body, "input", all)
        }
        Dialect::Chat => {
            let function = json!({ "name": "read", "description": why, "parameters": schema });
            let body = json!({ "tools": [{ "type": "function", "function": function }] });
            let call = json!({
                "id": "call_1", "type": "function",
                "function": { "name": "read", "arguments": arguments },
            });
            let all = vec![
                json!({ "role": "user", "content": "the first question" }),
                json!({ "role": "assistant", "content": null, "tool_calls": [call] }),
                json!({ "role": "tool", "tool_call_id": "call_1", "content": "the file" }),
                json!({ "role": "assistant", "content": "an answer" }),
                json!({ "role": "user", "content": "the second question" }),
            ];
            (body, "messages", all)
        }
        Dialect::Gemini => {
            let tool = json!({ "name": "read", "description": why, "parameters": schema });
            let body = json!({
                "systemInstruction": { "parts": [{ "text": system }] },
                "tools": [{ "functionDeclarations": [tool] }],
            });
            let call = json!({ "name": "read", "args": { "path": "a.rs" } });
            let result = json!({ "name": "read", "response": { "result": "the file" } });
            let all = vec![
                json!({ "role": "user", "parts": [{ "text": "the first question" }] }),
                json!({ "role": "model", "parts": [{ "functionCall": call }] }),
                json!({ "role": "user", "parts": [{ "functionResponse": result }] }),
                json!({ "role": "model", "parts": [{ "text": "an answer" }] }),
                json!({ "role": "user", "parts": [{ "text": "the second question" }] }),
            ];
            (body, "contents", all)
        }
    };
    let mut said: Vec<Value> = all.into_iter().take(n).collect();
    if client == Dialect::Chat {
        said.insert(0, json!({ "role": "system", "content": system }));
    }
    body[member] = Value::Array(said);
    body
}

/// Three requests of one conversation as an agent sends them; none names it unless `named`.
async fn assert_same_prefix(rig: &Rig, gateway: &Gateway, client: Dialect, at: usize, named: bool) {
    let (model, path, upstream) = ENDPOINTS[at];
    let case = format!("{client} to {path}, named {named}");
    rig.fake.journal().clear();
    for n in [1, 3, 5] {
        let mut ask = Ask::new(client, model, true).more(turns(client, n));
        if named {
            ask = ask.header("x-session-id", &format!("{client}-{at}"));
        }
        let answer = ask.send(gateway).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.text());
        // Others in between, which move the least recently used account on.
        for other in 0..2 {
            let other = Ask::new(client, model, true).text(&format!("another {at} {other}"));
            assert_eq!(other.send(gateway).await.status, 200, "{case}");
        }
    }
    let sent = asked(rig, path);
    assert_eq!(sent.len(), 9, "{case}");
    let (others, ours): (Vec<_>, Vec<_>) =
        sent.iter().partition(|it| String::from_utf8_lossy(&it.body).contains("another "));
    let member = match upstream {
        Dialect::Anthropic | Dialect::Chat => "messages",
        Dialect::Responses => "input",
        Dialect::Gemini => "contents",
    };
    for (pair, last) in ours.windows(2).zip(["the first question", "the file"]) {
        for header in ["authorization", "x-session-id"] {
            let told = sent_header(pair[0], header);
            assert!(told.is_some(), "{case}: {header}");
            assert_eq!(told, sent_header(pair[1], header), "{case}: {header}");
        }
        let message = "x-assistant-message-id";
        assert_ne!(sent_header(pair[0], message), sent_header(pair[1], message), "{case}");
        // The longer one begins as the shorter one, to the end of what was last said.
        let same = pair[0].body.iter().zip(&pair[1].body).take_while(|(one, two)| one == two);
        let same = String::from_utf8_lossy(&pair[0].body[..same.count()]).into_owned();
        assert!(same.contains(last), "{case}: they part after {same}");
        let (mut one, mut two) = (sent_body(pair[0]), sent_body(pair[1]));
        let took = |it: &mut Value| it.as_object_mut().expect("members").remove(member);
        assert!(took(&mut one).is_some() && took(&mut two).is_some(), "{case}");
        assert_eq!(one, two, "{case}: what surrounds the turns");
    }
    let session = |it: &Entry| sent_header(it, "x-session-id").expect("one").to_owned();
    for other in others {
        assert_ne!(session(other), session(ours[0]), "{case}: another conversation");
    }
}

#[tokio::test]
async fn requests_of_a_session_have_the_same_prefix_account_and_session_upstream() {
    let rig = configured(json!({})).await;
    for _ in 0..3 {
        account(&rig, json!({})).await;
    }
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        for at in 0..ENDPOINTS.len() {
            for named in [false, true] {
                assert_same_prefix(&rig, &gateway, client, at, named).await;
            }
        }
    }
    gateway.stop().await;
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
