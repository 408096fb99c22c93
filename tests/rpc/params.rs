//! Each param of each method, given as everything it is not.
//!
//! Owns: the walk over the method table, a sensible call of each method.
//! Must not know: how params are read.

use std::collections::BTreeSet;
use std::sync::Arc;

use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::event::Usage;
use droid_provider::api::table::METHODS;
use droid_provider::clock::{Clock as _, Rand, SystemClock};
use droid_provider::store::{RequestRow, Store, StoreOptions};
use droid_testbed::host::{Bridge, CallError};
use droid_testbed::http;
use droid_testbed::rig::Rig;
use serde_json::{Value, json};

use crate::support::{ok, pool_of, rig, signed_in};

const MODEL: &str = "claude-sonnet-4-5-20250929";

/// What a well-typed value may still be refused with.
const DOMAIN: [&str; 7] =
    ["invalid", "not_found", "no_account", "stale", "login_over", "needs_login", "upstream"];

/// A call of each method that succeeds, whatever order they are made in.
pub(crate) async fn happy_params(rig: &Rig, bridge: &Bridge) -> Vec<(&'static str, Value)> {
    let (id, _) = signed_in(rig, bridge, json!({ "name": "Signed in" })).await;
    let (doomed, _) = signed_in(rig, bridge, json!({ "name": "Doomed" })).await;
    let keys = ["fk-happy-0123456789-a", "fk-happy-0123456789-b", "fk-happy-0123456789-c"];
    let pool = pool_of(rig, bridge, &keys, json!({ "name": "Pool" })).await;
    rig.fake.add_key("fk-happy-0123456789-d");
    let shown = ok(bridge, "get_credential", json!({ "credential_id": pool })).await;
    let key = |n: usize| shown["keys"][n]["id"].clone();
    let login = ok(bridge, "start_login", json!({ "flow": "device" })).await["login_id"].clone();
    let unwanted = ok(bridge, "start_login", json!({})).await["login_id"].clone();
    let (browser, callback) = pkce(bridge).await;
    let file = rig.folder().join("auth.json");
    let minted = rig.fake.mint_account();
    std::fs::write(&file, json!({ "refresh_token": minted.refresh_token }).to_string())
        .expect("a file");
    let lent = ok(bridge, "acquire_credential", json!({ "model": MODEL })).await;
    ok(bridge, "save_group", json!({ "id": "doomed" })).await;
    ok(bridge, "save_group", json!({ "id": "tier" })).await;
    let logged = log_request(rig).await;
    let kept = ok(bridge, "backup", Value::Null).await;
    let client = |name: &str| ok(bridge, "create_client_key", json!({ "name": name }));
    let client_key = client("Kept").await["id"].clone();
    let doomed_client_key = client("Doomed").await["id"].clone();
    let more: Vec<String> = ('e'..='i').map(|it| format!("fk-happy-0123456789-{it}")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let other = pool_of(rig, bridge, &more, json!({ "name": "Other", "groups": ["tier"] })).await;
    let shown = ok(bridge, "get_credential", json!({ "credential_id": other })).await;
    let spare = |n: usize| shown["keys"][n]["id"].clone();
    let request = json!({
        "model": MODEL, "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }],
    });
    let success =
        json!({ "Success": { "latency_ms": 1, "input_tokens": 2, "output_tokens": null } });
    vec![
        ("get_info", json!({})),
        ("init", Value::Null),
        ("shutdown", Value::Null),
        ("ping", Value::Null),
        ("list_models", json!({})),
        ("supports_model", json!({ "model": "haiku" })),
        (
            "create_credential",
            json!({ "auth_type": "api_key", "config": { "api_keys": ["fk-happy-fresh-0123"] } }),
        ),
        ("list_credentials", Value::Null),
        ("get_credential", json!({ "credential_id": id })),
        (
            "update_credential",
            json!({ "credential_id": id, "config": { "name": "Renamed", "priority": 0 } }),
        ),
        ("delete_credential", json!({ "credential_id": doomed })),
        ("set_credential_enabled", json!({ "credential_id": id, "enabled": true })),
        ("reset_credential", json!({ "credential_id": id })),
        ("import_credentials", json!({ "path": file })),
        ("import_content", json!({ "content": "fk-happy-import-0123\n", "dry_run": true })),
        ("export_credentials", json!({ "passphrase": "happy horse" })),
        (
            "add_api_keys",
            json!({ "credential_id": pool, "api_keys": ["fk-happy-0123456789-d"], "mode": "append" }),
        ),
        ("remove_api_keys", json!({ "credential_id": pool, "api_key_ids": [key(2)] })),
        (
            "set_api_key_status",
            json!({ "credential_id": pool, "api_key_ids": [key(0)], "status": "active" }),
        ),
        (
            "test_api_keys",
            json!({ "credential_id": pool, "api_key_ids": [key(0)], "model": MODEL }),
        ),
        ("test_credential", json!({ "credential_id": id, "model": MODEL })),
        ("test_credentials", json!({ "api_key_ids": [spare(4)], "model": MODEL })),
        ("start_login", json!({ "flow": "pkce", "name": "Somebody" })),
        ("poll_login", json!({ "login_id": login })),
        ("complete_login", json!({ "login_id": browser, "callback_url": callback })),
        ("cancel_login", json!({ "login_id": unwanted })),
        ("acquire_credential", json!({ "model": MODEL, "session_id": "s", "explain": true })),
        (
            "release_credential",
            json!({
                "credential_id": lent["id"], "result": success,
                "lease_id": lent["metadata"]["lease_id"],
            }),
        ),
        ("validate_credential", json!({ "credential_id": id })),
        ("refresh_token", json!({ "credential_id": id })),
        ("transform_request", json!({ "request": request, "credential_id": id })),
        ("apply_risk_control", json!({ "request": request, "credential_id": id })),
        ("transform_response", json!({ "response": { "id": "m" }, "model": MODEL })),
        (
            "parse_response_chunk",
            json!({ "chunk": "data: {}\n\n", "endpoint_type": "comm", "stream_id": "happy" }),
        ),
        ("parse_error", json!({ "status": 429, "body": "{}", "headers": { "retry-after": "3" } })),
        ("get_config", Value::Null),
        ("update_config", json!({ "config": { "timeout_ms": 5000 } })),
        ("config_schema", Value::Null),
        ("list_groups", Value::Null),
        ("save_group", json!({ "id": "team", "name": "Team", "priority": 1 })),
        ("delete_group", json!({ "id": "doomed" })),
        ("explain_selection", json!({ "model": MODEL })),
        ("backup", Value::Null),
        ("list_backups", Value::Null),
        ("remove_backup", json!({ "name": kept["name"] })),
        ("doctor", json!({ "offline": true })),
        ("get_usage", json!({ "model": MODEL })),
        ("gateway_status", Value::Null),
        ("list_logs", json!({ "level": "warn", "limit": 5 })),
        ("usage_summary", Value::Null),
        ("usage_statistics", json!({ "by": ["hour", "model"], "order": "cost", "limit": 5 })),
        ("wait_statistics", json!({ "step": "day", "offset_minutes": 60 })),
        ("week_statistics", json!({ "offset_minutes": -60 })),
        ("store_usage", Value::Null),
        ("forget_usage", json!({ "days": 30 })),
        ("create_client_key", json!({ "name": "One more" })),
        ("list_client_keys", Value::Null),
        ("get_client_key", json!({ "client_key_id": client_key })),
        ("update_client_key", json!({ "client_key_id": client_key, "name": "Renamed" })),
        ("rotate_client_key", json!({ "client_key_id": client_key })),
        ("delete_client_key", json!({ "client_key_id": doomed_client_key })),
        ("refresh_credential", json!({ "credential_id": id })),
        ("test_proxy", json!({ "proxy": "http://127.0.0.1:9" })),
        ("list_requests", json!({ "outcome": "ok", "limit": 5 })),
        ("get_request", json!({ "request_id": logged })),
        ("key_pool_stats", Value::Null),
        ("list_api_keys", json!({ "status": "active", "page": 1 })),
        ("add_pool_keys", json!({ "keys": ["fk-happy-0123456789-j"] })),
        ("remove_pool_key", json!({ "api_key_id": spare(0) })),
        ("remove_pool_keys", json!({ "statuses": ["error"] })),
        ("toggle_pool_key", json!({ "api_key_id": spare(1), "status": "active" })),
        ("test_pool_key", json!({ "api_key_id": spare(2), "model": MODEL })),
        ("test_pool_keys", json!({ "api_key_ids": [spare(2)], "model": MODEL })),
        ("export_pool_keys", json!({ "credential_id": other })),
        ("move_pool_key", json!({ "api_key_id": spare(3), "pool": "default" })),
    ]
}

/// A request in the log, as a gateway on this folder would have left it; answers its id.
async fn log_request(rig: &Rig) -> &'static str {
    let id = "req_happy";
    let entropy = Rand::from_system().expect("randomness");
    let store = Store::open(StoreOptions {
        data_dir: rig.data_dir(),
        passphrase: None,
        entropy: Arc::new(entropy),
    });
    let store = store.await.expect("the records");
    store.record_request(RequestRow {
        id: id.to_owned(),
        started_at: SystemClock.now(),
        client_key_id: None,
        client: Dialect::Anthropic,
        endpoint: Some(Endpoint::Anthropic),
        model_asked: MODEL.to_owned(),
        model_sent: Some(MODEL.to_owned()),
        stream: false,
        session: None,
        attempts: Vec::new(),
        skipped: Vec::new(),
        status: 200,
        outcome: "ok".to_owned(),
        usage: Usage::default(),
        cost: 0,
        latency_ms: 1,
        first_token_ms: None,
        upstream_request_id: None,
    });
    store.close().await.expect("written");
    id
}

