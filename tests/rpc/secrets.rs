//! A canary in every secret field, and everywhere one could leak to.
//!
//! Owns: a long session of good and bad calls, the list of what is secret, the search for it.
//! Must not know: how secrets are kept.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use droid_testbed::host::{Bridge, CallError, HostConfig, OneShot};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::{Action, Endpoint, Match};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::contract::call;
use super::peer::{PATIENCE, Peer};
use crate::support::rig;

const MODEL: &str = "claude-sonnet-4-5-20250929";
const PASSPHRASE: &str = "canary passphrase of seven words it is";
const KEYS: [&str; 3] =
    ["fk-canary-first-0123456789", "fk-canary-second-0123456789", "fk-canary-third-0123456789"];
const ENV_KEY: &str = "fk-canary-environment-0123456789";
const DEAD_REFRESH: &str = "canary-dead-refresh-token-0123456789";
const PROXY_USER: &str = "canaryproxyuser";
const PROXY_PASSWORD: &str = "canaryproxypassword";
const EMAIL: &str = "canary.owner@canary-mail.example";
const BODY: &str = "the canary said something private in its request";

/// What these answer is the caller's own secret or text, by contract (design section 6.1).
const ANSWERS_SECRETS: [&str; 6] = [
    "acquire_credential",
    "refresh_token",
    "transform_request",
    "apply_risk_control",
    "transform_response",
    "parse_response_chunk",
];

/// A process, and everything it answered by method.
struct Session {
    bridge: Bridge,
    said: Vec<(String, String)>,
}

impl Session {
    fn begin(host: &HostConfig) -> Self {
        Self { bridge: Bridge::connect(host).expect("starts"), said: Vec::new() }
    }

    /// Calls; null for an error, whose text is kept too.
    async fn say(&mut self, method: &str, params: Value) -> Value {
        let (result, text) = match self.bridge.call(method, params).await {
            Ok(result) => (result.clone(), result.to_string()),
            Err(CallError::Rpc(error)) => (Value::Null, format!("error {error}")),
            Err(CallError::Fault(fault)) => panic!("{method}: {fault}"),
        };
        self.said.push((method.to_owned(), text));
        result
    }

    async fn fails(&mut self, method: &str, params: Value) {
        assert_eq!(self.say(method, params).await, Value::Null, "{method} did not fail");
    }
}

/// Everything that must not be seen, by name.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        assert!(text.len() >= 12, "{name} is too short to be told from chance");
        self.0.push((name.to_owned(), text));
    }

    fn must_not_be_in(&self, place: &str, text: &str) {
        for (name, secret) in &self.0 {
            assert!(!text.contains(secret.as_str()), "{place} shows {name}: {text}");
        }
    }

    /// Plain, in hex of either case, and in base64 at any alignment.
    fn must_not_be_in_bytes(&self, place: &str, bytes: &[u8]) {
        for (name, secret) in &self.0 {
            let hex: String = secret.bytes().map(|it| format!("{it:02x}")).collect();
            let upper = hex.to_uppercase();
            let shifted = (0..3).map(|skip| {
                let encoded = STANDARD_NO_PAD.encode(&secret.as_bytes()[skip..]);
                // The last character also holds what follows the secret.
                encoded[..encoded.len() - 2].to_owned()
            });
            let forms = [secret.clone(), hex, upper].into_iter().chain(shifted);
            for form in forms {
                assert!(!contains(bytes, form.as_bytes()), "{place} holds {name} as {form}");
                let url_safe = form.replace('+', "-").replace('/', "_");
                assert!(
                    !contains(bytes, url_safe.as_bytes()),
                    "{place} holds {name} as {url_safe}"
                );
            }
        }
    }

    /// Every file below a folder, whatever it is.
    fn must_not_be_on_disk(&self, folder: &Path) -> usize {
        let mut n_files = 0;
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                n_files += self.must_not_be_on_disk(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.must_not_be_in_bytes(&path.display().to_string(), &bytes);
                n_files += 1;
            }
        }
        n_files
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(bytes, what).is_some()
}

