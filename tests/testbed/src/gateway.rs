//! The gateway as a process of its own.
//!
//! Owns: starting it on a free port, what it says, signals, its end.
//! Must not know: routes.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::host::HostConfig;

/// A running gateway; killed when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    child: Child,
    stderr: Arc<Mutex<String>>,
    reading: tokio::task::JoinHandle<()>,
}

/// How it ended, and all it said on standard error.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// All of standard error.
    pub stderr: String,
}

/// How long anything may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(20);

// === impl Gateway ===

impl Gateway {
    /// Starts it on a free port of this machine and waits until it listens.
    pub async fn start(host: &HostConfig) -> Self {
        match Self::try_start(host, &["--listen", "127.0.0.1:0"]).await {
            Ok(gateway) => gateway,
            Err(ended) => panic!("the gateway does not start: {ended:?}"),
        }
    }

    /// Starts it with further arguments; answers how it ended if it does not come to listen.
    ///
    /// # Errors
    /// When it ends first.
    pub async fn try_start(host: &HostConfig, arguments: &[&str]) -> Result<Self, Ended> {
        let mut command = host.command();
        command.args(["serve", "--json"]).args(arguments).stdin(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        let stderr = Arc::new(Mutex::new(String::new()));
        let reading = tokio::spawn(keep(child.stderr.take().expect("a pipe"), Arc::clone(&stderr)));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        let said = tokio::time::timeout(PATIENCE, stdout.read_line(&mut line)).await;
        said.expect("it says where it listens, or ends").expect("text");
        let mut gateway = Self { url: String::new(), child, stderr, reading };
        if line.is_empty() {
            return Err(gateway.ended().await);
        }
        let said: Value = serde_json::from_str(&line).expect("a line of JSON");
        gateway.url = said["listening"].as_str().expect("an address").to_owned();
        Ok(gateway)
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// `127.0.0.1:<port>`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// All it said on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("no panic").clone()
    }

    /// Waits until it said something on standard error.
    pub async fn says(&self, text: &str) {
        let start = Instant::now();
        while !self.stderr().contains(text) {
            assert!(start.elapsed() < PATIENCE, "it never said `{text}`: {}", self.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a signal, e.g. `-TERM`. Unix alone.
    pub async fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid().to_string()]).status().await;
        assert!(status.is_ok_and(|it| it.success()), "kill {signal} failed");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends in time").expect("a status");
        // Its pipe may be held by nobody else.
        (&mut self.reading).await.expect("read to its end");
        Ended { code: status.code(), stderr: self.stderr() }
    }

    /// Stops it in good order and expects that.
    pub async fn stop(self) -> Ended {
        self.signal("-TERM").await;
        let ended = self.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
    }

    /// Kills it, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }
}

async fn keep(pipe: impl AsyncRead + Unpin, into: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut text = into.lock().expect("no panic");
        text.push_str(&line);
        text.push('\n');
    }
}
