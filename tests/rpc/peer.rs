//! A plugin process spoken to in bytes, for what a well-behaved host never does.
//!
//! Owns: starting it, lines both ways, its end, its memory.
//! Must not know: what is tested.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use droid_testbed::rig::Rig;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::support::BINARY;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Peer {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<Vec<u8>>,
    reader: JoinHandle<()>,
    stderr: Arc<Mutex<String>>,
    heard: watch::Receiver<()>,
    pid: u32,
}

/// How a process ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Lines of standard output nobody had taken.
    pub(crate) rest: Vec<Vec<u8>>,
    pub(crate) stderr: String,
}

impl Peer {
    pub(crate) fn start(rig: &Rig, env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOME", rig.folder());
        command.env("DROID_DATA_DIR", rig.data_dir()).env("DROID_CONFIG", rig.config_path());
        command.envs(env.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("the plugin starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut errors = child.stderr.take().expect("piped");
        let (sender, lines) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            loop {
                let mut line = Vec::new();
                match stdout.read_until(b'\n', &mut line).await {
                    Ok(1..) if sender.send(line).is_ok() => {}
                    // Dropping the pipe closes it: the plugin finds nobody reading.
                    _ => break,
                }
            }
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let (hears, heard) = watch::channel(());
        let said = Arc::clone(&stderr);
        tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = errors.read(&mut buffer).await {
                said.lock().expect("whole").push_str(&String::from_utf8_lossy(&buffer[..n]));
                hears.send_replace(());
            }
        });
        let pid = child.id().expect("running");
        let stdin = child.stdin.take();
        Self { child, stdin, lines, reader, stderr, heard, pid }
    }

    pub(crate) async fn send(&mut self, line: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(line.as_ref()).await.expect("the plugin reads");
        stdin.write_all(b"\n").await.expect("the plugin reads");
        stdin.flush().await.expect("the plugin reads");
    }

    /// The next line of standard output, which must come.
    pub(crate) async fn line(&mut self) -> Vec<u8> {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
        match line.expect("a line in time") {
            Some(line) => line,
            None => panic!("standard output ended; stderr: {}", self.stderr()),
        }
    }

    pub(crate) async fn answer(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_slice(&line).expect("JSON")
    }

    /// Stops reading: the pipe is closed on our side.
    pub(crate) fn close_stdout(&mut self) {
        self.reader.abort();
    }

    pub(crate) fn close_stdin(&mut self) {
        drop(self.stdin.take());
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("whole").clone()
    }

    /// Waits until standard error holds a text.
    pub(crate) async fn says(&mut self, text: &str) {
        let waiting = async {
            while !self.stderr.lock().expect("whole").contains(text) {
                self.heard.changed().await.expect("still running");
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("said in time");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid.to_string();
        let sent = std::process::Command::new("kill").args([name, &pid]).status();
        assert!(sent.is_ok_and(|it| it.success()), "kill {name} {pid}");
    }

    /// Kibibytes of a row of `/proc/<pid>/status`; 0 where there is none such.
    pub(crate) fn memory(&self, row: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid);
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix(row)?.strip_prefix(':'));
        line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Waits for the end, whatever brings it.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = status else { panic!("no exit; stderr: {}", self.stderr()) };
        let mut rest = Vec::new();
        while let Some(line) = self.lines.recv().await {
            rest.push(line);
        }
        let stderr = self.stderr();
        Ended { status: status.expect("waited for"), rest, stderr }
    }
}
