//! Where the demo plays: a folder of its own, and this program's commands run in it.
//!
//! Owns: that the folder and what was started are gone at the end, however that comes.
//! Must not know: what is played.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::cli::failure::{Failure, Result};
use crate::config::env;
use crate::demo::StandIn;
use crate::files;

/// What would lead out of the demo.
const FOREIGN: [&str; 10] = [
    env::ENCRYPTION_KEY,
    env::TIMEOUT_MS,
    env::REFRESH_INTERVAL_HOURS,
    env::DATA_RETENTION_DAYS,
    env::API_ACCESS_KEY,
    env::PORT,
    env::FACTORY_API_KEY,
    env::REFRESH_KEY,
    env::RUST_LOG,
    env::DEBUG,
];

/// The folder, gone when this is dropped.
pub(super) struct Stage {
    folder: PathBuf,
    program: PathBuf,
    admin_key: String,
}

/// A gateway that runs, stopped when this is dropped.
pub(super) struct Gateway {
    child: Child,
    /// Its address.
    pub(super) url: String,
}

// === impl Stage ===

impl Stage {
    /// Makes the folder, with a configuration that knows the stand-in and nobody else. `unique`
    /// names it, `admin_key` is its gateway's.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(super) fn set(unique: &str, admin_key: String, stand_in: &StandIn) -> Result<Self> {
        let program = std::env::current_exe().map_err(|it| failed("this program", &it))?;
        let folder = std::env::temp_dir().join(format!("droid-provider-demo-{unique}"));
        files::make_private_dir(&folder)?;
        let stage = Self { folder, program, admin_key };
        let url = stand_in.url();
        let config = json!({ "settings": {
            "factory": { "api_base_url": url, "app_base_url": url },
            "workos": { "auth_url": url, "device_url": url, "authorize_url": url },
        } });
        let path = stage.folder.join("config.json");
        files::create_private(&path, config.to_string().as_bytes())
            .map_err(|it| failed("the configuration", &it))?;
        Ok(stage)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// Runs a command of this program to its end and gives back what it said.
    ///
    /// # Errors
    /// When it failed, with what it said then.
    pub(super) async fn run(&self, arguments: &[&str], stdin: &str) -> Result<String> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let stdin = stdin.to_owned();
        let ended = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn()?;
            if let Some(mut pipe) = child.stdin.take() {
                pipe.write_all(stdin.as_bytes())?;
            }
            child.wait_with_output()
        });
        let output = ended.await.map_err(|_| Failure::new("failed", "a command was cut off"))?;
        let output = output.map_err(|it| failed("a command cannot be run", &it))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let text = format!("`{}` failed: {}", arguments.join(" "), said.trim());
            return Err(Failure::new("failed", text));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts the gateway and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) async fn serve(&self) -> Result<Gateway> {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|it| failed("the gateway cannot be run", &it))?;
        let stdout = child.stdout.take();
        // From here on it is stopped whatever happens.
        let mut gateway = Gateway { child, url: String::new() };
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.map(|it| BufReader::new(it).read_line(&mut line));
            line
        });
        let line = read.await.unwrap_or_default();
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = said["listening"].as_str() else {
            return Err(Failure::new("failed", "the gateway did not start"));
        };
        url.clone_into(&mut gateway.url);
        Ok(gateway)
    }

    /// This program, told of nothing but the folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.folder);
        for name in FOREIGN {
            command.env_remove(name);
        }
        let path = |name: &str| OsString::from(self.folder.join(name));
        command.env(env::DATA_DIR, path("data")).env(env::CONFIG, path("config.json"));
        command.env(env::ADMIN_ACCESS_KEY, &self.admin_key).env("HOME", &self.folder);
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::new("failed", format!("{what}: {}", error.kind()))
}
