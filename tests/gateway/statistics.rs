//! What pictures of the use are drawn from, after real requests.
//!
//! Owns: usage told apart and ranked, waits over time, hours of the week, and their bounds.
//! Must not know: how usage is stored.

use droid_protocol::dialect::Dialect;
use droid_testbed::gateway::Gateway;
use droid_testbed::upstream::{Action, Match};
use serde_json::{Value, json};

use super::admin::Admin;
use super::ask::{Ask, CLAUDE, GENERAL, KEY, configured, keys, until};
use super::kit::host;

const GOOD: &str = "fk-good-0123456789abcdef";
const BAD: &str = "fk-poor-0123456789abcdef";

#[tokio::test]
async fn usage_is_told_apart_and_ranked_and_waits_are_percentiles() {
    let rig = configured(json!({})).await;
    let bad = keys(&rig, &[BAD], json!({ "name": "Poor", "priority": 0 })).await;
    let good = keys(&rig, &[GOOD], json!({ "name": "Good", "priority": 1 })).await;
    // What is wrong with the request says nothing of the account; 429 does.
    rig.fake.script().next(Match::any().token(BAD), Action::status(400));
    rig.fake.script().next(Match::any().token(BAD), Action::status(429));
    let host = host(&rig).env("API_ACCESS_KEY", KEY).env("ADMIN_ACCESS_KEY", super::admin::KEY);
    let admin = Admin { gateway: Gateway::start(&host).await };
    for (model, stream, status) in
        [(CLAUDE, false, 400), (CLAUDE, true, 200), (GENERAL, true, 200), (GENERAL, false, 200)]
    {
        let dialect = if model == CLAUDE { Dialect::Anthropic } else { Dialect::Chat };
        let answer = Ask::new(dialect, model, stream).send(&admin.gateway).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let usage = async |query: &str| {
        let path = format!("/admin/statistics/usage?{query}");
        admin.done("GET", &path, Value::Null).await
    };
    let ranking = until("all are counted", async || {
        let ranking = usage("by=credential&order=success_rate").await;
        (ranking["total"]["requests"] == 5).then_some(ranking)
    })
    .await;
    let rows = ranking["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["credential_id"], json!(good));
    assert_eq!((&rows[0]["ok"], &rows[0]["success_rate"]), (&json!(3), &json!(1.0)));
    assert_eq!(rows[1]["credential_id"], json!(bad));
    assert_eq!(rows[1]["errors"], json!({ "rate": 1, "request": 1 }));
    assert_eq!(rows[1]["success_rate"], json!(0.0));
    assert_eq!(ranking["total"]["success_rate"], json!(0.75));
    assert!(rows[0]["tokens"].as_u64() > Some(0) && rows[0]["latency_ms"].is_u64(), "{ranking}");

    let models = usage("by=model,api_key&order=requests&limit=1").await;
    assert_eq!((&models["rows"][0]["requests"], &models["more"]), (&json!(2), &json!(true)));
    let days = usage(&format!("by=day&model={CLAUDE}&offset_minutes=330")).await;
    let days = days["rows"].as_array().expect("rows");
    assert!(!days.is_empty());
    for day in days {
        let start = day["start"].as_str().expect("a start");
        assert!(start.ends_with("T18:30:00.000Z"), "a day of India begins at {start}");
    }
    let none = usage("credential_id=nobody").await;
    assert_eq!((&none["rows"], &none["total"]["requests"]), (&json!([]), &json!(0)));

    let waits = until("all are written", async || {
        let path = "/admin/statistics/waits?step=whole";
        let waits = admin.done("GET", path, Value::Null).await;
        (waits["rows"][0]["latency"]["requests"] == 3).then_some(waits)
    })
    .await;
    assert_eq!(waits["complete"], true);
    let first = &waits["rows"][0]["first_token"];
    assert_eq!(first["requests"], 2, "two were streams");
    assert!(first["p50_ms"].as_u64() <= first["p95_ms"].as_u64());
    let hours = admin.done("GET", "/admin/statistics/waits", Value::Null).await;
    assert!(hours["rows"][0]["start"].is_string(), "{hours}");
    let week = admin.done("GET", "/admin/statistics/week?offset_minutes=-60", Value::Null).await;
    let hours = week["hours"].as_array().expect("hours");
    assert_eq!(hours.iter().filter_map(|it| it["requests"].as_u64()).sum::<u64>(), 5);

    for (path, field) in [
        ("usage?by=nothing", "by[0]"),
        ("usage?limit=0", "limit"),
        ("usage?by=hour&since=2020-01-01T00:00:00Z", "since"),
        ("usage?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("waits?step=minute", "step"),
        ("waits?since=2020-01-01T00:00:00Z", "since"),
        ("week?offset_minutes=5000", "offset_minutes"),
    ] {
        let path = format!("/admin/statistics/{path}");
        let (status, error) = admin.refused("GET", &path, Value::Null).await;
        assert_eq!((status, &error["field"]), (400, &json!(field)), "{path}: {error}");
    }
    admin.gateway.stop().await;
}