/// A browser sign-in that a person has confirmed: its id and where the browser ended up.
pub(crate) async fn pkce(bridge: &Bridge) -> (Value, String) {
    let started = ok(bridge, "start_login", json!({ "flow": "pkce" })).await;
    let uri = started["verification_uri"].as_str().expect("a URI");
    let answer = http::request("GET", uri, [], b"").await;
    let callback = answer.header("location").expect("a redirect").to_owned();
    (started["login_id"].clone(), callback)
}

/// One documented param.
struct Param {
    name: String,
    optional: bool,
    /// The first word of its description: `string`, `list`...
    kind: String,
}

fn documented(method: &str) -> Vec<Param> {
    let spec = METHODS.iter().find(|it| it.name == method).expect(method);
    let others = spec.params.iter().filter_map(|it| it.strip_prefix("as "));
    let others: Vec<Param> = others.flat_map(documented).collect();
    // `chunk?: string, or chunk_base64?: string - the bytes` names two.
    let of_line = |line: &'static str| {
        let head = line.split(" - ").next().unwrap_or(line);
        head.split(", or ").map(move |it| match it.split_once(": ") {
            Some((name, kind)) => (name, kind.trim_matches(',')),
            None => ("", line),
        })
    };
    let own = spec.params.iter().filter(|it| !it.starts_with("as "));
    let own = own.flat_map(|it| of_line(it)).filter(|(name, _)| !name.is_empty());
    let own = own.map(|(name, kind)| Param {
        optional: name.ends_with('?'),
        name: name.trim_end_matches('?').to_owned(),
        kind: kind.split([' ', ',']).next().unwrap_or_default().to_owned(),
    });
    others.into_iter().chain(own).collect()
}

