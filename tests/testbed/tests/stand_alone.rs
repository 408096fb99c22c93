//! The fake as a process of its own.
//!
//! Owns: that it tells its base URL and serves there, and how it refuses wrong arguments.
//! Must not know: what it serves.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test, as the tests do")]

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-upstream"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

#[tokio::test]
async fn it_tells_its_base_url_and_serves_there() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src-tauri/protocol/tests/fixtures");
    let mut child = start(&["--listen", "127.0.0.1:0", "--fixtures", fixtures]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    assert!(get(address, "/__control/stats").await.starts_with("HTTP/1.1 200"), "{line}");
    assert!(get(address, "/api/cli/org").await.starts_with("HTTP/1.1 400"));
    let journal = get(address, "/__control/journal").await;
    assert!(journal.contains("\"path\":\"/api/cli/org\""), "{journal}");
}

#[tokio::test]
async fn wrong_arguments_end_it_with_code_2() {
    for arguments in [&["--listen"][..], &["--listen", "nowhere"], &["--surprise"]] {
        let output = start(arguments).wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
}
