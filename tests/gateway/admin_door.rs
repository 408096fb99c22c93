//! Who may come in to the admin API.
//!
//! Owns: keys, sessions, CSRF, names and origins, guessing; that every route has the door.
//! Must not know: what methods do.
#![cfg(unix)]

use droid_provider::api::table::METHODS;
use droid_testbed::gateway::Gateway;
use droid_testbed::http::{Answer, raw, request};
use droid_testbed::rig::Rig;
use serde_json::json;

use super::kit::{host, start};
use crate::support::rig;

const KEY: &str = "admin-canary-5e1f0c9d";

/// A gateway whose admin key is [`KEY`].
async fn guarded(rig: &Rig) -> Gateway {
    let host = host(rig).env("ADMIN_ACCESS_KEY", KEY);
    Gateway::try_start(&host, &["--listen", "127.0.0.1:0"]).await.expect("it starts")
}

async fn login(gateway: &Gateway, headers: &[(&str, &str)], key: &str) -> Answer {
    let body = json!({ "key": key }).to_string();
    let headers = [&[("content-type", "application/json")], headers].concat();
    request("POST", &gateway.url("/admin/login"), headers, body.as_bytes()).await
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn every_route_but_signing_in_answers_401_without_a_credential() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let routes = METHODS.iter().flat_map(|it| it.http);
    let mut routes: Vec<(&str, String)> =
        routes.map(|it| (it.verb.as_str(), it.path.replace(['{', '}'], ""))).collect();
    assert!(routes.len() > 25, "{}", routes.len());
    for (verb, path) in [
        ("GET", "/admin/session"),
        ("POST", "/admin/logout"),
        ("GET", "/admin/openapi.json"),
        ("GET", "/admin/keys/export"),
        ("GET", "/admin"),
        ("GET", "/admin/nothing"),
        ("GET", "/admin/../admin/accounts"),
        ("GET", "/admin//accounts"),
        ("TRACE", "/admin/accounts"),
        ("OPTIONS", "/admin/accounts"),
        ("HEAD", "/admin/accounts"),
        ("GET", "/factory/balance/nothing"),
    ] {
        routes.push((verb, path.to_owned()));
    }
    for (verb, path) in routes {
        for headers in [
            vec![],
            vec![("x-admin-key", "")],
            vec![("authorization", "Basic YTpi")],
            vec![("cookie", "droid_session=0000")],
            vec![("cookie", "droid_session=")],
        ] {
            let answer = request(verb, &gateway.url(&path), headers.clone(), b"").await;
            assert_eq!(answer.status, 401, "{verb} {path} with {headers:?}: {}", answer.text());
            if verb != "HEAD" {
                assert_eq!(answer.json()["error"]["kind"], "unauthorized", "{verb} {path}");
            }
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{verb} {path}");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn the_key_opens_in_its_header_and_as_bearer() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let bearer = format!("Bearer {KEY}");
    for header in [("x-admin-key", KEY), ("authorization", bearer.as_str())] {
        let answer = request("GET", &gateway.url("/admin/accounts"), [header], b"").await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "[]"));
    }
    // With the key itself no token is needed: nothing sends it unasked.
    let answer = request("POST", &gateway.url("/admin/logout"), [("x-admin-key", KEY)], b"").await;
    assert_eq!(answer.status, 200);
    let wrong = request("GET", &gateway.url("/admin/accounts"), [("x-admin-key", "no")], b"").await;
    assert_eq!(wrong.status, 401);
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains(KEY), "{}", ended.stderr);
}

#[tokio::test]
async fn a_browser_signs_in_works_and_signs_out() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let own = gateway.url.clone();
    let answer = login(&gateway, &[("origin", own.as_str())], KEY).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let set = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "a cookie that plain HTTP does not send back: {set}");
    let cookie = cookie(&answer);
    let csrf = answer.json()["csrf_token"].as_str().expect("a token").to_owned();

    let with = [("cookie", cookie.as_str())];
    assert_eq!(request("GET", &gateway.url("/admin/accounts"), with, b"").await.status, 200);
    let session = request("GET", &gateway.url("/admin/session"), with, b"").await;
    assert_eq!(session.json(), json!({ "authenticated": true, "csrf_token": csrf }));

    // What changes something needs the token.
    let put = async |headers: &[(&str, &str)]| {
        let headers = [&with[..], &[("content-type", "application/json")], headers].concat();
        request("PUT", &gateway.url("/admin/groups/team"), headers, b"{}").await
    };
    for headers in [&[][..], &[("x-csrf-token", "")], &[("x-csrf-token", "0000")]] {
        let answer = put(headers).await;
        assert_eq!((answer.status, &answer.json()["error"]["kind"]), (403, &json!("csrf")));
    }
    let token = ("x-csrf-token", csrf.as_str());
    assert_eq!(put(&[token, ("origin", "http://evil.example")]).await.status, 403);
    assert_eq!(put(&[token, ("origin", "null")]).await.status, 403);
    assert_eq!(put(&[token, ("origin", own.as_str())]).await.status, 200);
    assert_eq!(put(&[token]).await.status, 200);

    let out = [with[0], token];
    let out = request("POST", &gateway.url("/admin/logout"), out, b"").await;
    assert_eq!(out.status, 200);
    assert!(out.header("set-cookie").is_some_and(|it| it.contains("Max-Age=0")));
    let after = request("GET", &gateway.url("/admin/accounts"), with, b"").await;
    assert_eq!(after.status, 401);
    gateway.stop().await;
}

