//! docs/http.md and the list of metrics in docs/monitoring.md.
//!
//! Owns: the sections of routes, refusals and metrics: what a running gateway answers.
//! Must not know: how a route works.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use droid_provider::api::table::{METHODS, Route, Verb};
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, request};
use droid_testbed::rig::Rig;
use serde_json::json;

use super::{calls, cell, section_is};
use crate::tree;

const PATH: &str = "docs/http.md";
const ADMIN: &str = "admin-key-of-the-documents";
const CLIENT: &str = "client-key-of-the-documents";
const MODEL: &str = "claude-sonnet-4-5-20250929";

/// Paths of the four protocols: verb, path, what its client speaks, what it is for.
const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("POST", "/v1/messages", "Anthropic", "an answer of any model"),
    ("POST", "/v1/messages/count_tokens", "Anthropic", "how many tokens a request has"),
    ("POST", "/v1/responses", "Responses", "an answer of any model"),
    ("POST", "/v1/responses/input_tokens", "Responses", "how many tokens a request has"),
    ("POST", "/v1/chat/completions", "Chat", "an answer of any model"),
    ("POST", "/v1beta/models/{model}:generateContent", "Gemini", "an answer of any model"),
    (
        "POST",
        "/v1beta/models/{model}:streamGenerateContent",
        "Gemini",
        "a stream; server-sent events with `?alt=sse`, else one JSON array",
    ),
    ("POST", "/v1beta/models/{model}:countTokens", "Gemini", "how many tokens a request has"),
    ("GET", "/v1/models", "by header", "the catalogue"),
    ("GET", "/v1/models/{model}", "by header", "one model of it"),
    ("GET", "/v1beta/models", "Gemini", "the catalogue"),
    ("GET", "/v1beta/models/{model}", "Gemini", "one model of it"),
    ("POST", "/droid/claude/v1/messages", "Anthropic", "the same, always at Factory's `anthropic`"),
    ("POST", "/droid/openai/v1/responses", "Responses", "the same, always at `openai`"),
    ("POST", "/droid/comm/v1/chat/completions", "Chat", "the same, always at `comm`"),
];

