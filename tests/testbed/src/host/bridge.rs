//! The RPC bridge: one process without an argument, kept; concurrent calls matched by id.
//!
//! Owns: the pending calls, and every fault seen on standard output.
//! Must not know: what a method does.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::host::message::{self, RpcError};
use crate::host::oneshot::shown;
use crate::host::{CallError, Exit, HostConfig, HostFault, judge};

/// A kept plugin process.
#[derive(Debug)]
pub struct Bridge {
    child: AsyncMutex<Child>,
    stdin: AsyncMutex<Option<ChildStdin>>,
    pid: u32,
    timeout: Duration,
    shared: Arc<Shared>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    calls: Mutex<Calls>,
    stdout: Mutex<Vec<u8>>,
    stderr: Mutex<Vec<u8>>,
}

type Outcome = Result<Result<Value, RpcError>, HostFault>;

#[derive(Debug, Default)]
struct Calls {
    last_id: u64,
    pending: HashMap<u64, oneshot::Sender<Outcome>>,
    /// Given up by us: a late answer to these is no fault of the plugin.
    given_up: HashSet<u64>,
    faults: Vec<HostFault>,
    closed: bool,
}

// === impl Bridge ===

impl Bridge {
    /// Starts the process.
    pub fn connect(config: &HostConfig) -> Result<Self, HostFault> {
        let spawned = config.command().spawn();
        let mut child = spawned.map_err(|error| HostFault::Spawn(error.to_string()))?;
        let shared = Arc::new(Shared::default());
        let stdin = child.stdin.take();
        let output = read_answers(Arc::clone(&shared), child.stdout.take().unwrap());
        let errors = read_errors(Arc::clone(&shared), child.stderr.take().unwrap());
        Ok(Self {
            pid: child.id().unwrap(),
            child: AsyncMutex::new(child),
            stdin: AsyncMutex::new(stdin),
            timeout: config.timeout,
            shared,
            readers: Mutex::new(vec![tokio::spawn(output), tokio::spawn(errors)]),
        })
    }

