//! Browsers, and others that knock.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

async fn send(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(port: u16, target: &str) -> String {
    send(port, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await
}

#[tokio::test]
async fn one_callback_with_the_right_state_ends_it() {
    let loopback = Loopback::bind(0).await.unwrap();
    let port = loopback.port;
    assert_eq!(loopback.redirect_uri(), format!("http://127.0.0.1:{port}/callback"));
    let state = Secret::new("st-1");
    let received = tokio::spawn({
        let state = state.clone();
        async move { loopback.receive(&state, Duration::from_secs(30)).await }
    });
    // Browsers open connections ahead of need and say nothing on them.
    let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    assert!(get(port, "/favicon.ico").await.starts_with("HTTP/1.1 404 "));
    assert!(get(port, "/callback").await.starts_with("HTTP/1.1 404 "));
    let foreign = get(port, "/callback?code=c&state=<script>").await;
    assert!(foreign.starts_with("HTTP/1.1 400 ") && !foreign.contains("script>"), "{foreign}");
    assert_eq!(send(port, b"POST /callback?code=c&state=st-1 HTTP/1.1\r\n\r\n").await, "");
    assert_eq!(send(port, b"\xff\xfe\r\n\r\n").await, "");
    assert!(!received.is_finished());

    // The request in two pieces, cut in the middle of a word.
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(b"GET /callback?code=c1&sta").await.unwrap();
    tokio::task::yield_now().await;
    stream.write_all(b"te=st-1 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("已登录"), "{page}");
    let length: usize = page.split("Content-Length: ").nth(1).unwrap()[..3].parse().unwrap();
    assert_eq!(page.split_once("\r\n\r\n").unwrap().1.len(), length);
    assert!(!page.contains("c1") && !page.contains("st-1"), "nothing of the request is shown");

    let query = received.await.unwrap().unwrap();
    assert_eq!(query.expose(), "?code=c1&state=st-1");
    let Ok(Callback::Code(code)) = callback::read(query.expose(), &state) else {
        panic!("no code")
    };
    assert_eq!(code.expose(), "c1");
}

#[tokio::test]
async fn a_refusal_is_received_too() {
    let loopback = Loopback::bind(0).await.unwrap();
    let port = loopback.port;
    let state = Secret::new("s");
    let received = tokio::spawn(async move { loopback.receive(&state, PATIENCE).await });
    let page = get(port, "/callback?error=access_denied&state=s").await;
    assert!(page.contains("登录被拒绝"), "{page}");
    assert_eq!(received.await.unwrap().unwrap().expose(), "?error=access_denied&state=s");
}

#[tokio::test]
async fn it_gives_up_and_tells_a_taken_port() {
    let loopback = Loopback::bind(0).await.unwrap();
    let taken = Loopback::bind(loopback.port).await.unwrap_err();
    assert_eq!(taken.kind(), "invalid");
    let error = loopback.receive(&Secret::new("s"), Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(error.kind(), "login_over");
}
