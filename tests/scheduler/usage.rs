//! What is counted of each use.
//!
//! Owns: `get_usage`, and the counters an account shows.
//! Must not know: prices.

use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, pool_of, rig, signed_in};

#[tokio::test]
async fn uses_add_up_by_account_key_model_and_outcome() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (oauth, _) = signed_in(&rig, &bridge, json!({})).await;
    let pool = pool_of(&rig, &bridge, &["fk-alpha-0123456789"], json!({})).await;
    let lend = async |id: &str, model: &str| {
        let ask = json!({ "model": model, "credential_id": id, "client_key_id": "client" });
        acquire_with(&bridge, ask).await
    };
    // The host's tokens.
    for _ in 0..3 {
        let lent = lend(&oauth, CLAUDE).await;
        release(&bridge, lent.release(&success(100, 10))).await;
    }
    // Usage as it is parsed says more, and wins.
    let lent = lend(&pool, OTHER_CLAUDE).await;
    let mut params = lent.release(&success(999, 999));
    params["usage"] = json!({ "input_tokens": 7, "output_tokens": 5, "cache_read_tokens": 3,
        "cache_write_5m_tokens": 2, "cache_write_1h_tokens": 1, "reasoning_tokens": 4 });
    release(&bridge, params).await;
    // Errors count too, with what they cost.
    let lent = lend(&oauth, CLAUDE).await;
    let mut params = lent.release(&error("truncated", None));
    params["usage"] = json!({ "input_tokens": 50, "output_tokens": 1 });
    release(&bridge, params).await;
    let lent = lend(&oauth, CLAUDE).await;
    release(&bridge, lent.failed(&Answer::new(400, &[], &json!({})))).await;
    // Without a lease, in lower case, with a model in the client's spelling.
    let bare = json!({ "credential_id": oauth, "model": "claude-haiku-4-5",
        "result": { "success": { "latency_ms": 5, "input_tokens": 1, "output_tokens": null } } });
    release(&bridge, bare).await;
    // Whatever was answered is stored: a kill takes none of it.
    bridge.kill().await;
    let bridge = rig.bridge();
    let usage = ok(&bridge, "get_usage", json!({})).await;
    assert_eq!(
        (
            &usage["total"]["requests"],
            &usage["total"]["input_tokens"],
            &usage["total"]["output_tokens"]
        ),
        (&json!(7), &json!(358), &json!(36))
    );
    let rows = usage["rows"].as_array().expect("rows");
    let row = |model: &str, outcome: &str| {
        rows.iter()
            .find(|it| it["model"] == json!(model) && it["outcome"] == json!(outcome))
            .unwrap_or_else(|| panic!("{model} {outcome} in {usage}"))
    };
    let ok_row = row(CLAUDE, "ok");
    assert_eq!((&ok_row["requests"], &ok_row["input_tokens"]), (&json!(3), &json!(300)));
    assert_eq!((&ok_row["credential_id"], &ok_row["latency_ms"]), (&json!(oauth), &json!(60)));
    assert_eq!(ok_row["client_key_id"], json!("client"));
    assert!(ok_row["hour"].as_str().is_some_and(|it| it.ends_with(":00:00.000Z")), "{ok_row}");
    let parsed = row(OTHER_CLAUDE, "ok");
    assert_eq!(parsed["api_key_id"], json!(lent_key(&bridge, &pool).await));
    for (name, value) in [
        ("input", 7),
        ("output", 5),
        ("cache_read", 3),
        ("cache_write_5m", 2),
        ("cache_write_1h", 1),
        ("reasoning", 4),
    ] {
        assert_eq!(parsed[format!("{name}_tokens")], json!(value), "{name}");
    }
    assert_eq!(row(CLAUDE, "truncated")["input_tokens"], json!(50));
    assert_eq!(row(CLAUDE, "error:request")["requests"], json!(1));
    assert_eq!(row("claude-sonnet-4-20250514", "ok")["input_tokens"], json!(1));
    assert_eq!(rows.len(), 5);
    assert_eq!(account(&bridge, &oauth).await["tokens_used"], json!(330 + 51 + 1));
}

