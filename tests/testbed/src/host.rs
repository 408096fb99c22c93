//! A simulator of the ProxyCast host: it launches the plugin binary exactly as the real one does
//! and believes nothing it says before having checked it.
//!
//! Owns: how a process is started and with which environment, what can be wrong with it.
//! Must not know: what a method does; [`shapes`] knows what its answer looks like.

/// Spawned without an argument and kept, one JSON object a line.
pub mod bridge;
/// One JSON-RPC answer, checked to the letter.
pub mod message;
/// Spawned anew for each call.
pub mod oneshot;
/// What every answer must look like.
pub mod shapes;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

pub use bridge::Bridge;
pub use message::RpcError;
pub use oneshot::OneShot;

/// What to launch and where it keeps its things.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The plugin binary.
    pub binary: PathBuf,
    /// Becomes `DROID_DATA_DIR`.
    pub data_dir: PathBuf,
    /// Becomes `DROID_CONFIG`.
    pub config_path: Option<PathBuf>,
    /// Becomes the home folder, so that no file of the person running the tests is read.
    pub home: Option<PathBuf>,
    /// Set last, over everything else.
    pub env: Vec<(String, String)>,
    /// How long an answer may take; the host gives up after 30 s.
    pub timeout: Duration,
}

/// How a process ended and what it had said by then.
#[derive(Clone, Debug)]
pub struct Exit {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: String,
    /// From the start (one call a process) or from the end of input (bridge) to the exit.
    pub elapsed: Duration,
}

/// A breach of the contract: the test should fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// The binary could not be started.
    Spawn(String),
    /// No answer, or no exit, in time.
    Timeout(String),
    /// The process ended otherwise than by exit code 0.
    Exit(String),
    /// Something on standard output that is no answer to what was asked.
    Stdout(String),
    /// The process closed its output while calls were waiting.
    Closed,
    /// An answer without the shape its method promises.
    Shape(Vec<String>),
}

/// What a call can end in, but for a result.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// The plugin answered an error, as it may.
    Rpc(RpcError),
    /// The plugin broke the contract.
    Fault(HostFault),
}

// === impl HostConfig ===

impl HostConfig {
    /// A binary and its data folder; nothing else set.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            data_dir: data_dir.into(),
            config_path: None,
            home: None,
            env: Vec::new(),
            timeout: Duration::from_secs(30),
        }
    }

    /// Sets one more variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the configuration file.
    #[must_use]
    pub fn config(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_path = Some(path.into());
        self
    }

    /// The command with its environment and three pipes. What the tests were started with is not
    /// handed on where it would steer the plugin.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| steers(name)) {
            command.env_remove(name);
        }
        if let Some(home) = &self.home {
            for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"] {
                command.env(name, home);
            }
            for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
                command.env_remove(name);
            }
        }
        command.env("DROID_DATA_DIR", &self.data_dir);
        if let Some(path) = &self.config_path {
            command.env("DROID_CONFIG", path);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }
}

fn steers(name: &OsString) -> bool {
    let name = name.to_string_lossy().to_uppercase();
    let ours = ["ADMIN_ACCESS_KEY", "API_ACCESS_KEY", "PORT", "RUST_LOG", "NO_PROXY"];
    name.starts_with("DROID_")
        || name.starts_with("FACTORY_")
        || name.ends_with("_PROXY")
        || ours.contains(&name.as_str())
}

// === impl CallError ===

impl CallError {
    /// The plugin's own error; panics if it broke the contract instead.
    #[must_use]
    pub fn rpc(self) -> RpcError {
        match self {
            Self::Rpc(error) => error,
            Self::Fault(fault) => panic!("the plugin broke the contract: {fault}"),
        }
    }

    /// The breach; panics if the plugin answered an error as it may.
    #[must_use]
    pub fn fault(self) -> HostFault {
        match self {
            Self::Rpc(error) => panic!("no fault but an error: {error}"),
            Self::Fault(fault) => fault,
        }
    }
}

impl From<HostFault> for CallError {
    fn from(fault: HostFault) -> Self {
        Self::Fault(fault)
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rpc(error) => error.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for CallError {}

// === impl HostFault ===

impl std::fmt::Display for HostFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Spawn(text) => write!(f, "cannot start the plugin: {text}"),
            Self::Timeout(text) => write!(f, "too late: {text}"),
            Self::Exit(text) => write!(f, "wrong exit: {text}"),
            Self::Stdout(text) => write!(f, "wrong output: {text}"),
            Self::Closed => f.write_str("the plugin closed its output"),
            Self::Shape(problems) => write!(f, "wrong shape: {}", problems.join("; ")),
        }
    }
}

impl std::error::Error for HostFault {}

/// The outcome of one call with its answer's shape checked.
pub(crate) fn judge(method: &str, outcome: Result<Value, RpcError>) -> Result<Value, CallError> {
    let problems = match &outcome {
        Ok(result) => shapes::check(method, result),
        Err(error) => shapes::check_error(error),
    };
    if problems.is_empty() {
        return outcome.map_err(CallError::Rpc);
    }
    Err(HostFault::Shape(problems).into())
}

/// Asks the process to end, as a service manager would (`SIGTERM`). Unix alone.
pub async fn terminate(pid: u32) {
    let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
    assert!(status.is_ok_and(|it| it.success()), "kill -TERM {pid} failed");
}
