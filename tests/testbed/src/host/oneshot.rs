//! The OAuth plugin loader: one process a call, with the one argument `--json-rpc`.
//!
//! Owns: writing one line, closing input, waiting for the exit, reading one line back.
//! Must not know: what a method does.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::host::message::{self, Answer};
use crate::host::{CallError, Exit, HostConfig, HostFault, judge};

/// Launches the binary anew for each call.
#[derive(Clone, Debug)]
pub struct OneShot {
    config: HostConfig,
}

/// A process under way.
#[derive(Debug)]
pub struct Running {
    child: Child,
    started: Instant,
    limit: Duration,
    writer: JoinHandle<()>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

const ID: u64 = 1;

// === impl OneShot ===

impl OneShot {
    /// A host that launches this.
    #[must_use]
    pub fn new(config: HostConfig) -> Self {
        Self { config }
    }

    /// One call: a process, a line in, a line out, exit code 0.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let exit = self.start(method, &params)?.finish().await?;
        exit.must_be_clean()?;
        let answer = exit.only_answer()?;
        if answer.id != json!(ID) {
            let text = format!("answers id {}, asked was {ID}", answer.id);
            return Err(HostFault::Stdout(text).into());
        }
        judge(method, answer.outcome)
    }

    /// Starts a call and leaves the rest, a kill perhaps, to the caller.
    pub fn start(&self, method: &str, params: &Value) -> Result<Running, HostFault> {
        self.launch(format!("{}\n", message::request(method, params, ID)).into_bytes())
    }

    /// Writes these bytes and closes input; nothing is checked.
    pub async fn raw(&self, input: &[u8]) -> Result<Exit, HostFault> {
        self.launch(input.to_vec())?.finish().await
    }

    /// What the host really does in its version 0.45: closes input before writing anything. The
    /// process must end with code 0 at once and say nothing.
    pub async fn end_of_input(&self) -> Result<Exit, HostFault> {
        let exit = self.raw(b"").await?;
        exit.must_be_clean()?;
        if exit.stdout.is_empty() {
            return Ok(exit);
        }
        Err(HostFault::Stdout(format!("says {} unasked", shown(&exit.stdout))))
    }

    fn launch(&self, input: Vec<u8>) -> Result<Running, HostFault> {
        let mut command = self.config.command();
        command.arg("--json-rpc");
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| HostFault::Spawn(error.to_string()))?;
        let mut stdin = child.stdin.take().unwrap();
        let writer = tokio::spawn(async move {
            // A process that stopped reading shows in its exit and its answer.
            drop(stdin.write_all(&input).await);
        });
        let stdout = tokio::spawn(read_all(child.stdout.take().unwrap()));
        let stderr = tokio::spawn(read_all(child.stderr.take().unwrap()));
        Ok(Running { child, started, limit: self.config.timeout, writer, stdout, stderr })
    }
}

// === impl Running ===

impl Running {
    /// The process id, until it was waited for.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the exit, at most as long as an answer may take.
    pub async fn finish(mut self) -> Result<Exit, HostFault> {
        match tokio::time::timeout(self.limit, self.child.wait()).await {
            Ok(_) => Ok(self.collect().await),
            Err(_) => {
                let limit = self.limit;
                let exit = self.kill().await;
                let said = shown(&exit.stdout);
                Err(HostFault::Timeout(format!("no exit within {limit:?}, output {said}")))
            }
        }
    }

    /// Kills (SIGKILL) and tells what the process had said by then.
    pub async fn kill(mut self) -> Exit {
        drop(self.child.start_kill());
        self.collect().await
    }

    async fn collect(mut self) -> Exit {
        let status = self.child.wait().await.unwrap();
        let elapsed = self.started.elapsed();
        self.writer.abort();
        let stderr = self.stderr.await.unwrap();
        Exit {
            code: status.code(),
            stdout: self.stdout.await.unwrap(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            elapsed,
        }
    }
}

// === impl Exit ===

impl Exit {
    /// The answer, if the process had given one before it ended, by whatever cause.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        let end = self.stdout.iter().position(|byte| *byte == b'\n')?;
        message::parse(&self.stdout[..end]).ok()
    }

    /// Exit code 0, or a fault that quotes standard error.
    pub fn must_be_clean(&self) -> Result<(), HostFault> {
        if self.code == Some(0) {
            return Ok(());
        }
        let code = self.code.map_or("a signal".to_owned(), |code| format!("code {code}"));
        Err(HostFault::Exit(format!("ended by {code}; stderr {}", shown(self.stderr.as_bytes()))))
    }

    fn only_answer(&self) -> Result<Answer, HostFault> {
        let wrong = |why: &str| HostFault::Stdout(format!("{why}: {}", shown(&self.stdout)));
        let Some(line) = self.stdout.strip_suffix(b"\n") else {
            return Err(wrong(if self.stdout.is_empty() { "no answer" } else { "no end of line" }));
        };
        if line.contains(&b'\n') {
            return Err(wrong("more than one line"));
        }
        message::parse(line).map_err(|why| wrong(&why))
    }
}

/// At most 300 characters of some output, quoted.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let short: String = text.chars().take(300).collect();
    if short.len() < text.len() { format!("{short:?}...") } else { format!("{short:?}") }
}

async fn read_all(mut from: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(from.read_to_end(&mut bytes).await);
    bytes
}
