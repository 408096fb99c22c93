//! `client-keys`, and that a client gets an answer with one: the gateway as a new user runs it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::{Value, json};

use super::kit::{Home, MODEL};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_key_is_shown_once_changed_renewed_and_deleted() {
    let home = Home::new().await;
    let said = home.run(&["client-keys", "list"]).ok();
    assert!(said.stdout.contains("client-keys create"), "{}", said.stdout);
    let made = home.json(&["client-keys", "create", "--name", "laptop"]);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("dpk_") && made["id"].is_string(), "{made}");
    for arguments in [&["client-keys", "list"][..], &["client-keys", "show", "laptop"]] {
        let said = home.run(arguments).ok();
        assert!(said.stdout.contains("laptop") && !said.stdout.contains(key), "{}", said.stdout);
    }
    let pool = home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let edit = ["client-keys", "edit", "laptop", "--bind", "Team", "--models", "claude-*"];
    let changed = home.json(&[&edit[..], &["--concurrency", "2", "--daily-cost", "1.5"]].concat());
    assert_eq!(changed["binding"], pool["id"]);
    assert_eq!(changed["models"], json!(["claude-*"]));
    assert_eq!(
        (&changed["limits"]["concurrency"], &changed["limits"]["daily_cost"]),
        (&json!(2), &json!(1.5))
    );
    let freed =
        home.json(&["client-keys", "edit", "laptop", "--bind", "none", "--concurrency", "0"]);
    assert_eq!((&freed["binding"], freed["limits"].get("concurrency")), (&json!(""), None));
    assert_eq!(freed["limits"]["daily_cost"], 1.5, "other limits stay");
    assert_eq!(
        home.json(&["client-keys", "edit", "laptop", "--enabled", "false"])["status"],
        "disabled"
    );
    home.run(&["client-keys", "rotate", "laptop"]).failed(2);
    let renewed = home.json(&["client-keys", "rotate", "laptop", "--yes"]);
    assert_ne!(renewed["key"], made["key"]);
    assert_eq!(renewed["id"], made["id"]);
    home.run(&["client-keys", "delete", "laptop"]).failed(2);
    home.run(&["client-keys", "delete", "laptop", "--yes"]).ok();
    for word in ["show", "edit", "rotate", "delete"] {
        home.run(&["client-keys", word, "laptop"]).failed(3);
    }
    home.run(&["client-keys", "create"]).failed(2);
    home.run(&["client-keys", "create", "--name", "x", "--expires", "soon"]).failed(2);
    home.run(&["client-keys", "create", "--name", "x", "--bind", "nobody"]).failed(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_home_to_an_answered_request() {
    let home = Home::new().await;
    home.pool("Team", &["fk-canary-0123456789aaaa"]);
    let mut gateway = home
        .command(&["serve", "--listen", "127.0.0.1:0", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let url = said["listening"].as_str().unwrap().to_owned();
    // Both find the gateway that runs on this data.
    assert_eq!(home.json(&["ready", "--wait", "10"])["url"], url.as_str());
    home.json(&["setup", "claude-code"]);
    let settings = std::fs::read_to_string(home.path().join(".claude/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let env = &settings["env"];
    assert_eq!(env["ANTHROPIC_BASE_URL"], url.as_str());
    let body = json!({
        "model": MODEL, "max_tokens": 16, "messages": [{ "role": "user", "content": "hello" }],
    })
    .to_string();
    let address = url.trim_start_matches("http://");
    let ask = |key: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /v1/messages HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             anthropic-version: 2023-06-01\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let key = env["ANTHROPIC_AUTH_TOKEN"].as_str().unwrap();
    // The gateway knows a key at once that another process made.
    let answer = ask(key);
    let doctor = home.run(&["doctor"]);
    // What was used is stored behind the answer, within a second.
    let begun = tokio::time::Instant::now();
    let by_key = loop {
        let by_key = home.run(&["usage", "--by", "client-key"]);
        if by_key.stdout.contains("claude-code") || begun.elapsed().as_secs() > 20 {
            break by_key;
        }
    };
    let ready = home.run(&["ready", "--url", &url]);
    let refused = ask("dpk_nobody");
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    ready.ok();
    assert!(doctor.stdout.contains(&format!("running at {url}")), "{}", doctor.stdout);
    assert!(by_key.stdout.contains("claude-code"), "{}", by_key.stdout);
    home.run(&["ready", "--url", &url]).failed(1);
    let undone = home.run(&["setup", "claude-code", "--undo"]).ok();
    assert!(undone.stdout.contains("client-keys delete"), "{}", undone.stdout);
    home.run(&["ready", "--url", "nowhere"]).failed(2);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("\"type\":\"message\"") || answer.contains("\"type\": \"message\""),
        "{answer}"
    );
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    home.run(&["serve", "--listen", "nowhere"]).failed(2);
}
