//! Streams that do not go well, and clients that do not wait.
//!
//! Owns: what a client reads of a broken stream, signs of life, who is let go when somebody leaves.
//! Must not know: what events mean beyond text and end.

use std::time::Duration;

use droid_protocol::dialect::Dialect;
use droid_protocol::event::End;
use droid_protocol::translate::pair;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::request;
use droid_testbed::upstream::{Action, Match};
use serde_json::json;
use tokio::time::Instant;

use super::ask::{
    Ask, CLAUDE, ENDPOINTS, KEY, account, asked, configured, keys, shown, started, until,
};
use super::kit::host;

/// Far enough into a recorded stream for some content, and before its end.
fn middle(dialect: Dialect, case: &str) -> usize {
    let file = format!("src-tauri/protocol/tests/fixtures/{}/{case}.sse", dialect.as_str());
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let length = std::fs::metadata(file).expect("a fixture").len();
    usize::try_from(length / 5 * 3).expect("a length")
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_the_clients_own_error_and_is_asked_once() {
    let rig = configured(json!({})).await;
    let (id, _) = account(&rig, json!({})).await;
    account(&rig, json!({})).await;
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        for (model, path, upstream) in ENDPOINTS {
            let cut = middle(upstream, "utf8_text");
            for action in [
                Action::TruncateAfterBytes(cut),
                Action::ResetAfterBytes(cut),
                Action::CloseAfterBytes(cut),
            ] {
                rig.fake.journal().clear();
                let case = format!("{client} to {path}: {action:?}");
                let all = vec![Action::case("utf8_text"), action];
                rig.fake.script().next(Match::any().path(path), Action::All(all));
                let ask = Ask::new(client, model, true).header("x-session-id", &case);
                let answer = ask.send(&gateway).await;
                assert_eq!(answer.status, 200, "{case}: {}", answer.text());
                assert!(answer.whole, "{case}");
                let said = ask.read(&answer);
                assert_eq!(said.end, End::Failed, "{case}: {}", answer.text());
                assert!(said.error.is_some(), "{case}: {}", answer.text());
                assert!(!answer.text().contains("[DONE]"), "{case}");
                if client == Dialect::Anthropic {
                    let id = answer.header("x-request-id").expect("an id");
                    let named = format!("\"request_id\":\"{id}\"");
                    assert!(answer.text().contains(&named), "{case}: {}", answer.text());
                }
                assert_eq!(asked(&rig, path).len(), 1, "{case}: never after a byte");
                for id in [&id] {
                    rig.one_shot()
                        .call("reset_credential", json!({ "credential_id": id }))
                        .await
                        .unwrap();
                }
            }
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn an_error_in_the_stream_reaches_the_client_in_its_own_words() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        for (model, path, _) in ENDPOINTS {
            rig.fake.journal().clear();
            let ask = Ask::new(client, model, true).case("stream_error");
            let answer = until("the account rests no more", async || {
                let answer = ask.send(&gateway).await;
                if answer.status != 200 {
                    let all = rig.one_shot().call("list_credentials", json!({})).await.unwrap();
                    let id = all[0]["id"].clone();
                    let params = json!({ "credential_id": id });
                    rig.one_shot().call("reset_credential", params).await.unwrap();
                    return None;
                }
                Some(answer)
            })
            .await;
            let said = ask.read(&answer);
            assert_eq!(said.end, End::Failed, "{client} to {path}: {}", answer.text());
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_silent_stream_gets_signs_of_life_and_is_not_waited_for_for_ever() {
    let rig = configured(json!({ "timeout_ms": 3500, "gateway": { "ping_seconds": 1 } })).await;
    // One that was cut twice rests for a while.
    for at in 0..8 {
        keys(&rig, &[&format!("fk-number-{at}")], json!({})).await;
    }
    let gateway = started(&rig).await;
    for client in Dialect::ALL {
        let (model, path, _) = ENDPOINTS.into_iter().find(|it| it.2 == client).expect("one");
        for bytes in [0, middle(client, "parallel_tool_calls")] {
            let action = Action::All(vec![
                Action::case("parallel_tool_calls"),
                Action::HangAfterBytes(bytes),
            ]);
            rig.fake.script().next(Match::any().path(path), action);
            let ask = Ask::new(client, model, true).header("x-session-id", &format!("{bytes}"));
            let began = Instant::now();
            let answer = ask.send(&gateway).await;
            let took = began.elapsed();
            assert!(took > Duration::from_secs(3) && took < Duration::from_secs(8), "{took:?}");
            let text = answer.text();
            let ping = String::from_utf8_lossy(pair::keepalive(client)).into_owned();
            assert!(text.contains(&ping), "{client} {bytes}: {text}");
            assert_eq!(ask.read(&answer).end, End::Failed, "{client} {bytes}: {text}");
            assert!(text.contains("silent"), "{client} {bytes}: {text}");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn when_a_client_leaves_upstream_is_let_go_within_a_second_and_its_place_is_free() {
    let rig = configured(json!({})).await;
    let (id, _) = account(&rig, json!({ "max_concurrency": 1 })).await;
    let gateway = started(&rig).await;
    for (client, stream) in
        [(Dialect::Anthropic, true), (Dialect::Chat, true), (Dialect::Gemini, false)]
    {
        rig.fake.journal().clear();
        let path = ENDPOINTS[0].1;
        let action = if stream {
            Action::HangAfterBytes(middle(Dialect::Anthropic, "parallel_tool_calls"))
        } else {
            Action::Delay(Duration::from_secs(60))
        };
        let action = Action::All(vec![Action::case("parallel_tool_calls"), action]);
        rig.fake.script().next(Match::any().path(path), action);
        let ask = Ask::new(client, CLAUDE, stream);
        if stream {
            let open = ask.open(&gateway).await;
            assert_eq!(open.status, 200);
            let full = Ask::new(client, CLAUDE, stream).send(&gateway).await;
            assert_eq!(full.status, 429, "its one place is taken: {}", full.text());
            drop(open);
        } else {
            let waiting = tokio::time::timeout(Duration::from_millis(500), ask.open(&gateway));
            assert!(waiting.await.is_err(), "it waits");
        }
        let left = Instant::now();
        let gone = rig
            .fake
            .journal()
            .wait_until(Duration::from_secs(5), |all| {
                // A request that waits is dropped with its connection.
                all.iter().any(|it| it.client_gone_at.is_some())
            })
            .await;
        assert!(gone, "{client}");
        assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());
        until("the place is free", async || {
            (Ask::new(client, CLAUDE, stream).send(&gateway).await.status == 200).then_some(())
        })
        .await;
    }
    let shown = shown(&rig, &id).await;
    assert_eq!(shown["health"], "healthy", "{shown}");
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_used_till_a_client_left_is_counted_and_its_end_is_told_as_it_was() {
    let rig = configured(json!({})).await;
    account(&rig, json!({})).await;
    let admin = super::admin::KEY;
    let host = host(&rig).env("API_ACCESS_KEY", KEY).env("ADMIN_ACCESS_KEY", admin);
    let gateway = Gateway::start(&host).await;
    for client in Dialect::ALL {
        let bytes = middle(Dialect::Anthropic, "parallel_tool_calls");
        let all = vec![Action::case("parallel_tool_calls"), Action::HangAfterBytes(bytes)];
        rig.fake.script().next(Match::any().path(ENDPOINTS[0].1), Action::All(all));
        let mut open = Ask::new(client, CLAUDE, true).open(&gateway).await;
        let id = open.headers.iter().find(|it| it.0 == "x-request-id").expect("an id").1.clone();
        assert!(open.more().await.is_some(), "{client}: something came");
        drop(open);
        let url = gateway.url(&format!("/admin/requests/{id}"));
        let noted = until("it is noted", async || {
            let answer = request("GET", &url, [("x-admin-key", admin)], b"").await;
            (answer.status == 200).then(|| answer.json())
        })
        .await;
        assert_eq!((&noted["outcome"], &noted["status"]), (&json!("client_closed"), &json!(200)));
        // Upstream tells what the prompt cost in its first event.
        assert_eq!(noted["usage"]["input_tokens"], 450, "{client}: {noted}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn the_place_is_free_when_the_answer_ends() {
    let rig = configured(json!({})).await;
    account(&rig, json!({ "max_concurrency": 1 })).await;
    let gateway = started(&rig).await;
    for round in 0..20 {
        let ask = Ask::new(Dialect::Anthropic, CLAUDE, round % 2 == 0);
        let answer = ask.send(&gateway).await;
        assert_eq!(answer.status, 200, "{round}: {}", answer.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_upstream_and_nobody_else() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-number-one"], json!({})).await;
    let gateway = started(&rig).await;
    let path = ENDPOINTS[0].1;
    let endless = Action::InfiniteStream { bytes: 64 << 20 };
    rig.fake.script().times(20, Match::any().path(path), endless);
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(Ask::new(Dialect::Anthropic, CLAUDE, true).open(&gateway).await);
    }
    let sent =
        async || -> u64 { rig.fake.journal().entries().iter().map(|it| it.bytes_sent).sum() };
    // Until nothing moves any more.
    let mut before = 0;
    until("upstream is held up", async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = sent().await;
        let still = now == before && now > 0;
        before = now;
        still.then_some(())
    })
    .await;
    assert!(before < 20 * (24 << 20), "{before} bytes are on their way");
    let answer = Ask::new(Dialect::Chat, CLAUDE, true).send(&gateway).await;
    assert_eq!(answer.status, 200, "the others are unharmed");
    drop(slow);
    gateway.stop().await;
}
