//! What goes over the wire.

use super::*;
use crate::upstream::testkit::{ProxyServer, Server, answer};

pub(in crate::oauth) fn config(server: &Server) -> Config {
    let mut config = Config::default();
    config.workos.client_id = "client_test".to_owned();
    config.workos.auth_url = server.url("/authenticate");
    config.workos.device_url = server.url("/device");
    config.workos.authorize_url = server.url("/authorize");
    config.factory.app_base_url = server.url("/app/");
    config
}

fn client(server: &Server) -> WorkOsClient {
    WorkOsClient::new(Clients::new(Vec::new()), &config(server))
}

#[tokio::test]
async fn grants_are_sent_as_forms() {
    let server = Server::start(|_| answer(200, r#"{"access_token":"a"}"#)).await;
    let client = client(&server);
    let [r, d, c, v] = ["r+/=&", "d", "c", "v"].map(Secret::new);
    for grant in [
        Grant::Refresh { refresh: &r, organization_id: Some("org_1") },
        Grant::Refresh { refresh: &r, organization_id: None },
        Grant::Device { device_code: &d },
        Grant::Code { code: &c, verifier: &v },
    ] {
        let body = client.authenticate(grant, None).await.unwrap().unwrap();
        assert_eq!(body.as_slice(), br#"{"access_token":"a"}"#);
    }
    let requests = server.requests();
    let bodies: Vec<&str> = requests.iter().map(|it| it.body.as_str()).collect();
    assert_eq!(
        bodies,
        [
            "client_id=client_test&grant_type=refresh_token&refresh_token=r%2B%2F%3D%26&\
             organization_id=org_1",
            "client_id=client_test&grant_type=refresh_token&refresh_token=r%2B%2F%3D%26",
            "client_id=client_test&\
             grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d",
            "client_id=client_test&grant_type=authorization_code&code=c&code_verifier=v",
        ]
    );
    for request in &requests {
        assert!(request.head.starts_with("POST /authenticate HTTP/1.1\r\n"));
        assert!(request.head.contains("content-type: application/x-www-form-urlencoded"));
    }
}

#[tokio::test]
async fn a_refusal_repeats_nothing_that_was_sent() {
    let server = Server::start(|request| {
        let text = format!(r#"{{"error":"invalid_grant","error_description":"{}"}}"#, request.body);
        answer(400, &text)
    })
    .await;
    let refresh = Secret::new("canary");
    let grant = Grant::Refresh { refresh: &refresh, organization_id: None };
    let error = client(&server).authenticate(grant, None).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), "invalid_grant");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    assert!(!format!("{grant:?}").contains("canary"));
}

#[tokio::test]
async fn failures_of_the_network_tell_whether_the_request_may_have_arrived() {
    let broken = Server::start(|_| Vec::new()).await;
    let cut = Server::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec()).await;
    let huge = Server::start(|_| answer(200, &"x".repeat(MAX_ANSWER + 1))).await;
    let refresh = Secret::new("canary");
    let grant = Grant::Refresh { refresh: &refresh, organization_id: None };
    for server in [&broken, &cut, &huge] {
        let error = client(server).authenticate(grant, None).await.unwrap().unwrap_err();
        assert!(matches!(&error, AuthError::Unavailable { sent: true, .. }), "{error:?}");
    }
    let mut config = config(&broken);
    config.workos.auth_url = Url::parse("http://127.0.0.1:1/?key=canary").unwrap();
    let nowhere = WorkOsClient::new(Clients::new(Vec::new()), &config);
    let error = nowhere.authenticate(grant, None).await.unwrap().unwrap_err();
    assert!(matches!(&error, AuthError::Unavailable { sent: false, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

#[tokio::test]
async fn an_answer_cut_off_after_its_last_brace_is_not_thrown_away() {
    let whole = r#"{"access_token":"a","refresh_token":"r"}"#;
    let server = Server::start(move |_| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{whole}\r\n", whole.len()).into_bytes()
    })
    .await;
    let refresh = Secret::new("r");
    let grant = Grant::Refresh { refresh: &refresh, organization_id: None };
    let body = client(&server).authenticate(grant, None).await.unwrap().unwrap();
    assert_eq!(body.as_slice(), whole.as_bytes());
}

#[tokio::test]
async fn the_proxy_of_the_account_is_used_and_a_bad_one_sends_nothing() {
    let server = Server::start(|_| answer(200, "{}")).await;
    let proxy = ProxyServer::socks5("user", "pw").await;
    let client = client(&server);
    let refresh = Secret::new("r");
    let grant = Grant::Refresh { refresh: &refresh, organization_id: None };
    let good = Secret::new(format!("socks5://user:pw@{}", proxy.address));
    client.authenticate(grant, Some(&good)).await.unwrap().unwrap();
    client.device_authorize(Some(&good)).await.unwrap().unwrap_err();
    client.organization(&refresh, Some(&good)).await.unwrap();
    assert_eq!((proxy.n_through(), server.n_connections()), (3, 3));
    let bad = Secret::new("socks9://user:pw@127.0.0.1:1");
    assert!(client.authenticate(grant, Some(&bad)).await.is_err());
    assert!(client.device_authorize(Some(&bad)).await.is_err());
    assert!(client.organization(&refresh, Some(&bad)).await.is_err());
    let refusing = Secret::new(format!("socks5://user:wrong@{}", proxy.address));
    assert!(client.authenticate(grant, Some(&refusing)).await.unwrap().is_err());
    assert_eq!(server.n_connections(), 3);
}

#[tokio::test]
async fn the_organization_is_asked_for_and_may_be_missing() {
    let server = Server::start(|request| {
        assert!(request.head.starts_with("GET /app/api/cli/org HTTP/1.1\r\n"), "{}", request.head);
        assert!(request.head.contains("x-factory-client: cli\r\n"));
        match request.head.split("Bearer ").nth(1).and_then(|it| it.split("\r\n").next()) {
            Some("two") => answer(200, r#"{"workosOrgIds":["org_1","org_2"]}"#),
            Some("none") => answer(200, r#"{"workosOrgIds":[]}"#),
            Some("odd") => answer(200, "<html>"),
            Some("missing") => answer(404, "{}"),
            _ => answer(403, "{}"),
        }
    })
    .await;
    let client = client(&server);
    let ask = async |token: &str| client.organization(&Secret::new(token), None).await.unwrap();
    assert_eq!(ask("two").await.as_deref(), Some("org_1"));
    for token in ["none", "odd", "missing", "forbidden"] {
        assert_eq!(ask(token).await, None, "{token}");
    }
    assert_eq!(ask("a.eyJvcmdfaWQiOiJvcmdfYyJ9.c").await.as_deref(), Some("org_c"));
}

#[tokio::test]
async fn a_changed_configuration_is_used_at_once() {
    let first = Server::start(|_| answer(200, "{}")).await;
    let second = Server::start(|_| answer(200, "{}")).await;
    let client = client(&first);
    let clone = client.clone();
    client.configure(&config(&second));
    let device_code = Secret::new("d");
    clone.authenticate(Grant::Device { device_code: &device_code }, None).await.unwrap().unwrap();
    assert_eq!((first.n_connections(), second.n_connections()), (0, 1));
}