#[test]
fn routes_of_the_protocols_are_documented_as_they_answer() {
    let text = calls::run(async {
        let (_rig, gateway) = running().await;
        let mut text = String::from("| request | dialect | what it is for |\n|---|---|---|\n");
        for (verb, path, dialect, about) in ROUTES {
            let url = gateway.url(&path.replace("{model}", MODEL));
            let answer = request(verb, &url, [("x-api-key", CLIENT)], b"[]").await;
            // What is no request is refused by who reads it, not by who looks for a path.
            let expected: &[u16] = if *verb == "GET" { &[200] } else { &[400] };
            assert!(
                expected.contains(&answer.status),
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
            let body = answer.json();
            match *dialect {
                "Anthropic" => assert_eq!(body["type"], "error", "{path}"),
                "Gemini" if *verb == "POST" => {
                    assert!(body["error"]["status"].is_string(), "{path}")
                }
                "Responses" | "Chat" => assert!(body["error"]["type"].is_string(), "{path}"),
                _ => {}
            }
            writeln!(text, "| `{verb} {path}` | {dialect} | {about} |").unwrap();
        }
        gateway.stop().await;
        text
    });
    section_is(PATH, "routes", &text);
}

#[test]
fn no_route_of_the_protocols_is_left_out() {
    let source = tree::read("src-tauri/src/gateway/llm/path.rs");
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let document = tree::read(PATH);
    let words = source.split('"').skip(1).step_by(2);
    let told = |it: &&str| {
        it.starts_with("/v1")
            || it.starts_with("/droid")
            || it.ends_with("Content")
            || *it == "countTokens"
    };
    let words: BTreeSet<&str> = words.filter(told).collect();
    assert!(words.len() > 8, "the paths are elsewhere by now: {words:?}");
    for word in words {
        assert!(document.contains(word), "{PATH} lacks {word}");
    }
}

#[test]
fn routes_of_the_admin_api_are_documented_as_the_table_has_them() {
    let mut by_tag: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for method in METHODS {
        for (nth, route) in method.http.iter().enumerate() {
            let tag = route.path.split('/').nth(2).unwrap_or_default();
            let (verb, path, name) = (route.verb.as_str(), route.path, method.name);
            let about = if nth == 0 { cell(method.purpose) } else { "The same.".to_owned() };
            let row = format!("| `{verb} {path}` | [`{name}`](rpc.md#{name}) | {about} |");
            by_tag.entry(tag).or_default().push(row);
        }
    }
    let mut text = String::new();
    for (tag, rows) in by_tag {
        writeln!(text, "### {tag}\n\n| request | method | what it does |\n|---|---|---|").unwrap();
        writeln!(text, "{}\n", rows.join("\n")).unwrap();
    }
    section_is(PATH, "admin", &text);
}

/// What droid2api's own page lists, and the path that it names beside it for adding keys.
const FORMER: &[(Verb, &str)] = &[
    (Verb::Get, "/admin/stats"),
    (Verb::Get, "/admin/keys"),
    (Verb::Post, "/admin/keys"),
    (Verb::Post, "/admin/keys/add"),
    (Verb::Post, "/admin/keys/batch"),
    (Verb::Delete, "/admin/keys/:id"),
    (Verb::Patch, "/admin/keys/:id/toggle"),
    (Verb::Post, "/admin/keys/:id/test"),
    (Verb::Post, "/admin/keys/test-all"),
    (Verb::Get, "/admin/keys/export"),
    (Verb::Get, "/admin/config"),
    (Verb::Put, "/admin/config"),
    (Verb::Get, "/admin/pool-groups"),
    (Verb::Post, "/admin/pool-groups"),
    (Verb::Delete, "/admin/pool-groups/:id"),
    (Verb::Patch, "/admin/keys/:id/pool"),
    (Verb::Get, "/factory/balance/usage"),
    (Verb::Get, "/factory/balance/summary"),
    (Verb::Post, "/factory/balance/sync"),
    (Verb::Post, "/factory/balance/cleanup"),
];

#[test]
fn every_path_of_droid2api_is_there_and_documented() {
    let mut text = String::from("| there | here | what it does |\n|---|---|---|\n");
    for (verb, path) in FORMER {
        // The one that is no method itself: the same as a file.
        let verb_here = if path.ends_with("/export") { Verb::Post } else { *verb };
        let is_it = |route: &Route| {
            let same = |(there, here): (&str, &str)| {
                there == here || there == ":id" && here.starts_with('{')
            };
            route.verb == verb_here
                && route.path.split('/').count() == path.split('/').count()
                && path.split('/').zip(route.path.split('/')).all(same)
        };
        let method = METHODS.iter().find(|it| it.http.iter().any(is_it));
        let method = method.unwrap_or_else(|| panic!("{path} is missing"));
        let (name, about) = (method.name, cell(method.purpose));
        writeln!(text, "| `{} {path}` | [`{name}`](rpc.md#{name}) | {about} |", verb.as_str())
            .unwrap();
    }
    section_is(PATH, "former", &text);
}

#[test]
fn refusals_are_documented_as_they_are_answered() {
    let text = calls::run(async {
        let (rig, gateway) = running().await;
        let ask = json!({ "name": "narrow", "models": ["gpt-*"] });
        let made = rig.bridge().call("create_client_key", ask).await.expect("a client key");
        let narrow = made["key"].as_str().expect("the key").to_owned();
        let ask = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "Hello" }] });
        let (ask, long) = (ask.to_string(), "x".repeat(5000));
        let mut text = String::from("| asked | status | answer |\n|---|---|---|\n");
        let chat = "/v1/chat/completions";
        let cases: [(&str, &str, &str, &str, &[u8]); 9] = [
            ("without a key", "POST", chat, "", b"{}"),
            ("with a key that is not one of the gateway's", "POST", chat, "dpk_none", b"{}"),
            ("for a model that the key may not use", "POST", chat, &narrow, ask.as_bytes()),
            ("for a path that is not there", "POST", "/v1/embeddings", CLIENT, b"{}"),
            ("for a model that is not there", "GET", "/v1/models/none", CLIENT, b""),
            ("with the wrong verb", "GET", chat, CLIENT, b""),
            ("with a body that is no JSON", "POST", chat, CLIENT, b"{"),
            ("with a body that is too long", "POST", chat, CLIENT, long.as_bytes()),
            ("while no account can take it", "POST", chat, CLIENT, ask.as_bytes()),
        ];
        for (what, verb, path, key, body) in cases {
            let headers = (!key.is_empty()).then_some(("x-api-key", key));
            let answer = request(verb, &gateway.url(path), headers, body).await;
            row(&mut text, what, &answer, "message");
        }
        let accounts = "/admin/accounts";
        let cases: [(&str, &str, &str, &str, &[u8]); 6] = [
            ("admin, without a key", "GET", accounts, "", b""),
            ("admin, with another key", "GET", accounts, "another", b""),
            ("admin, for a path that is not there", "GET", "/admin/nothing", ADMIN, b""),
            ("admin, for an account that is not there", "GET", "/admin/accounts/none", ADMIN, b""),
            ("admin, with the wrong verb", "PUT", accounts, ADMIN, b"{}"),
            ("admin, with a body that is no JSON", "POST", accounts, ADMIN, b"{"),
        ];
        for (what, verb, path, key, body) in cases {
            let mut headers = vec![("content-type", "application/json")];
            headers.extend((!key.is_empty()).then_some(("x-admin-key", key)));
            let answer = request(verb, &gateway.url(path), headers, body).await;
            row(&mut text, what, &answer, "message");
        }
        gateway.stop().await;
        text
    });
    section_is(PATH, "refusals", &text);
}

