//! The fault table, met by a client of each dialect.
//!
//! Owns: status, envelope, headers, how often upstream was asked, what became of the account.
//! Must not know: what the pool does with a fault beyond that (`tests/scheduler`).

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::Answer;
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::ask::{
    Ask, CLAUDE, ENDPOINTS, account, asked, configured, keys, sent_header, shown, started, until,
};
use super::envelope::envelope;

/// What a fault must not touch: everything but how often and when it was used.
async fn state(rig: &Rig, id: &str) -> Value {
    let mut shown = shown(rig, id).await;
    for field in ["last_used_at", "uses", "tokens_used", "revision", "last_refresh_at"] {
        shown.as_object_mut().expect("an object").remove(field);
    }
    shown
}

fn status(status: u16, headers: &[(&str, &str)], body: &Value) -> Action {
    let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Action::Status { status, headers, body: body.to_string() }
}

/// Checks that an error is one of the client's own dialect, and answers its text.
fn told(dialect: Dialect, answer: &Answer) -> String {
    envelope(dialect, answer).1
}

/// A gateway over two signed-in accounts, asked in this order.
async fn two() -> (Rig, Gateway, [(String, String); 2]) {
    let rig = configured(json!({})).await;
    let first = account(&rig, json!({ "priority": 0 })).await;
    let second = account(&rig, json!({ "priority": 1 })).await;
    let gateway = started(&rig).await;
    (rig, gateway, [first, second])
}

#[tokio::test]
async fn a_clients_mistake_costs_no_account_and_is_asked_once() {
    let (rig, gateway, [(first, _), (second, _)]) = two().await;
    let before = (state(&rig, &first).await, state(&rig, &second).await);
    let body = json!({ "error": { "type": "invalid_request_error", "message": "top_k is wrong" } });
    for (model, path, _) in ENDPOINTS {
        for client in Dialect::ALL {
            for code in [400, 404, 405, 408, 409, 413, 415, 422] {
                rig.fake.journal().clear();
                rig.fake.script().next(Match::any().path(path), status(code, &[], &body));
                let answer = Ask::new(client, model, code % 2 == 0).send(&gateway).await;
                assert_eq!(answer.status, code, "{client} to {path}: {}", answer.text());
                assert_eq!(told(client, &answer), "top_k is wrong", "{client} {code}");
                assert_eq!(asked(&rig, path).len(), 1, "{client} {code}");
            }
        }
    }
    assert_eq!((state(&rig, &first).await, state(&rig, &second).await), before);
    gateway.stop().await;
}