/// The search itself must find what is there.
#[test]
fn the_search_finds_every_form() {
    let mut secrets = Secrets::default();
    secrets.add("it", KEYS[0]);
    for skip in 0..3 {
        let text = format!("{}{}tail", "x".repeat(skip), KEYS[0]);
        let encoded = STANDARD_NO_PAD.encode(&text);
        let found =
            std::panic::catch_unwind(|| secrets.must_not_be_in_bytes("b", encoded.as_bytes()));
        assert!(found.is_err(), "base64 at {skip}");
    }
    let hex: String = KEYS[0].bytes().map(|it| format!("{it:02X}")).collect();
    for text in [hex, KEYS[0].to_owned()] {
        assert!(
            std::panic::catch_unwind(|| secrets.must_not_be_in_bytes("b", text.as_bytes()))
                .is_err()
        );
    }
    secrets.must_not_be_in_bytes("b", b"nothing of it");
}

fn loud(rig: &Rig, more: &[(&str, &str)]) -> HostConfig {
    let host = rig.host().env("RUST_LOG", "trace").env("DROID_DEBUG", "1");
    let host = host.env("DROID_ENCRYPTION_KEY", PASSPHRASE);
    more.iter().fold(host, |host, (name, value)| host.env(name, value))
}

#[tokio::test]
async fn no_secret_is_seen_anywhere() {
    let rig = rig().await;
    // No wait between the tries of a refresh that fails.
    rig.configure(&json!({ "settings": { "token_refresh": { "retry_delay_ms": 0 } } }));
    let mut secrets = Secrets::default();
    secrets.add("the passphrase", PASSPHRASE);
    secrets.add("a dead refresh token", DEAD_REFRESH);
    secrets.add("a proxy's password", PROXY_PASSWORD);
    secrets.add("the key of the environment", ENV_KEY);
    for key in KEYS {
        rig.fake.add_key(key);
        secrets.add("a key", key);
    }
    let from_env = rig.fake.mint_account();
    secrets.add("the refresh token of the environment", &from_env.refresh_token);
    let env = [("FACTORY_API_KEY", ENV_KEY), ("DROID_REFRESH_KEY", &from_env.refresh_token)];
    let mut session = Session::begin(&loud(&rig, &env));

    accounts_and_logins(&rig, &mut session, &mut secrets).await;
    bad_values(&rig, &mut session, &secrets).await;
    upstream_that_echoes(&rig, &mut session, &mut secrets).await;
    bodies(&mut session).await;
    secrets.must_not_be_on_disk(&rig.data_dir());
    let exit = session.bridge.close().await.expect("a clean end");
    let mut stderr = exit.stderr;
    stderr.push_str(&damage(&rig, &mut session.said).await);
    stderr.push_str(&killed_in_a_refresh(&rig, &mut secrets).await);

    assert!(stderr.len() > 1000, "the log was on: {stderr}");
    secrets.must_not_be_in("standard error", &stderr);
    for text in [EMAIL, BODY, PROXY_USER, "canary"] {
        assert!(!stderr.to_lowercase().contains(text), "standard error shows {text}: {stderr}");
    }
    for (method, text) in &session.said {
        if text.starts_with("error") || !ANSWERS_SECRETS.contains(&method.as_str()) {
            secrets.must_not_be_in(method, text);
        }
        if text.starts_with("error") {
            assert!(!text.contains(EMAIL) && !text.contains(BODY), "{method}: {text}");
        }
    }
    let methods: BTreeSet<&str> = session.said.iter().map(|(method, _)| method.as_str()).collect();
    let n_files = secrets.must_not_be_on_disk(&rig.data_dir());
    println!(
        "{} answers of {} methods, {} bytes of log, {n_files} files, {} secrets",
        session.said.len(),
        methods.len(),
        stderr.len(),
        secrets.0.len()
    );
    assert!(n_files >= 2 && methods.len() > 25);
}