#[test]
fn metrics_are_documented_as_they_are_told() {
    let text = calls::run(async {
        let (rig, gateway) = running().await;
        rig.fake.add_key("fk-of-the-documents-0001");
        let config = json!({ "name": "Team", "api_keys": ["fk-of-the-documents-0001"] });
        let ask = json!({ "auth_type": "api_key", "config": config });
        rig.bridge().call("create_credential", ask).await.expect("an account");
        let ask = json!({ "model": MODEL, "max_tokens": 16,
            "messages": [{ "role": "user", "content": "Hello" }] });
        let url = gateway.url("/v1/messages");
        let headers = [("x-api-key", CLIENT), ("content-type", "application/json")];
        // The gateway takes over within a second that there is an account now.
        let start = tokio::time::Instant::now();
        while request("POST", &url, headers, ask.to_string().as_bytes()).await.status != 200 {
            assert!(start.elapsed().as_secs() < 20, "the account was never seen");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        // What a request was is told when it was noted, which may be after its answer.
        let url = gateway.url("/metrics");
        let told = loop {
            let answer = request("GET", &url, [("x-admin-key", ADMIN)], b"").await;
            if answer.text().contains("outcome=\"ok\"") {
                break answer.text();
            }
            assert!(start.elapsed().as_secs() < 20, "the request was never counted");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        gateway.stop().await;
        table_of(&told)
    });
    section_is("docs/monitoring.md", "metrics", &text);
}

#[test]
fn queries_ask_for_metrics_that_there_are() {
    let document = tree::read("docs/monitoring.md");
    let mut n_asked = 0;
    for block in document.split("```promql\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let is_part = |it: char| !(it.is_ascii_alphanumeric() || it == '_');
        for word in block.split(is_part).filter(|it| it.starts_with("droid_")) {
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end).filter(|it| it.ends_with("_seconds")))
                .unwrap_or(word);
            assert!(document.contains(&format!("| `{name}` |")), "there is no metric {word}");
            n_asked += 1;
        }
    }
    assert!(n_asked > 5, "the queries are elsewhere by now");
}

/// A gateway with both keys, without accounts, that takes bodies of 4 kB.
async fn running() -> (Rig, Gateway) {
    let rig = Rig::new(env!("CARGO_BIN_EXE_droid-provider-cli")).await;
    rig.configure(&json!({ "gateway": { "max_body_bytes": 4096 } }));
    let host = rig.host().env("ADMIN_ACCESS_KEY", ADMIN).env("API_ACCESS_KEY", CLIENT);
    let gateway = Gateway::start(&host).await;
    (rig, gateway)
}

fn row(text: &mut String, what: &str, answer: &Answer, field: &str) {
    let body = answer.json();
    let said = body["error"][field].as_str().unwrap_or_default();
    writeln!(text, "| {what} | {} | {} |", answer.status, cell(said)).unwrap();
}

/// Name, kind, labels and meaning of each metric.
fn table_of(told: &str) -> String {
    let mut text = String::from("| metric | kind | labels | what it is |\n|---|---|---|---|\n");
    for about in told.lines().filter_map(|it| it.strip_prefix("# HELP ")) {
        let (name, help) = about.split_once(' ').unwrap();
        let find = |start: &str| told.lines().find_map(|it| it.strip_prefix(start));
        let kind = find(&format!("# TYPE {name} ")).expect("a type");
        let labels = find(&format!("{name}{{")).unwrap_or_default();
        let labels = labels.split('}').next().unwrap_or_default();
        let names = labels.split("\",").filter_map(|it| Some(it.split_once('=')?.0));
        let names: Vec<String> = names.map(|it| format!("`{it}`")).collect();
        writeln!(text, "| `{name}` | {kind} | {} | {} |", names.join(", "), cell(help)).unwrap();
    }
    text
}