#[tokio::test]
async fn another_account_answers_where_one_cannot() {
    let body = json!({ "error": { "message": "no" } });
    for (code, first_is) in
        [(402, "cooling"), (403, "healthy"), (429, "cooling"), (500, "cooling"), (529, "cooling")]
    {
        let (rig, gateway, [(first, token), (second, other)]) = two().await;
        let mut conversation = 0;
        for client in Dialect::ALL {
            for (model, path, _) in ENDPOINTS {
                let reset = json!({ "credential_id": first });
                rig.one_shot().call("reset_credential", reset).await.expect("reset");
                let order = Match::any().path(path).token(&token);
                rig.fake.script().next(order, status(code, &[], &body));
                // The gateway hears of the reset within a fifth of a second.
                let answer = until("the first account is asked again", async || {
                    rig.fake.journal().clear();
                    // One of its own: none that sticks to the second account.
                    conversation += 1;
                    let ask = Ask::new(client, model, true)
                        .header("x-session-id", &conversation.to_string());
                    let answer = ask.send(&gateway).await;
                    assert_eq!(answer.status, 200, "{client} {code}: {}", answer.text());
                    (asked(&rig, path).len() == 2).then_some(answer)
                })
                .await;
                assert!(answer.whole, "{client} {code}");
                let bearers: Vec<String> = asked(&rig, path)
                    .iter()
                    .map(|it| sent_header(it, "authorization").expect("one").to_owned())
                    .collect();
                let expected = [format!("Bearer {token}"), format!("Bearer {other}")];
                assert!(bearers == expected, "{client} {code}: the first, then the second");
            }
        }
        assert_eq!(shown(&rig, &first).await["health"], first_is, "{code}");
        assert_eq!(shown(&rig, &second).await["health"], "healthy", "{code}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn when_all_are_limited_the_client_hears_when_the_first_is_free_again() {
    for client in Dialect::ALL {
        let (rig, gateway, [(_, token), (_, other)]) = two().await;
        let path = ENDPOINTS[0].1;
        let body = json!({ "error": { "type": "rate_limit_error", "message": "slow down" } });
        for (token, seconds) in [(&token, "90"), (&other, "40")] {
            let headers = [
                ("retry-after", seconds),
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("x-ratelimit-limit-requests", "50"),
                ("request-id", "req_upstream"),
                ("anthropic-organization-id", "not-the-clients-business"),
            ];
            let order = Match::any().path(path).token(token);
            rig.fake.script().always(order, status(429, &headers, &body));
        }
        let answer = Ask::new(client, CLAUDE, false).send(&gateway).await;
        assert_eq!(answer.status, 429, "{client}: {}", answer.text());
        assert_eq!(told(client, &answer), "slow down");
        let seconds =
            |it: &Answer| it.header("retry-after").expect("a time").parse::<u64>().unwrap();
        assert!((35..=40).contains(&seconds(&answer)), "{client}: {:?}", answer.headers);
        assert_eq!(answer.header("request-id"), Some("req_upstream"));
        assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("50"));
        assert_eq!(answer.header("anthropic-ratelimit-requests-remaining"), Some("0"));
        assert_eq!(answer.header("anthropic-organization-id"), None);
        assert_eq!(asked(&rig, path).len(), 2, "each once");
        // Probes are over by then: nobody is asked.
        let answer = until("nobody is left to be asked", async || {
            let answer = Ask::new(client, CLAUDE, false).send(&gateway).await;
            answer.text().contains("cooling").then_some(answer)
        })
        .await;
        assert_eq!(answer.status, 429, "{client}: {}", answer.text());
        told(client, &answer);
        assert!((1..=40).contains(&seconds(&answer)), "{client}: {:?}", answer.headers);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn with_nobody_to_ask_it_says_so() {
    let rig = configured(json!({})).await;
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        let answer = Ask::new(client, CLAUDE, false).send(&gateway).await;
        assert_eq!(answer.status, 503, "{client}");
        assert!(told(client, &answer).contains("there is no account"), "{client}");
        assert_eq!(answer.header("retry-after"), None, "waiting does not help");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_same_account_answers() {
    for client in Dialect::ALL {
        let (rig, gateway, [(first, token), _]) = two().await;
        rig.fake.journal().clear();
        let body = json!({ "error": { "message": "bad token" } });
        let path = ENDPOINTS[0].1;
        rig.fake.script().always(Match::any().path(path).token(&token), status(401, &[], &body));
        let answer = Ask::new(client, CLAUDE, true).send(&gateway).await;
        assert_eq!(answer.status, 200, "{client}: {}", answer.text());
        let bearers: Vec<_> = asked(&rig, path)
            .iter()
            .map(|it| sent_header(it, "authorization").expect("one").to_owned())
            .collect();
        assert_eq!(bearers.len(), 2, "{bearers:?}");
        assert_eq!(bearers[0], format!("Bearer {token}"));
        assert_eq!(rig.fake.stats().refreshed, 1);
        assert_eq!(shown(&rig, &first).await["status"], "active");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn another_key_of_a_pool_answers_where_one_is_out() {
    for code in [401, 402, 403, 429] {
        let rig = configured(json!({})).await;
        let names = ["fk-number-one", "fk-number-two"];
        keys(&rig, &names, json!({ "key_strategy": "fill_first" })).await;
        let gateway = started(&rig).await;
        let path = ENDPOINTS[0].1;
        rig.fake.script().next(Match::any().path(path), Action::status(code));
        let answer = Ask::new(Dialect::Anthropic, CLAUDE, false).send(&gateway).await;
        assert_eq!(answer.status, 200, "{code}: {}", answer.text());
        let mut bearers: Vec<_> = asked(&rig, path)
            .iter()
            .map(|it| sent_header(it, "authorization").expect("one").to_owned())
            .collect();
        bearers.sort();
        assert_eq!(bearers, names.map(|it| format!("Bearer {it}")), "{code}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn no_more_accounts_are_asked_than_configured() {
    let rig = configured(json!({ "scheduling": { "max_attempts": 2 } })).await;
    for _ in 0..4 {
        account(&rig, json!({})).await;
    }
    let gateway = started(&rig).await;
    let path = ENDPOINTS[0].1;
    rig.fake.script().always(Match::any().path(path), Action::status(503));
    let answer = Ask::new(Dialect::Anthropic, CLAUDE, true).send(&gateway).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    let mut bearers: Vec<_> = asked(&rig, path)
        .iter()
        .map(|it| sent_header(it, "authorization").expect("one").to_owned())
        .collect();
    bearers.dedup();
    assert_eq!(bearers.len(), 2, "each on another account");
    gateway.stop().await;
}

#[tokio::test]
async fn upstream_that_cannot_be_reached_or_breaks_off_before_its_answer_is_a_502() {
    for action in [Action::ResetBeforeHeaders, Action::CloseConnection, Action::ResetAfterBytes(0)]
    {
        for stream in [false, true] {
            let (rig, gateway, [(first, _), _]) = two().await;
            let path = ENDPOINTS[0].1;
            rig.fake.script().always(Match::any().path(path), action.clone());
            let ask = Ask::new(Dialect::Chat, CLAUDE, stream);
            let answer = ask.send(&gateway).await;
            assert_eq!(answer.status, 502, "{action:?}: {}", answer.text());
            told(Dialect::Chat, &answer);
            assert_eq!(shown(&rig, &first).await["health"], "cooling", "{action:?}");
            gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn a_model_that_is_missing_is_a_404_and_pauses_for_that_model_alone() {
    let (rig, gateway, [(first, _), _]) = two().await;
    let path = ENDPOINTS[0].1;
    let body = json!({ "error": { "type": "not_found_error", "message": "model: claude-x" } });
    for client in Dialect::ALL {
        rig.fake.journal().clear();
        rig.fake.script().next(Match::any().path(path), status(404, &[], &body));
        let answer = Ask::new(client, CLAUDE, false).send(&gateway).await;
        assert_eq!(answer.status, 404, "{client}");
        told(client, &answer);
        assert_eq!(asked(&rig, path).len(), 1, "{client}");
        for id in [&first] {
            rig.one_shot().call("reset_credential", json!({ "credential_id": id })).await.unwrap();
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn thoughts_whose_proof_is_refused_are_left_out_once() {
    let (rig, gateway, [(first, _), _]) = two().await;
    let before = state(&rig, &first).await;
    let path = ENDPOINTS[0].1;
    let text = "messages.1.content.0: Invalid `signature` in `thinking` block";
    let body =
        json!({ "type": "error", "error": { "type": "invalid_request_error", "message": text } });
    let ask =
        Ask::new(Dialect::Anthropic, CLAUDE, false).more(json!({ "max_tokens": 4096, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "t", "signature": "c2ln" },
            { "type": "text", "text": "b" },
        ] },
        { "role": "user", "content": "c" },
    ] }));
    rig.fake.script().next(Match::any().path(path), status(400, &[], &body));
    let answer = ask.send(&gateway).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = asked(&rig, path);
    let has = |at: usize| String::from_utf8_lossy(&sent[at].body).contains("c2ln");
    assert_eq!((sent.len(), has(0), has(1)), (2, true, false));
    rig.fake.journal().clear();
    rig.fake.script().times(2, Match::any().path(path), status(400, &[], &body));
    let answer = ask.send(&gateway).await;
    assert_eq!((answer.status, told(Dialect::Anthropic, &answer).as_str()), (400, text));
    assert_eq!(asked(&rig, path).len(), 2, "once");
    assert_eq!(state(&rig, &first).await, before);
    gateway.stop().await;
}