fn wrong_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(7),
        json!(-1.5),
        json!(u64::MAX),
        json!("text"),
        json!(""),
        json!([]),
        json!([1, null, {}]),
        json!(["text"]),
        json!({}),
        json!({ "x": { "y": [1] } }),
    ]
}

/// Whether a value has the kind that is documented, so that what it says may be looked at.
fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" | "URL" | "RFC" => value.is_string(),
        "integer" => value.is_u64(),
        "bool" => value.is_boolean(),
        "list" => value.is_array() || value.is_string(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// An error names the field, a valid answer is one; never a fault of the contract.
async fn answers_well(bridge: &Bridge, method: &str, name: &str, params: &Value, typed: bool) {
    let shown = format!("{method} {params}");
    match bridge.call(method, params.clone()).await {
        Ok(_) => {}
        Err(CallError::Fault(fault)) => panic!("{shown}: {fault}"),
        Err(CallError::Rpc(error)) => {
            let names_it = error.message.contains(name);
            let kind = error.data["kind"].as_str().unwrap_or_default();
            assert!(
                error.code == -32602 && names_it
                    || typed && DOMAIN.contains(&kind) && error.code < 0,
                "{shown}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn every_param_of_every_method_may_be_anything() {
    let rig = rig().await;
    // Upstream is asked in vain: no wait between tries.
    rig.configure(&json!({ "settings": { "token_refresh": { "retry_delay_ms": 0 } } }));
    let bridge = rig.bridge();
    let happy = happy_params(&rig, &bridge).await;
    let mut n_calls = 0;
    for spec in METHODS {
        let (_, base) = happy.iter().find(|(name, _)| *name == spec.name).expect(spec.name);
        for param in documented(spec.name) {
            for value in wrong_values() {
                let mut params = if base.is_object() { base.clone() } else { json!({}) };
                params[&param.name] = value.clone();
                let typed = is_of(&param.kind, &value) || (param.optional && value.is_null());
                answers_well(&bridge, spec.name, &param.name, &params, typed).await;
                n_calls += 1;
            }
            if param.optional {
                continue;
            }
            let mut params = base.clone();
            params.as_object_mut().expect("params").remove(&param.name);
            answers_well(&bridge, spec.name, &param.name, &params, false).await;
        }
        for params in [json!([]), json!([1]), json!(["text", {}])] {
            answers_well(&bridge, spec.name, "params", &params, false).await;
        }
    }
    ok(&bridge, "ping", Value::Null).await;
    bridge.assert_clean();
    let exit = bridge.close().await.expect("a clean end");
    assert!(!exit.stderr.contains("defect"), "{}", exit.stderr);
    println!("{n_calls} wrong params");
}

/// Hosts write what they leave out as null.
#[tokio::test]
async fn null_is_as_good_as_absent_for_what_may_be_left_out() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let happy = happy_params(&rig, &bridge).await;
    let by_now = [
        "delete_credential",
        "complete_login",
        "import_credentials",
        "delete_group",
        "delete_client_key",
        "remove_pool_key",
        "remove_backup",
        "move_pool_key",
    ];
    for spec in METHODS.iter().filter(|it| !by_now.contains(&it.name)) {
        let (_, base) = happy.iter().find(|(name, _)| *name == spec.name).expect(spec.name);
        let optional: Vec<Param> =
            documented(spec.name).into_iter().filter(|it| it.optional).collect();
        let mut params = if base.is_object() { base.clone() } else { json!({}) };
        for param in &optional {
            if params.get(&param.name).is_none() {
                params[&param.name] = Value::Null;
            }
        }
        ok(&bridge, spec.name, params).await;
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn every_field_of_an_account_may_be_anything() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    let fields = BTreeSet::from([
        "name",
        "endpoint_type",
        "priority",
        "groups",
        "schedulable",
        "enabled",
        "max_concurrency",
        "proxy",
        "user_agent",
        "subscription_expires_at",
        "token_budget",
        "key_strategy",
        "organization_id",
        "expires_at",
    ]);
    for field in fields {
        for value in wrong_values() {
            let params = json!({ "credential_id": id, "config": { field: value } });
            // Groups that are not there are told by their names.
            let typed = field == "groups" && value == json!(["text"]);
            answers_well(&bridge, "update_credential", field, &params, typed).await;
            let mut config = json!({ "api_keys": ["fk-anything-0123456789"] });
            config[field] = value.clone();
            let params = json!({ "auth_type": "api_key", "config": config });
            answers_well(&bridge, "create_credential", field, &params, typed).await;
        }
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn every_setting_may_be_anything() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let mut paths = Vec::new();
    let shown = ok(&bridge, "get_config", Value::Null).await;
    leaves(&shown["config"], &mut Vec::new(), &mut paths);
    assert!(paths.len() > 30, "{}", paths.len());
    for path in &paths {
        for value in wrong_values() {
            let patch = path.iter().rev().fold(value, |inner, name| json!({ name: inner }));
            // What a person named themselves is one value: its parts do not stand alone.
            let whole = if path[0] == "prices" { path.get(1) } else { path.last() };
            let field = whole.expect("a path");
            let params = json!({ "config": patch });
            answers_well(&bridge, "update_config", field, &params, false).await;
        }
    }
    bridge.assert_clean();
}

#[tokio::test]
async fn every_part_of_a_result_may_be_anything() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for (form, fields) in [
        ("Success", ["latency_ms", "input_tokens", "output_tokens", ""]),
        ("error", ["error_type", "message", "mark_unhealthy", "cooldown_seconds"]),
    ] {
        for field in fields {
            for value in wrong_values() {
                let params = json!({ "credential_id": id, "result": { form: { field: value } } });
                answers_well(&bridge, "release_credential", "result", &params, false).await;
            }
        }
    }
    bridge.assert_clean();
}

fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, inner) in members {
                path.push(name.clone());
                leaves(inner, path, found);
                path.pop();
            }
        }
        _ => found.push(path.clone()),
    }
}
