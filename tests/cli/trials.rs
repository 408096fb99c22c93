//! `test`: one real request through an account, and what its code, words and JSON tell of it.

use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use super::kit::{Home, Said};

const KEY: &str = "fk-canary-0123456789aaaa";
const MESSAGES: &str = "/api/llm/a/v1/messages";
const ORG: &str = "/api/cli/org";

/// A home with one signed-in account, whose token was never refreshed here.
async fn signed_in(expires_at: Option<&str>) -> (Home, String) {
    let home = Home::new().await;
    let minted = home.fake.mint_account();
    let file = json!({
        "format": "droid-provider-export", "version": 1,
        "content": { "accounts": [{
            "auth_type": "workos_oauth", "name": "Mine", "access_token": minted.access_token,
            "refresh_token": minted.refresh_token,
            "expires_at": expires_at.map_or(json!(minted.expires_at), |it| json!(it)),
        }] },
    });
    std::fs::write(home.path().join("mine.json"), file.to_string()).unwrap();
    assert_eq!(home.json(&["import", "mine.json"])["added"], 1);
    (home, minted.refresh_token)
}

/// What was asked of models.
fn asked(home: &Home) -> usize {
    home.fake.journal().on(MESSAGES).len()
}

#[track_caller]
fn only(said: &Said) -> Value {
    let answer = said.to_json();
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(1), "{answer}");
    answer["results"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_account_answers_a_small_request_of_the_cheapest_model() {
    let (home, _) = signed_in(None).await;
    let result = only(&home.run(&["test", "Mine", "--json"]).ok());
    assert_eq!((&result["ok"], &result["status"]), (&json!(true), &json!(200)), "{result}");
    assert_eq!((&result["name"], &result["message"]), (&json!("Mine"), &json!("answered")));
    assert_eq!(result["endpoint_type"], "anthropic");
    assert!(result.get("class").is_none() && result.get("hint").is_none(), "{result}");
    let entries = home.fake.journal().on(MESSAGES);
    assert_eq!((entries.len(), home.fake.journal().on(ORG).len()), (1, 0), "a model, nothing else");
    let body: Value = serde_json::from_slice(&entries[0].body).unwrap();
    assert_eq!((&body["model"], &result["model"]), (&json!(super::kit::MODEL), &body["model"]));
    assert!(body["max_tokens"].as_u64().unwrap() <= 16, "{body}");
    let header = |name: &str| entries[0].headers.iter().find(|(it, _)| it == name);
    for name in ["x-api-provider", "x-factory-client", "x-session-id", "x-assistant-message-id"] {
        assert!(header(name).is_some(), "as any request: {name}");
    }
    // Its tokens are counted as any others.
    let tokens = result["tokens"].as_u64().unwrap();
    let total = home.json(&["usage", "--account", "Mine"])["total"].clone();
    let used = total["input_tokens"].as_u64().unwrap() + total["output_tokens"].as_u64().unwrap();
    assert!(tokens > 0 && (&total["requests"], used) == (&json!(1), tokens), "{total} {result}");
    // Another model, at another endpoint.
    let arguments = ["test", "Mine", "--model", "glm-4.6", "--json"];
    let result = only(&home.run(&arguments).ok());
    assert_eq!((&result["endpoint_type"], &result["model"]), (&json!("comm"), &json!("glm-4.6")));
    let said = home.run(&["test", "Mine"]).ok();
    assert!(said.stdout.contains("1 of 1 answered."), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_is_refreshed_before_and_one_that_is_refused_after() {
    let (home, _) = signed_in(Some("2026-01-01T00:00:00Z")).await;
    only(&home.run(&["test", "Mine", "--json"]).ok());
    assert_eq!(asked(&home), 1, "the ended token was never sent");
    let (home, _) = signed_in(None).await;
    home.fake.expire_access_tokens();
    let result = only(&home.run(&["test", "Mine", "--json"]).ok());
    assert_eq!(result["ok"], true, "{result}");
    assert_eq!(asked(&home), 2, "refused once, then asked with the fresh one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_what_it_means_and_is_noted_as_any_requests() {
    let told = |kind: &str| json!({ "type": "error", "error": { "type": kind, "message": "No." } });
    let status = |status: u16, kind: &str| Action::Status {
        status,
        headers: vec![("retry-after".to_owned(), "900".to_owned())],
        body: told(kind).to_string(),
    };
    let html = "<html>Sign in to this network</html>".to_owned();
    for (what, action, class, code, health) in [
        ("request", status(400, "invalid_request_error"), "request", Some(400), "healthy"),
        ("401", status(401, "authentication_error"), "credential", Some(401), "healthy"),
        ("402", status(402, "billing_error"), "quota", Some(402), "cooling"),
        ("403", status(403, "permission_error"), "credential", Some(403), "healthy"),
        ("429", status(429, "rate_limit_error"), "rate", Some(429), "cooling"),
        ("500", status(500, "api_error"), "transient", Some(500), "cooling"),
        ("529", status(529, "overloaded_error"), "transient", Some(529), "cooling"),
        ("network", Action::ResetBeforeHeaders, "transient", None, "cooling"),
        (
            "no answer",
            Action::Status { status: 200, headers: vec![], body: html },
            "transient",
            Some(200),
            "cooling",
        ),
        ("cut", Action::CloseAfterBytes(20), "transient", None, "cooling"),
    ] {
        let (home, _) = signed_in(None).await;
        home.fake.script().always(Match::endpoint(Endpoint::Anthropic), action);
        let said = home.run(&["test", "Mine", "--json"]).failed(1);
        assert_eq!(said.to_json()["ok"], false);
        let result = only(&said);
        assert_eq!((&result["ok"], &result["class"]), (&json!(false), &json!(class)), "{result}");
        assert_eq!(result["status"], json!(code), "{what}: {result}");
        assert!(result["hint"].as_str().is_some_and(|it| it.len() > 20), "{what}: {result}");
        let shown = home.json(&["accounts", "show", "Mine"]);
        assert_eq!(shown["health"], health, "{what}: {shown}");
        assert_eq!(asked(&home), if what == "401" { 2 } else { 1 }, "{what}");
        let said = home.run(&["test", "Mine"]).failed(1);
        assert!(said.stdout.contains(class) && said.stdout.contains("0 of 1 answered."), "{what}");
        assert!(said.stdout.lines().all(|it| it.chars().count() <= 80), "{}", said.stdout);
        // A test is not kept from asking by the pause that it began, and lifts it.
        home.fake.script().clear();
        home.run(&["test", "Mine"]).ok();
        let shown = home.json(&["accounts", "show", "Mine"]);
        assert_eq!(shown["health"], "healthy", "{what}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_sign_in_is_told_so_and_keeps_nobody_else_from_being_tested() {
    let (home, refresh_token) = signed_in(Some("2026-01-01T00:00:00Z")).await;
    home.fake.revoke(&refresh_token);
    let said = home.run(&["test", "Mine", "--json"]).failed(4);
    let result = only(&said);
    assert_eq!((&result["class"], &result["status"]), (&json!("needs_login"), &Value::Null));
    assert_eq!(asked(&home), 0);
    let said = home.run(&["test", "Mine"]).failed(4).stdout;
    assert!(said.contains("needs login") && said.contains("login --account"), "{said}");
    home.pool("Team", &[KEY]);
    // All that is missing is a sign-in.
    let all = home.run(&["test", "--all", "--json"]).failed(4).to_json();
    let outcomes: Vec<(&Value, &Value)> =
        all["results"].as_array().unwrap().iter().map(|it| (&it["name"], &it["ok"])).collect();
    let wanted = [(&json!("Mine"), &json!(false)), (&json!("Team"), &json!(true))];
    assert_eq!(outcomes, wanted);
    assert!(all["results"][1]["api_key_id"].is_string());
    // Nobody is asked by whom a person switched off, unless they name it.
    home.run(&["accounts", "disable", "Mine"]).ok();
    home.run(&["test"]).ok();
    home.run(&["accounts", "disable", "Team"]).ok();
    home.run(&["test"]).failed(3);
    home.run(&["test", "Team"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_the_account_does_not_serve_is_told_without_asking() {
    let home = Home::new().await;
    home.pool("Team", &[KEY]);
    home.run(&["accounts", "edit", "Team", "--endpoint", "comm"]).ok();
    let arguments = ["test", "Team", "--model", super::kit::MODEL, "--json"];
    let result = only(&home.run(&arguments).failed(1));
    assert_eq!((&result["class"], asked(&home)), (&json!("invalid"), 0), "{result}");
    let result = only(&home.run(&["test", "Team", "--json"]).ok());
    assert_eq!(result["endpoint_type"], "comm", "the default is one that it serves: {result}");
}