/// Every kind of account, used; every kind of sign-in, ended well and badly.
async fn accounts_and_logins(rig: &Rig, session: &mut Session, secrets: &mut Secrets) {
    let minted = rig.fake.mint_account();
    secrets.add("an access token", &minted.access_token);
    secrets.add("a refresh token", &minted.refresh_token);
    let config = json!({
        "access_token": minted.access_token, "refresh_token": minted.refresh_token,
        "expires_at": minted.expires_at, "owner_email": EMAIL, "owner_name": "Canary Owner",
    });
    let created = json!({ "auth_type": "workos_oauth", "config": config });
    let id = session.say("create_credential", created.clone()).await["credential_id"].clone();
    // Once more: it is known.
    session.fails("create_credential", created).await;
    let pool = json!({ "auth_type": "api_key", "config": { "api_keys": KEYS, "name": "Pool" } });
    let pool = session.say("create_credential", pool).await["credential_id"].clone();
    let dead = json!({ "auth_type": "manual", "config": { "refresh_token": DEAD_REFRESH } });
    session.fails("create_credential", dead).await;
    for session_id in ["one", "two", "three"] {
        let ask = json!({ "model": MODEL, "session_id": session_id, "explain": true });
        session.say("acquire_credential", ask).await;
    }
    let ask = json!({ "model": MODEL, "credential_id": id });
    session.say("acquire_credential", ask).await;
    let fresh = session.say("refresh_token", json!({ "credential_id": id })).await;
    for name in ["access_token", "refresh_token"] {
        secrets.add("a refreshed token", fresh[name].as_str().expect("a token"));
    }
    for method in ["get_credential", "validate_credential", "reset_credential"] {
        session.say(method, json!({ "credential_id": id })).await;
        session.say(method, json!({ "credential_id": pool })).await;
    }
    session.say("test_api_keys", json!({ "credential_id": pool })).await;
    let proxy = format!("http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:1");
    let proxied = json!({ "credential_id": id, "config": { "proxy": proxy } });
    session.say("update_credential", proxied).await;
    session.say("validate_credential", json!({ "credential_id": id })).await;
    session.fails("refresh_token", json!({ "credential_id": id })).await;
    session.fails("start_login", json!({ "proxy": proxy })).await;
    let config = json!({ "proxies": [{ "name": "p", "url": proxy }] });
    session.say("update_config", json!({ "config": config })).await;
    session.say("get_config", Value::Null).await;
    session.say("update_config", json!({ "config": { "proxies": [] } })).await;
    let direct = json!({ "credential_id": id, "config": { "proxy": null } });
    session.say("update_credential", direct).await;
    device(rig, session, secrets).await;
    browser(rig, session, secrets).await;
    let spent = json!({ "credential_id": id, "config": { "refresh_token": minted.refresh_token } });
    session.fails("update_credential", spent).await;
    for method in ["list_credentials", "get_usage", "gateway_status", "list_groups"] {
        session.say(method, Value::Null).await;
    }
    session.say("explain_selection", json!({ "model": MODEL })).await;
}

