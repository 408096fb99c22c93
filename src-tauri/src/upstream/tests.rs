//! What goes through a proxy, what never goes around one.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use proptest::prelude::*;

use super::testkit::{ProxyServer, Server, answer};
use super::*;
use crate::config::Proxy;

const PASSWORD: &str = "p@ss:wörd/canary";
const ENCODED: &str = "p%40ss%3Aw%C3%B6rd%2Fcanary";

fn basic() -> String {
    let text = format!("user:{PASSWORD}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
}

fn proxy(text: &str) -> Result<ProxyUrl> {
    ProxyUrl::parse("proxy", &Secret::new(text))
}

async fn get(client: &Client, url: Url) -> Result<u16, Transport> {
    let sent = client.http.get(url).send().await;
    sent.map(|it| it.status().as_u16()).map_err(|error| Transport::of(error, client.proxied))
}

/// Over the other way out that a client without a proxy has.
async fn post(client: &Client, url: &Url) -> Result<u16, Transport> {
    let to = Address::parse(url.as_str()).unwrap();
    let mut reply = client.post(to, HeaderMap::new(), &[Bytes::from_static(b"{}")]).await?;
    while let Some(chunk) = reply.body.chunk().await {
        chunk?;
    }
    Ok(reply.status)
}

/// Asks over both ways out, which tell the same.
async fn both(client: &Client, url: Url) -> Result<u16, Transport> {
    let posted = post(client, &url).await;
    let got = get(client, url).await;
    assert_eq!(posted, got);
    got
}

#[tokio::test]
async fn a_client_is_made_once_per_proxy() {
    let clients = Clients::new(Vec::new());
    assert_eq!(format!("{clients:?}"), "Clients { n_made: 0, .. }");
    let own = Secret::new("socks5://127.0.0.1:9");
    for _ in 0..3 {
        assert!(!clients.client(None).unwrap().proxied);
        assert!(clients.client(Some(&own)).unwrap().proxied);
    }
    assert_eq!(clients.cache().made.len(), 2);
}

#[tokio::test]
async fn the_cache_of_clients_is_bounded() {
    let clients = Clients::new(Vec::new());
    for port in 1..=MAX_CLIENTS + 3 {
        let own = Secret::new(format!("http://127.0.0.1:{port}"));
        clients.client(Some(&own)).unwrap();
    }
    assert_eq!(clients.cache().made.len(), MAX_CLIENTS);
}

#[tokio::test]
async fn the_rotating_list_is_taken_in_turn_and_an_own_proxy_comes_first() {
    let first = ProxyServer::http(&basic()).await;
    let second = ProxyServer::http(&basic()).await;
    let entry = |name: &str, server: &ProxyServer| Proxy {
        name: name.to_owned(),
        url: Secret::new(format!("http://user:{ENCODED}@{}", server.address)),
    };
    let clients = Clients::new(vec![entry("a", &first), entry("b", &second)]);
    let target = Url::parse("http://192.0.2.1/x").unwrap();
    for _ in 0..4 {
        assert_eq!(get(&clients.client(None).unwrap(), target.clone()).await, Ok(200));
    }
    assert_eq!((first.n_through(), second.n_through()), (2, 2));
    let own = entry("own", &first).url;
    assert_eq!(get(&clients.client(Some(&own)).unwrap(), target).await, Ok(200));
    assert_eq!(first.n_through(), 3);
    clients.set_rotating(Vec::new());
    assert!(!clients.client(None).unwrap().proxied);
}

#[tokio::test]
async fn an_http_proxy_gets_connect_with_its_credentials() {
    // The target hangs up at once: that the tunnel reached it is what counts.
    let target = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}/x", target.local_addr().unwrap())).unwrap();
    let reached = tokio::spawn(async move { target.accept().await.is_ok() });
    let through = ProxyServer::http(&basic()).await;
    let clients = Clients::new(Vec::new());
    let own = Secret::new(format!("http://user:{ENCODED}@{}", through.address));
    let failed = get(&clients.client(Some(&own)).unwrap(), url).await.unwrap_err();
    assert!(reached.await.unwrap());
    assert_eq!(through.n_through(), 1);
    assert!(!failed.text.contains("canary"), "{}", failed.text);
}

#[tokio::test]
async fn socks5_gets_its_credentials_decoded() {
    let target = Server::start(|_| answer(200, "{}")).await;
    let through = ProxyServer::socks5("user", PASSWORD).await;
    let clients = Clients::new(Vec::new());
    for scheme in ["socks5", "socks5h"] {
        let own = Secret::new(format!("{scheme}://user:{ENCODED}@{}", through.address));
        let client = clients.client(Some(&own)).unwrap();
        assert_eq!(get(&client, target.url("/x")).await, Ok(200));
    }
    assert_eq!(through.n_through(), 2);
}

