//! Runs the binary as a script would, and as a person would at a terminal.
//!
//! Owns: [`Home`]: a scratch home folder with a fake upstream, and what a run of the program said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use droid_testbed::rig::addresses;
use droid_testbed::upstream::{Fake, FakeConfig};
use serde_json::Value;

pub(super) const BINARY: &str = env!("CARGO_BIN_EXE_droid-provider-cli");
pub(super) const MODEL: &str = "claude-sonnet-4-5-20250929";

/// A person's home, with the program's configuration and data in it.
pub(super) struct Home {
    pub(super) fake: Fake,
    folder: tempfile::TempDir,
}

/// What a run said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

// === impl Home ===

impl Home {
    pub(super) async fn new() -> Self {
        Self::with(FakeConfig::default()).await
    }

    pub(super) async fn with(config: FakeConfig) -> Self {
        let fake = Fake::start(config).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), addresses(&fake).to_string()).unwrap();
        Self { fake, folder }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The program with those arguments, in this home and nobody else's.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(self.path());
        command.env_clear().envs(self.environment());
        command
    }

    /// All that the program is told of its surroundings.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let path = |it: PathBuf| it.to_string_lossy().into_owned();
        let mut all = vec![
            ("HOME".to_owned(), path(self.path().to_owned())),
            ("XDG_CONFIG_HOME".to_owned(), path(self.path().join(".config"))),
            ("XDG_DATA_HOME".to_owned(), path(self.path().join(".local/share"))),
            ("DROID_DATA_DIR".to_owned(), path(self.data())),
            ("DROID_CONFIG".to_owned(), path(self.path().join("config.json"))),
        ];
        all.extend(
            std::env::var_os("PATH")
                .map(|it| ("PATH".to_owned(), it.to_string_lossy().into_owned())),
        );
        all
    }

    /// Runs it with nothing on stdin.
    pub(super) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs it with that on stdin.
    pub(super) fn run_with(&self, arguments: &[&str], stdin: &str) -> Said {
        let mut command = self.command(arguments);
        finish(command.stdin(Stdio::piped()), stdin)
    }

    /// The JSON it answers, with the code of success.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        self.json_with(arguments, "")
    }

    /// The same with something on stdin.
    pub(super) fn json_with(&self, arguments: &[&str], stdin: &str) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        self.run_with(&arguments, stdin).ok().to_json()
    }

    /// A pool of these keys, which the fake takes.
    pub(super) fn pool(&self, name: &str, keys: &[&str]) -> Value {
        for key in keys {
            self.fake.add_key(key);
        }
        self.json_with(&["accounts", "add-keys", "--name", name], &keys.join("\n"))
    }
}

/// Runs a command to its end.
pub(super) fn finish(command: &mut Command, stdin: &str) -> Said {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end without having read: that is its answer then.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

// === impl Said ===

impl Said {
    /// It was done, and nothing was said beside the answer.
    #[track_caller]
    pub(super) fn ok(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self
    }

    /// It failed with that code.
    #[track_caller]
    pub(super) fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(super) fn to_json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", self.stdout),
        }
    }

    /// All of it.
    pub(super) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