#[tokio::test]
async fn behind_https_the_cookie_stays_off_plain_http() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let origin = format!("https://{}", gateway.host());
    let answer = login(&gateway, &[("origin", &origin)], KEY).await;
    assert!(answer.header("set-cookie").is_some_and(|it| it.ends_with("; Secure")));
    gateway.stop().await;
}

#[tokio::test]
async fn another_page_cannot_sign_in_nor_send_a_form() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let answer = login(&gateway, &[("origin", "http://evil.example")], KEY).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
    let url = gateway.url("/admin/login");
    let form = [("content-type", "text/plain")];
    let answer = request("POST", &url, form, format!("{{\"key\":\"{KEY}\"}}").as_bytes()).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (415, None));
    gateway.stop().await;
}

#[tokio::test]
async fn a_name_that_leads_here_is_not_enough() {
    let rig = rig().await;
    rig.configure(&json!({ "gateway": { "allowed_hosts": ["gateway.example"] } }));
    let gateway = guarded(&rig).await;
    let ask = async |name: &str, extra: &str| {
        let head = format!(
            "GET /admin/accounts HTTP/1.1\r\n{name}x-admin-key: {KEY}\r\n{extra}connection: close\r\n\r\n"
        );
        raw(gateway.host(), head.as_bytes()).await.status
    };
    for (name, status) in [
        ("host: rebound.example\r\n", 403),
        ("host: 127.0.0.1.rebound.example:8787\r\n", 403),
        ("host: 192.168.0.9\r\n", 403),
        ("host: localhost:1\r\n", 200),
        ("host: [::1]\r\n", 200),
        ("host: GATEWAY.example\r\n", 200),
    ] {
        assert_eq!(ask(name, "").await, status, "{name}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn guessing_the_key_becomes_slow_and_sessions_go_on() {
    let rig = rig().await;
    let gateway = guarded(&rig).await;
    let session = login(&gateway, &[], KEY).await;
    let cookie = cookie(&session);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(login(&gateway, &[], "a-guess").await.status);
    }
    assert_eq!(statuses[..4], [401, 401, 401, 401], "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    let slowed = login(&gateway, &[], "a-guess").await;
    if slowed.status == 429 {
        assert_eq!(slowed.json()["error"]["kind"], "throttled");
        assert!(slowed.header("retry-after").is_some());
    }
    let url = gateway.url("/admin/accounts");
    assert_eq!(request("GET", &url, [("cookie", cookie.as_str())], b"").await.status, 200);
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains("a-guess"), "{}", ended.stderr);
}

#[tokio::test]
async fn without_a_named_key_one_is_made_shown_once_and_kept_as_a_hash() {
    let rig = rig().await;
    let gateway = start(&rig).await;
    gateway.says("admin key, shown this once: ").await;
    let said = gateway.stderr();
    let key = said.split("shown this once: ").nth(1).and_then(|it| it.split_whitespace().next());
    let key = key.expect("a key").to_owned();
    assert!(key.starts_with("dak_") && key.len() > 40, "{key}");
    let ask = async |gateway: &Gateway| {
        let header = [("x-admin-key", key.as_str())];
        request("GET", &gateway.url("/admin/accounts"), header, b"").await.status
    };
    assert_eq!(ask(&gateway).await, 200);
    gateway.stop().await;

    let again = start(&rig).await;
    assert_eq!(ask(&again).await, 200);
    let ended = again.stop().await;
    assert!(!ended.stderr.contains("admin key"), "{}", ended.stderr);
    for file in std::fs::read_dir(rig.data_dir()).expect("the data folder").flatten() {
        let Ok(bytes) = std::fs::read(file.path()) else { continue };
        let found = bytes.windows(key.len()).any(|it| it == key.as_bytes());
        assert!(!found, "{} has the key", file.path().display());
    }
}
