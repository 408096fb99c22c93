//! What a gateway does and tells without a client's asking: tokens kept fresh, metrics.
//!
//! Owns: `/metrics`, the work in the background.
//! Must not know: how a request is answered.

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::request;
use serde_json::json;

use super::ask::{Ask, CLAUDE, KEY, account, configured, keys, started, until};
use super::kit::host;

#[tokio::test]
async fn a_token_that_is_due_is_refreshed_without_a_request() {
    let rig = configured(json!({})).await;
    let minted = rig.fake.mint_account();
    let due = json!({ "auth_type": "workos_oauth", "config": {
        "access_token": minted.access_token,
        "refresh_token": minted.refresh_token,
        "expires_at": "2020-01-01T00:00:00Z",
    } });
    let made = rig.one_shot().call("create_credential", due).await.expect("an account");
    let (fresh, _) = account(&rig, json!({})).await;
    rig.fake.journal().clear();
    let gateway = started(&rig).await;
    let id = &made["credential_id"];
    until("it is refreshed", async || {
        let shown = rig.one_shot().call("get_credential", json!({ "credential_id": id })).await;
        shown.expect("it is there").get("last_refresh_at").is_some().then_some(())
    })
    .await;
    let refreshes = rig.fake.journal().on("/user_management/authenticate").len();
    assert_eq!(refreshes, 1, "the account {fresh} has a living token");
    gateway.stop().await;
}

#[tokio::test]
async fn metrics_are_for_the_admin_alone_and_count_what_ended() {
    let rig = configured(json!({})).await;
    keys(&rig, &["fk-pooled-0123456789abcdef"], json!({})).await;
    let admin = "an-admin-key-of-some-length";
    let host = host(&rig).env("API_ACCESS_KEY", KEY).env("ADMIN_ACCESS_KEY", admin);
    let gateway = Gateway::start(&host).await;
    let url = gateway.url("/metrics");
    for headers in [vec![], vec![("x-admin-key", "wrong")], vec![("x-api-key", KEY)]] {
        assert_eq!(request("GET", &url, headers, b"").await.status, 401);
    }
    for stream in [false, true] {
        let answer = Ask::new(Dialect::Anthropic, CLAUDE, stream).send(&gateway).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let asked = Ask::new(Dialect::Anthropic, "claude-invented", false).send(&gateway).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let text = until("all are counted", async || {
        let text = request("GET", &url, [("x-admin-key", admin)], b"").await.text();
        text.contains("droid_request_duration_seconds_count 3").then_some(text)
    })
    .await;
    for line in [
        format!("droid_requests_total{{client=\"anthropic\",endpoint=\"anthropic\",model=\"{CLAUDE}\",outcome=\"ok\",stream=\"true\"}} 1"),
        "droid_requests_total{client=\"anthropic\",endpoint=\"anthropic\",model=\"other\",outcome=\"ok\",stream=\"false\"} 1".to_owned(),
        "droid_accounts{state=\"active\"} 1".to_owned(),
        "droid_attempts_total 3".to_owned(),
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("claude-invented"), "{text}");
    gateway.stop().await;
}