#[tokio::test]
async fn an_https_proxy_is_spoken_to_in_tls() {
    let through = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = Secret::new(format!("https://{}", through.local_addr().unwrap()));
    let client = Clients::new(Vec::new()).client(Some(&own)).unwrap();
    let url = Url::parse("http://192.0.2.1/").unwrap();
    let asked = tokio::spawn(async move { get(&client, url).await });
    let (mut stream, _) = through.accept().await.unwrap();
    let first = tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap();
    assert_eq!(first, 0x16, "a TLS handshake record");
    drop(stream);
    assert!(!asked.await.unwrap().unwrap_err().sent);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_never_gone_around() {
    let target = Server::start(|_| answer(200, "{}")).await;
    let clients = Clients::new(Vec::new());
    let http = ProxyServer::http("Basic other").await;
    let socks = ProxyServer::socks5("user", "other").await;
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for own in [
        format!("socks5://user:{ENCODED}@{}", socks.address),
        format!("socks5://{}", socks.address),
        format!("http://user:{ENCODED}@{closed}"),
        format!("socks5://user:{ENCODED}@{closed}"),
        format!("socks5h://{closed}"),
        format!("https://user:{ENCODED}@{closed}"),
    ] {
        let client = clients.client(Some(&Secret::new(own))).unwrap();
        let failed = get(&client, target.url("/x")).await.unwrap_err();
        assert_eq!(failed.kind, TransportKind::Proxy, "{failed:?}");
        assert!(!failed.sent);
        assert!(!failed.text.contains("canary"), "{}", failed.text);
    }
    let own = Secret::new(format!("http://user:{ENCODED}@{}", http.address));
    let client = clients.client(Some(&own)).unwrap();
    assert_eq!(get(&client, target.url("/x")).await, Ok(407));
    assert_eq!(target.n_connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_cannot_be_read_is_an_error_and_no_connection() {
    for text in [
        "",
        "127.0.0.1:3128",
        "user:canary@127.0.0.1:3128",
        "ftp://user:canary@127.0.0.1:3128",
        "socks4://user:canary@127.0.0.1:1080",
        "http://",
        "http://user:canary@",
        "socks5://user:canary@:1080",
        "http://user:canary@127.0.0.1:3128/path",
        "http://user:pass/canary@127.0.0.1:3128",
        "http://user:canary@127.0.0.1:3128?x=y",
        "http://user:canary@127.0.0.1:99999",
        "http://user:canary@127.0.0.1:0",
        "http://user:canary@ho st:1",
        "socks5://user:canary@ho%20st:1",
        "socks5://user:canary@a|b:1",
        "socks5://user:canary@a{b}:1",
        "http://:canary@127.0.0.1:1",
        "http://us%3Aer:canary@127.0.0.1:1",
        "http://us%FFer:canary@127.0.0.1:1",
    ] {
        let clients = Clients::new(Vec::new());
        let error = clients.client(Some(&Secret::new(text))).unwrap_err();
        assert_eq!(error.kind(), "invalid", "{text}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("proxy") && !shown.contains("canary"), "{text}: {shown}");
        let entry = Proxy { name: "home".to_owned(), url: Secret::new(text) };
        let error = Clients::new(vec![entry]).client(None).unwrap_err();
        assert!(error.to_string().starts_with("proxies[home].url: "), "{error}");
    }
    let long = format!("socks5://u:{}@127.0.0.1:1", "x".repeat(256));
    assert!(proxy(&long).is_err(), "SOCKS5 has one byte for the length");
}

#[test]
fn the_mask_shows_all_but_the_password() {
    for (text, masked) in [
        ("http://user:canary@host:3128", "http://user:****@host:3128"),
        ("HTTP://host", "http://host:80"),
        ("https://user@Host.example/", "https://user@host.example:443"),
        ("socks5://a%40b:canary@[::1]:9", "socks5://a%40b:****@[::1]:9"),
        (" socks5h://h ", "socks5h://h:1080"),
    ] {
        let proxy = proxy(text).unwrap();
        assert_eq!(proxy.masked(), masked);
        assert_eq!(format!("{proxy:?}"), format!("ProxyUrl({masked})"));
    }
}

#[tokio::test]
async fn proxies_are_tested() {
    let clients = Clients::new(Vec::new());
    let good = ProxyServer::http(&basic()).await;
    let target = Url::parse("http://192.0.2.1/").unwrap();
    let own = Secret::new(format!("http://user:{ENCODED}@{}", good.address));
    assert_eq!(clients.test_proxy(&own, &target).await.unwrap().status, 200);
    let wrong = Secret::new(format!("http://user:canary@{}", good.address));
    let error = clients.test_proxy(&wrong, &target).await.unwrap_err().to_string();
    assert_eq!(error, "proxy: does not accept this user and password");
    let tls = Url::parse("https://192.0.2.1/").unwrap();
    let error = clients.test_proxy(&wrong, &tls).await.unwrap_err().to_string();
    assert!(error.contains("proxy authorization required"), "{error}");
    let closed = Secret::new("http://user:canary@127.0.0.1:1");
    let error = clients.test_proxy(&closed, &target).await.unwrap_err().to_string();
    assert!(error.starts_with("proxy: does not work: ") && !error.contains("canary"), "{error}");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let clients = Clients::with_connect_timeout(Vec::new(), Duration::from_millis(200));
    let direct = clients.client(None).unwrap();
    let url = |text: &str| Url::parse(text).unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let resetting = Server::start(|_| Vec::new()).await;

    let failed = both(&direct, url("http://127.0.0.1:1/?key=canary")).await.unwrap_err();
    assert_eq!((failed.kind, failed.sent), (TransportKind::Connect, false));
    assert!(!failed.text.contains("canary") && !failed.text.contains("127.0.0.1"));

    // A label of more than 63 characters: no resolver asks the network about that.
    let nowhere = url(&format!("http://{}.invalid/", "x".repeat(64)));
    let failed = both(&direct, nowhere).await.unwrap_err();
    assert_eq!((failed.kind, failed.sent), (TransportKind::Dns, false));

    let failed = both(&direct, resetting.url("/")).await.unwrap_err();
    assert_eq!((failed.kind, failed.sent), (TransportKind::Reset, true));

    let slow = direct.http.get(url(&format!("http://{}/", silent.local_addr().unwrap())));
    let failed = slow.timeout(Duration::from_millis(100)).send().await.unwrap_err();
    let failed = Transport::of(failed, false);
    assert_eq!((failed.kind, failed.sent), (TransportKind::Timeout, true));

    // TLS is part of connecting.
    let tls = url(&format!("https://{}/", silent.local_addr().unwrap()));
    let failed = both(&direct, tls).await.unwrap_err();
    assert_eq!((failed.kind, failed.sent), (TransportKind::Timeout, false));

    // A proxy that takes the connection and says nothing: the connect timeout covers it.
    let own = Secret::new(format!("socks5h://{}", silent.local_addr().unwrap()));
    let failed = get(&clients.client(Some(&own)).unwrap(), url("http://x/")).await.unwrap_err();
    assert_eq!((failed.kind, failed.sent), (TransportKind::Timeout, false));
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_tls_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ =
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 no\r\n\r\n").await;
        }
    });
    let client = Clients::new(Vec::new()).client(None).unwrap();
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    let failed = both(&client, url).await.unwrap_err();
    assert_eq!(failed.kind, TransportKind::Tls, "{failed:?}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_bodies_are_bounded() {
    let server = Server::start(|request| {
        if request.head.starts_with("GET /long") {
            answer(200, &"x".repeat(5000))
        } else {
            b"HTTP/1.1 302 Found\r\nLocation: /long\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
    })
    .await;
    let client = Clients::new(Vec::new()).client(None).unwrap();
    assert_eq!(both(&client, server.url("/")).await, Ok(302));
    for (limit, fits) in [(5000, true), (4999, false)] {
        let response = client.http.get(server.url("/long")).send().await.unwrap();
        assert_eq!(read_bounded(response, limit, false).await.is_ok(), fits);
    }
}

proptest! {
    /// The client goes direct where it cannot read a proxy: so what it gets has but plain
    /// characters, and reads back as the same proxy.
    #[test]
    fn what_is_accepted_is_written_plainly(
        scheme in "(http|https|socks5|socks5h)",
        user in ".{0,12}",
        password in ".{0,12}",
        host in "[a-z0-9.|{}_ %<>-]{1,12}|\\[::1\\]|10\\.0\\.0\\.1",
        port in 0_u16..,
    ) {
        if let Ok(proxy) = proxy(&format!("{scheme}://{user}:{password}@{host}:{port}")) {
            let text = proxy.to_text();
            prop_assert!(text.expose().bytes().all(|it| {
                it.is_ascii_alphanumeric() || b"-_.~%:/@[]".contains(&it)
            }), "{}", text.expose());
            prop_assert!(text.expose().matches('@').count() <= 1);
            let again = ProxyUrl::parse("proxy", &text).unwrap();
            prop_assert_eq!(again.fingerprint(), proxy.fingerprint());
            prop_assert!(proxy.to_reqwest().is_ok());
        }
    }

    #[test]
    fn any_user_and_password_survive(user in ".{1,20}", password in ".{0,20}") {
        let encode = |it: &str| it.bytes().map(|it| format!("%{it:02x}")).collect::<String>();
        let text = format!("socks5://{}:{}@h:1", encode(&user), encode(&password));
        let mut wanted = format!("socks5://{}", encode(&user).to_uppercase());
        if !password.is_empty() {
            wanted.push_str(&format!(":{}", encode(&password).to_uppercase()));
        }
        let got = proxy(&text).unwrap().to_text();
        let got: String = got.expose().to_owned();
        let decoded = |it: &str| percent(it);
        prop_assert_eq!(decoded(&got), decoded(&format!("{wanted}@h:1")));
    }
}

fn percent(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(hex::decode(&tail[..2]).unwrap()[0]);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}