    /// One call; any number at once. `Value::Null` is sent as `"params": null`, as the host does.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let (id, answer) = self.expect_answer()?;
        self.send_raw(message::request(method, &params, id).as_bytes()).await?;
        let Ok(outcome) = tokio::time::timeout(self.timeout, answer).await else {
            let mut calls = self.shared.calls.lock().unwrap();
            calls.pending.remove(&id);
            calls.given_up.insert(id);
            let text = format!("{method} not answered within {:?}", self.timeout);
            return Err(HostFault::Timeout(text).into());
        };
        let judged = judge(method, outcome.unwrap_or(Err(HostFault::Closed))?);
        if let Err(CallError::Fault(fault)) = &judged {
            self.shared.calls.lock().unwrap().faults.push(fault.clone());
        }
        judged
    }

    /// Writes a line of any kind; its end is added.
    pub async fn send_raw(&self, line: &[u8]) -> Result<(), HostFault> {
        let mut stdin = self.stdin.lock().await;
        let Some(stdin) = stdin.as_mut() else { return Err(HostFault::Closed) };
        let line = [line, b"\n"].concat();
        stdin.write_all(&line).await.map_err(|_| HostFault::Closed)?;
        stdin.flush().await.map_err(|_| HostFault::Closed)
    }

    /// A request without an id, which must never be answered.
    pub async fn notify(&self, method: &str, params: &Value) -> Result<(), HostFault> {
        let line = json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string();
        self.send_raw(line.as_bytes()).await
    }

    /// Every breach so far.
    #[must_use]
    pub fn faults(&self) -> Vec<HostFault> {
        self.shared.calls.lock().unwrap().faults.clone()
    }

    /// Panics if there was any breach so far.
    pub fn assert_clean(&self) {
        assert_eq!(self.faults(), [], "stderr: {}", self.stderr());
    }

    /// Standard output so far.
    #[must_use]
    pub fn stdout(&self) -> Vec<u8> {
        self.shared.stdout.lock().unwrap().clone()
    }

    /// Standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.shared.stderr.lock().unwrap()).into_owned()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Disconnects as the host does: SIGKILL.
    pub async fn kill(&self) -> Exit {
        drop(self.child.lock().await.start_kill());
        self.exit(Instant::now()).await
    }

    /// Ends input and waits for the exit, which must come with code 0 after every answer.
    pub async fn close(&self) -> Result<Exit, HostFault> {
        let since = Instant::now();
        drop(self.stdin.lock().await.take());
        let Ok(exit) = tokio::time::timeout(self.timeout, self.exit(since)).await else {
            self.kill().await;
            return Err(HostFault::Timeout(format!("no exit within {:?}", self.timeout)));
        };
        exit.must_be_clean()?;
        match self.faults().first() {
            Some(fault) => Err(fault.clone()),
            None => Ok(exit),
        }
    }

    /// Waits for the exit, whatever brings it (a signal, an end of input).
    pub async fn exit(&self, since: Instant) -> Exit {
        let status = self.child.lock().await.wait().await.unwrap();
        let elapsed = since.elapsed();
        let readers = std::mem::take(&mut *self.readers.lock().unwrap());
        for reader in readers {
            reader.await.unwrap();
        }
        Exit { code: status.code(), stdout: self.stdout(), stderr: self.stderr(), elapsed }
    }

    fn expect_answer(&self) -> Result<(u64, oneshot::Receiver<Outcome>), HostFault> {
        let mut calls = self.shared.calls.lock().unwrap();
        if let Some(fault) = calls.faults.iter().find(|it| matches!(it, HostFault::Stdout(_))) {
            return Err(fault.clone());
        }
        if calls.closed {
            return Err(HostFault::Closed);
        }
        calls.last_id += 1;
        let (sender, receiver) = oneshot::channel();
        let id = calls.last_id;
        calls.pending.insert(id, sender);
        Ok((id, receiver))
    }
}

// === impl Shared ===

impl Shared {
    /// Takes one line. One that is no answer to a pending call fails every pending call: the host
    /// cannot tell whose answer it was to be.
    fn line(&self, line: &[u8]) {
        let mut calls = self.calls.lock().unwrap();
        let wrong = match message::parse(line) {
            Err(why) => why,
            Ok(answer) => match answer.id.as_u64() {
                Some(id) if calls.given_up.remove(&id) => return,
                Some(id) if calls.pending.contains_key(&id) => {
                    let waiting = calls.pending.remove(&id).unwrap();
                    // The caller may have stopped waiting; then nobody is to be told.
                    drop(waiting.send(Ok(answer.outcome)));
                    return;
                }
                _ => format!("answers id {}, which nobody asked", answer.id),
            },
        };
        let fault = HostFault::Stdout(format!("{wrong}: {}", shown(line)));
        for (_, waiting) in calls.pending.drain() {
            drop(waiting.send(Err(fault.clone())));
        }
        calls.faults.push(fault);
    }

    fn close(&self) {
        let mut calls = self.calls.lock().unwrap();
        calls.closed = true;
        for (_, waiting) in calls.pending.drain() {
            drop(waiting.send(Err(HostFault::Closed)));
        }
    }
}

async fn read_answers(shared: Arc<Shared>, stdout: ChildStdout) {
    let mut lines = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        if matches!(lines.read_until(b'\n', &mut line).await, Ok(0) | Err(_)) {
            break;
        }
        shared.stdout.lock().unwrap().extend_from_slice(&line);
        shared.line(line.strip_suffix(b"\n").unwrap_or(&line));
    }
    shared.close();
}

async fn read_errors(shared: Arc<Shared>, mut stderr: ChildStderr) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stderr.read(&mut buffer).await {
        shared.stderr.lock().unwrap().extend_from_slice(&buffer[..n]);
    }
}