async fn device(rig: &Rig, session: &mut Session, secrets: &mut Secrets) {
    let started = session.say("start_login", json!({ "flow": "device", "name": "D" })).await;
    let pending = rig.fake.pending_devices().pop().expect("one waits");
    secrets.add("a device code", &pending.device_code);
    let login = json!({ "login_id": started["login_id"] });
    session.say("poll_login", login.clone()).await;
    assert!(rig.fake.approve_device(&pending.user_code, None));
    // The interval is real: asked until it is over.
    let done = async {
        while session.say("poll_login", login.clone()).await["state"] == "pending" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("signed in");
    let denied = session.say("start_login", json!({})).await;
    session.say("cancel_login", json!({ "login_id": denied["login_id"] })).await;
    session.say("poll_login", json!({ "login_id": denied["login_id"] })).await;
}

async fn browser(rig: &Rig, session: &mut Session, secrets: &mut Secrets) {
    assert!(!rig.fake.base_url().is_empty());
    let started = session.say("start_login", json!({ "flow": "pkce" })).await;
    // Its address carries the state, which the person's browser needs: not an answer to search.
    session.said.pop();
    let uri = started["verification_uri"].as_str().expect("a URI").to_owned();
    let answer = droid_testbed::http::request("GET", &uri, [], b"").await;
    let callback = answer.header("location").expect("a redirect").to_owned();
    let query = callback.split_once('?').expect("a query").1;
    let of = |name: &str| {
        let found = query.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
        found.expect(name).to_owned()
    };
    secrets.add("a code", of("code"));
    secrets.add("a state", of("state"));
    let id = &started["login_id"];
    let forged = callback.replace(&of("state"), "canaryforgedstate");
    session.fails("complete_login", json!({ "login_id": id, "callback_url": forged })).await;
    let garbage = format!("canary {}", of("code"));
    session.fails("complete_login", json!({ "login_id": id, "callback_url": garbage })).await;
    session.fails("complete_login", json!({ "login_id": id, "callback_url": [callback] })).await;
    session.say("complete_login", json!({ "login_id": id, "callback_url": callback })).await;
    session.fails("complete_login", json!({ "login_id": id, "callback_url": callback })).await;
}

/// Secrets where something else is expected, of every wrong kind.
async fn bad_values(rig: &Rig, session: &mut Session, secrets: &Secrets) {
    let file = rig.folder().join("broken.json");
    let text = format!("{{\"refresh_token\": \"{DEAD_REFRESH}\", \"api_key\": {}", KEYS[0]);
    std::fs::write(&file, text).expect("written");
    session.fails("import_credentials", json!({ "path": file })).await;
    std::fs::write(&file, json!({ "refresh_token": { DEAD_REFRESH: KEYS[0] } }).to_string())
        .expect("written");
    session.fails("import_credentials", json!({ "path": file })).await;
    for (_, secret) in &secrets.0 {
        for value in [json!(secret), json!([secret]), json!({ secret: secret }), json!([[secret]])]
        {
            for config in [
                json!(value),
                json!({ "api_keys": { "x": value } }),
                json!({ "api_keys": [value, { "y": value }], "name": 5 }),
                json!({ "refresh_token": [value] }),
                json!({ "access_token": { "x": value }, "refresh_token": 5 }),
                json!({ "proxy": { "type": "http", "host": value, "port": value, "password": value } }),
                json!({ "proxy": [value], "api_keys": "fk-filler-0123456789" }),
                json!({ "expires_at": value, "refresh_token": "filler-filler" }),
                json!({ "priority": value }),
                json!({ "groups": value, "api_keys": 7 }),
                json!({ "endpoint_type": value }),
                json!({ "key_strategy": value }),
            ] {
                let params = json!({ "auth_type": "workos_oauth", "config": config });
                session.fails("create_credential", params).await;
            }
            for (method, params) in [
                ("create_credential", json!({ "auth_type": value, "config": {} })),
                ("get_credential", json!({ "credential_id": value })),
                ("refresh_token", json!({ "credential_id": value })),
                ("add_api_keys", json!({ "credential_id": value, "api_keys": value })),
                ("remove_api_keys", json!({ "credential_id": "a", "api_key_ids": value })),
                (
                    "set_api_key_status",
                    json!({ "credential_id": "a", "api_key_ids": ["k"], "status": value }),
                ),
                ("poll_login", json!({ "login_id": value })),
                ("complete_login", json!({ "login_id": "a", "callback_url": value })),
                ("start_login", json!({ "flow": value })),
                ("start_login", json!({ "proxy": value })),
                ("release_credential", json!({ "credential_id": "a", "result": value })),
                ("parse_response_chunk", json!({ "carry": value, "chunk": "a" })),
                ("parse_response_chunk", json!({ "chunk_base64": value, "endpoint_type": value })),
                ("get_usage", json!({ "since": value })),
                ("update_config", json!({ "config": { "timeout_ms": value } })),
                (
                    "update_config",
                    json!({ "config": { "settings": { "workos": { "auth_url": value } } } }),
                ),
                (
                    "update_config",
                    json!({ "config": { "proxies": [{ "name": "p", "url": value }] } }),
                ),
            ] {
                session.fails(method, params).await;
            }
        }
    }
    // Keys where ids of keys are expected.
    let listed = session.say("list_credentials", Value::Null).await;
    let of_kind = |kind: &str| {
        let found = listed.as_array().expect("a list").iter().find(|it| it["auth_type"] == kind);
        found.expect(kind)["credential_id"].clone()
    };
    let pool = of_kind("api_key");
    session
        .say("remove_api_keys", json!({ "credential_id": pool, "api_key_ids": [KEYS[0], ENV_KEY] }))
        .await;
    let status = json!({ "credential_id": pool, "api_key_ids": [KEYS[0]], "status": "disabled" });
    session.fails("set_api_key_status", status).await;
    let proxy = format!("ftp://{PROXY_USER}:{PROXY_PASSWORD}@host:1");
    let patch = json!({ "credential_id": pool, "config": { "proxy": proxy } });
    session.fails("update_credential", patch).await;
    session.fails(KEYS[0], json!({})).await;
}

/// Errors of upstream that repeat what they were sent.
async fn upstream_that_echoes(rig: &Rig, session: &mut Session, secrets: &mut Secrets) {
    let pool = json!({ "auth_type": "api_key", "config": { "api_keys": KEYS, "name": "Echoed" } });
    let pool = session.say("create_credential", pool).await["credential_id"].clone();
    for (status, key) in
        [(401, KEYS[0]), (403, KEYS[1]), (429, KEYS[2]), (500, KEYS[0]), (402, KEYS[1])]
    {
        let text =
            format!("Key {key} (Authorization: Bearer {key}, x-api-key={key}) of {EMAIL} refused");
        for body in [
            json!({ "error": { "type": key, "code": key, "message": text } }).to_string(),
            json!({ "detail": text }).to_string(),
            text.clone(),
            format!("<html><title>{text}</title></html>"),
        ] {
            let action = Action::Status {
                status,
                headers: vec![
                    ("x-request-id".to_owned(), key.to_owned()),
                    ("retry-after".to_owned(), key.to_owned()),
                ],
                body: body.clone(),
            };
            rig.fake.script().times(KEYS.len(), Match::endpoint(Endpoint::Anthropic), action);
            session.say("test_api_keys", json!({ "credential_id": pool, "model": MODEL })).await;
            rig.fake.script().clear();
            session.say("parse_error", json!({ "status": status, "body": body })).await;
            let result = json!({ "Error": {
                "error_type": key, "message": text, "mark_unhealthy": true, "cooldown_seconds": 1,
            } });
            for with_status in [json!(status), Value::Null] {
                let release = json!({
                    "credential_id": pool, "result": result, "status": with_status, "body": body,
                });
                session.say("release_credential", release).await;
            }
            session.say("get_credential", json!({ "credential_id": pool })).await;
            session.say("explain_selection", json!({ "model": MODEL })).await;
            session
                .say("acquire_credential", json!({ "model": MODEL, "credential_id": pool }))
                .await;
            session.say("reset_credential", json!({ "credential_id": pool })).await;
        }
    }
    let minted = rig.fake.mint_account();
    secrets.add("an echoed access token", &minted.access_token);
    secrets.add("an echoed refresh token", &minted.refresh_token);
    let config = json!({
        "access_token": minted.access_token, "refresh_token": minted.refresh_token,
        "expires_at": minted.expires_at,
    });
    let created = json!({ "auth_type": "workos_oauth", "config": config });
    let id = session.say("create_credential", created).await["credential_id"].clone();
    let token = &minted.refresh_token;
    let text = format!("the token {token} of {EMAIL} is odd; access {}", minted.access_token);
    for (status, body) in [
        (500, text.clone()),
        (503, json!({ "error": text, "error_description": text }).to_string()),
        (400, json!({ "error": "invalid_request", "error_description": text }).to_string()),
        (400, json!({ "error": token, "error_description": token }).to_string()),
        (200, json!({ "access_token": 5, "refresh_token": token, "user": text }).to_string()),
        (200, text.clone()),
        (400, json!({ "error": "invalid_grant", "error_description": text }).to_string()),
    ] {
        let action = Action::Status { status, headers: Vec::new(), body };
        rig.fake.script().always(Match::endpoint(Endpoint::Refresh), action);
        session.fails("refresh_token", json!({ "credential_id": id })).await;
        rig.fake.script().clear();
        session.say("get_credential", json!({ "credential_id": id })).await;
        session.say("validate_credential", json!({ "credential_id": id })).await;
    }
    for endpoint in [Endpoint::CliOrg, Endpoint::Anthropic] {
        let action = Action::Status { status: 401, headers: Vec::new(), body: text.clone() };
        rig.fake.script().next(Match::endpoint(endpoint), action);
        session.say("validate_credential", json!({ "credential_id": id })).await;
        rig.fake.script().clear();
    }
    let action = Action::Status { status: 400, headers: Vec::new(), body: text };
    rig.fake.script().next(Match::endpoint(Endpoint::DeviceAuthorize), action);
    session.fails("start_login", json!({})).await;
}

/// Bodies of clients, right and wrong: never in a log or an error.
async fn bodies(session: &mut Session) {
    let message = json!([{ "role": "user", "content": BODY }]);
    let good = json!({ "model": MODEL, "max_tokens": 9, "system": BODY, "messages": message });
    session.say("transform_request", json!({ "request": good })).await;
    session.say("apply_risk_control", json!({ "request": good })).await;
    session.say("transform_response", json!({ "response": { "content": BODY } })).await;
    for request in [
        json!({ "model": [BODY], "messages": message }),
        json!({ "model": MODEL, "system": { "text": BODY }, "messages": BODY }),
        json!({ "model": MODEL, "stream": BODY, "messages": message }),
        json!([BODY]),
        json!(BODY),
        json!({ "text": BODY }),
    ] {
        session.fails("transform_request", json!({ "request": request })).await;
    }
    let chunk = format!("data: {{\"error\":{{\"message\":\"{BODY}\"}}}}\n\ndata: {BODY}\n\n");
    let params = json!({ "chunk": chunk, "endpoint_type": "comm", "stream_id": "canary" });
    session.say("parse_response_chunk", params).await;
}

/// Records that were altered, and keys that are not the right ones.
async fn damage(rig: &Rig, said: &mut Vec<(String, String)>) -> String {
    let database = rig.database();
    let conn = Connection::open(&database).expect("opens");
    conn.execute("UPDATE api_keys SET secret = substr(secret, 1, length(secret) - 4)", [])
        .expect("altered");
    conn.execute("UPDATE accounts SET refresh = access", []).expect("altered");
    drop(conn);
    let mut stderr = String::new();
    let wrong =
        rig.host().env("RUST_LOG", "trace").env("DROID_ENCRYPTION_KEY", "canary wrong phrase");
    let unset = rig.host().env("RUST_LOG", "trace");
    for host in [loud(rig, &[]), wrong, unset] {
        let mut session = Session::begin(&host);
        for (method, params) in [
            ("init", Value::Null),
            ("list_credentials", Value::Null),
            ("acquire_credential", json!({ "model": MODEL })),
            ("acquire_credential", json!({ "model": "gpt-5", "endpoint_type": "openai" })),
            (
                "create_credential",
                json!({ "auth_type": "api_key", "config": { "api_keys": [KEYS[0]] } }),
            ),
            ("gateway_status", Value::Null),
        ] {
            session.say(method, params).await;
        }
        let listed = session.say("list_credentials", Value::Null).await;
        for account in listed.as_array().into_iter().flatten() {
            for method in ["refresh_token", "validate_credential", "test_api_keys"] {
                session.say(method, json!({ "credential_id": account["credential_id"] })).await;
            }
        }
        stderr.push_str(&session.bridge.close().await.expect("a clean end").stderr);
        said.append(&mut session.said);
    }
    stderr
}

/// Killed between the answer and its end: what lies on disk then is sealed too.
async fn killed_in_a_refresh(rig: &Rig, secrets: &mut Secrets) -> String {
    let minted = rig.fake.mint_account();
    secrets.add("a killed process's refresh token", &minted.refresh_token);
    let config = json!({
        "access_token": minted.access_token, "refresh_token": minted.refresh_token,
        "expires_at": minted.expires_at,
    });
    let host = OneShot::new(loud(rig, &[]));
    let params = json!({ "auth_type": "workos_oauth", "config": config });
    let created = host.call("create_credential", params).await.expect("created");
    let hang = Action::DelayAfterRotation(Duration::from_secs(600));
    rig.fake.script().next(Match::endpoint(Endpoint::Refresh), hang);
    let env = [("RUST_LOG", "trace"), ("DROID_DEBUG", "1"), ("DROID_ENCRYPTION_KEY", PASSPHRASE)];
    let mut peer = Peer::start(rig, &env);
    let id = json!({ "credential_id": created["credential_id"] });
    peer.send(call("1", "refresh_token", &id)).await;
    // Lines that are no calls at all.
    peer.send(format!("{{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"{}\"", KEYS[0])).await;
    peer.send(format!("{} {BODY}", KEYS[0])).await;
    for _ in 0..2 {
        let line = peer.line().await;
        secrets.must_not_be_in("a refusal", &String::from_utf8_lossy(&line));
    }
    let rotated = rig.fake.journal().wait_until(PATIENCE, |it| {
        it.iter().any(|it| it.rotated_at.is_some() && it.answer_started_at.is_none())
    });
    assert!(rotated.await, "the refresh is under way");
    secrets.must_not_be_on_disk(&rig.data_dir());
    peer.signal("-KILL");
    peer.ended().await.stderr
}