#[tokio::test]
async fn usage_can_be_asked_for_in_part_and_outlives_its_account() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let mut ids = Vec::new();
    for model in [CLAUDE, OTHER_CLAUDE] {
        let (id, _) = signed_in(&rig, &bridge, json!({})).await;
        let ask = json!({ "model": model, "credential_id": id });
        let lent = acquire_with(&bridge, ask).await;
        release(&bridge, lent.release(&success(10, 1))).await;
        ids.push(id);
    }
    let requests =
        async |filter: Value| ok(&bridge, "get_usage", filter).await["total"]["requests"].clone();
    assert_eq!(requests(json!({})).await, json!(2));
    assert_eq!(requests(json!({ "credential_id": ids[0] })).await, json!(1));
    assert_eq!(requests(json!({ "model": OTHER_CLAUDE })).await, json!(1));
    let both = json!({ "credential_id": ids[0], "model": OTHER_CLAUDE });
    assert_eq!(requests(both).await, json!(0));
    assert_eq!(requests(json!({ "until": "2020-01-01T00:00:00Z" })).await, json!(0));
    assert_eq!(requests(json!({ "since": "2199-01-01T00:00:00Z" })).await, json!(0));
    // Yesterday's hours are out of the default, and found when asked for.
    alter(&rig, "UPDATE usage_hourly SET hour = hour - 172800000 WHERE model LIKE '%opus%'");
    assert_eq!(requests(json!({})).await, json!(1));
    assert_eq!(requests(json!({ "since": "2020-01-01T00:00:00Z" })).await, json!(2));
    ok(&bridge, "delete_credential", json!({ "credential_id": ids[0] })).await;
    assert_eq!(requests(json!({ "credential_id": ids[0] })).await, json!(1));
    let bad = bridge.call("get_usage", json!({ "since": "yesterday" })).await;
    assert_eq!(bad.expect_err("no time").rpc().code, -32602);
}

#[tokio::test]
async fn cached_tokens_are_counted_once_whatever_the_dialect() {
    // What the fixtures say of `cache_usage`: fresh input, cached, written, output.
    for (folder, endpoint, model) in [
        ("anthropic", "anthropic", CLAUDE),
        ("responses", "openai", GPT),
        ("chat", "comm", GENERAL),
        ("gemini", "google", "gemini-3-pro"),
    ] {
        let rig = rig().await;
        let bridge = rig.bridge();
        signed_in(&rig, &bridge, json!({})).await;
        let path = format!(
            "{}/src-tauri/protocol/tests/fixtures/{folder}/cache_usage",
            env!("CARGO_MANIFEST_DIR")
        );
        let whole = std::fs::read_to_string(format!("{path}.json")).expect("a fixture");
        let whole: Value = serde_json::from_str(&whole).expect("JSON");
        let expected = counted(folder, &whole);
        let stream = std::fs::read_to_string(format!("{path}.sse")).expect("a fixture");
        let params = json!({ "chunk": stream, "endpoint_type": endpoint, "end": true });
        let parsed = ok(&bridge, "parse_response_chunk", params).await;
        let ask = json!({ "model": model, "endpoint_type": endpoint });
        let lent = acquire_with(&bridge, ask).await;
        let mut params = lent.release(&success(0, 0));
        params["usage"] = parsed["usage"].clone();
        release(&bridge, params).await;
        let total = ok(&bridge, "get_usage", json!({})).await["total"].clone();
        let count = |name: &str| total[name].as_u64().expect("a count");
        let input = count("input_tokens")
            + count("cache_read_tokens")
            + count("cache_write_5m_tokens")
            + count("cache_write_1h_tokens");
        let found = (input, count("cache_read_tokens"), count("output_tokens"));
        assert_eq!(found, expected, "{folder}: {total}");
        assert!(count("cache_read_tokens") > 0, "{folder} has cached tokens");
        let used = account(&bridge, &lent.account).await["tokens_used"].clone();
        assert_eq!(used, json!(input + count("output_tokens")), "{folder}");
    }
}

/// All input tokens, those of them that were cached, and the output, as upstream's answer says.
fn counted(folder: &str, whole: &Value) -> (u64, u64, u64) {
    let at = |pointer: &str| whole.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    match folder {
        "anthropic" => {
            let cached = at("/usage/cache_read_input_tokens");
            let written = at("/usage/cache_creation_input_tokens");
            (at("/usage/input_tokens") + cached + written, cached, at("/usage/output_tokens"))
        }
        "responses" => (
            at("/usage/input_tokens"),
            at("/usage/input_tokens_details/cached_tokens"),
            at("/usage/output_tokens"),
        ),
        "chat" => (
            at("/usage/prompt_tokens"),
            at("/usage/prompt_tokens_details/cached_tokens"),
            at("/usage/completion_tokens"),
        ),
        _ => (
            at("/usageMetadata/promptTokenCount"),
            at("/usageMetadata/cachedContentTokenCount"),
            at("/usageMetadata/candidatesTokenCount") + at("/usageMetadata/thoughtsTokenCount"),
        ),
    }
}

async fn lent_key(bridge: &droid_testbed::host::Bridge, pool: &str) -> Value {
    account(bridge, pool).await["keys"][0]["id"].clone()
}
