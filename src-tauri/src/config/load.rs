//! Where the configuration comes from and where changes to it go.
//!
//! Owns: the order of sources, merging, saving.
//! Must not know: what any key means.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Config;
use super::check::{self, Bad};
use super::env::{self, Env};
use super::keys;
use super::raw::{self, Passwords};
use crate::error::{Error, Result};
use crate::files;

const FILE_NAME: &str = "config.json";

/// Where a configuration was read and where changes are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The files that were read, each over the one before.
    pub files: Vec<PathBuf>,
    /// The file changes are written to: the one `DROID_CONFIG` names, else the one in the
    /// platform's configuration folder, which survives an update of the plugin.
    pub user_file: Option<PathBuf>,
}

// === impl Config ===

impl Config {
    /// Reads `DROID_CONFIG`, and nothing else where that is set. Otherwise `config.json` beside the
    /// binary or one folder up (an installed plugin), and over it the platform's configuration
    /// folder. What no file names is the default; the environment goes over all.
    ///
    /// # Errors
    /// `Config`, naming the file (or `environment`), the key and what is expected there.
    pub fn load(env: &dyn Env, exe_dir: Option<&Path>) -> Result<(Self, Origin)> {
        let named = env.get(env::CONFIG).filter(|it| !it.is_empty()).map(PathBuf::from);
        let origin = match named {
            Some(file) if !file.is_file() => {
                let message = format!("there is no such file; {} names it", env::CONFIG);
                return Err(Error::Config { origin: file.display().to_string(), message });
            }
            Some(file) => Origin { files: vec![file.clone()], user_file: Some(file) },
            None => {
                let installed = exe_dir.into_iter().flat_map(|it| [Some(it), it.parent()]);
                let installed = installed.flatten().map(|it| it.join(FILE_NAME));
                let user_file = env.config_dir().map(|it| it.join(FILE_NAME));
                let files = installed.filter(|it| it.is_file()).take(1);
                let files = files.chain(user_file.clone().filter(|it| it.is_file())).collect();
                Origin { files, user_file }
            }
        };
        let mut value = raw::to_json(&Self::default(), Passwords::Shown);
        let mut config = Self::default();
        for file in &origin.files {
            merge(&mut value, &read(file)?);
            config = raw::from_json(&value).map_err(|bad| in_file(file, &bad))?;
        }
        let overrides = overrides(env)?;
        if overrides != json!({}) {
            merge(&mut value, &overrides);
            config = raw::from_json(&value).map_err(|bad| told("environment", &bad))?;
        }
        Ok((config, origin))
    }

    /// The configuration as JSON, in the shape of the file; passwords of proxies are masked.
    #[must_use]
    pub fn to_json(&self) -> Value {
        raw::to_json(self, Passwords::Masked)
    }

    /// Another number for another configuration; the same one in every process.
    #[must_use]
    pub fn revision(&self) -> u64 {
        let text = raw::to_json(self, Passwords::Shown).to_string();
        let hash = Sha256::digest(text.as_bytes());
        // As many bits as a JavaScript number holds.
        hash.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// This configuration with the keys of `patch` over it. Lists, `model_redirects` and `prices` are
    /// replaced as a whole; a proxy whose password is still masked keeps the one it has.
    ///
    /// # Errors
    /// `Invalid`, naming the key and what is expected there.
    pub fn merged(&self, patch: &Value) -> Result<Self> {
        let patch = self.unmasked(patch)?;
        let mut value = raw::to_json(self, Passwords::Shown);
        merge(&mut value, &patch);
        raw::from_json(&value).map_err(|bad| invalid(&bad))
    }

    /// Puts real passwords where a patch has the mask that [`Config::to_json`] shows.
    fn unmasked(&self, patch: &Value) -> Result<Value> {
        check::check(patch).map_err(|bad| invalid(&bad))?;
        let mut patch = patch.clone();
        let Some(Value::Array(proxies)) = patch.get_mut("proxies") else { return Ok(patch) };
        for (index, proxy) in proxies.iter_mut().enumerate() {
            let Some(Value::String(url)) = proxy.get_mut("url") else { continue };
            if raw::is_masked(url) {
                let known = self.proxies.iter().find(|it| raw::masked(it.url.expose()) == *url);
                *url = match known {
                    Some(known) => known.url.expose().to_owned(),
                    None => {
                        let field = format!("config.proxies[{index}].url");
                        return Err(Error::invalid(
                            field,
                            "its password is masked: give it in full",
                        ));
                    }
                };
            }
        }
        Ok(patch)
    }
}

/// The JSON Schema of the configuration, with title, description, default and bounds of each key.
#[must_use]
pub fn schema() -> Value {
    keys::schema(&Config::default().to_json())
}

/// The keys whose change is in force when the process starts again.
#[must_use]
pub fn needs_restart() -> Vec<&'static str> {
    keys::KEYS
        .iter()
        .filter(|it| it.about.ends_with("Needs a restart."))
        .map(|it| it.path)
        .collect()
}

// === impl Origin ===

impl Origin {
    /// Keeps a change: `patch` goes into the user's file, whole or not at all. `before` is the
    /// configuration it changes.
    ///
    /// # Errors
    /// `Invalid` for the patch, `Config` when there is nowhere to keep it or the file there cannot
    /// be read, `Data` when it cannot be written.
    pub fn save(&self, before: &Config, patch: &Value) -> Result<()> {
        let path = self.kept_in()?;
        before.merged(patch)?;
        let patch = before.unmasked(patch)?;
        let mut value = if path.is_file() { read(path)? } else { json!({}) };
        merge(&mut value, &patch);
        write(path, &value)
    }

    /// Keeps other processes from saving until what it answers is dropped; waits for one that is at
    /// it. Whoever saves reads after this, and knows what the others saved.
    ///
    /// # Errors
    /// `Config` when there is nowhere to keep a change, `Data` when its folder cannot be written or
    /// another process does not finish.
    pub(super) fn lock(&self) -> Result<File> {
        let path = self.kept_in()?;
        if let Some(folder) = path.parent() {
            files::make_private_dir(folder)?;
        }
        files::lock_beside(path).map_err(|source| unwritable(path, source))
    }

    fn kept_in(&self) -> Result<&Path> {
        self.user_file.as_deref().ok_or_else(|| Error::Config {
            origin: "environment".to_owned(),
            message: format!("there is no home folder: name a file with {}", env::CONFIG),
        })
    }
}

fn read(path: &Path) -> Result<Value> {
    let wrong = |message: String| Error::Config { origin: path.display().to_string(), message };
    let text = fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => wrong("it is not UTF-8 text".to_owned()),
        kind => wrong(format!("it cannot be read: {kind}")),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    // serde_json's own text may quote the value, which may be a secret.
    let value = serde_json::from_str(text).map_err(|error| {
        wrong(format!("it is not JSON: line {}, column {}", error.line(), error.column()))
    })?;
    check::check(&value).map_err(|bad| in_file(path, &bad))?;
    Ok(value)
}

fn write(path: &Path, value: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Internal(format!("a configuration has no JSON form: {error}")))?;
    if let Some(folder) = path.parent() {
        files::make_private_dir(folder)?;
    }
    // A proxy's URL may hold a password.
    files::replace_private(path, format!("{text}\n").as_bytes())
        .map_err(|source| unwritable(path, source))
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    files::data_error(path, "the configuration cannot be written", source)
}

fn overrides(env: &dyn Env) -> Result<Value> {
    let mut overrides = json!({});
    for (name, path) in [
        (env::TIMEOUT_MS, "timeout_ms"),
        (env::REFRESH_INTERVAL_HOURS, "settings.token_refresh.refresh_interval_hours"),
        (env::DATA_RETENTION_DAYS, "usage.retention_days"),
    ] {
        let Some(text) = env.get(name).filter(|it| !it.trim().is_empty()) else { continue };
        let value = text.trim().parse::<u64>().map_or(Value::Null, Value::from);
        check::check_key(path, &value)
            .map_err(|bad| told("environment", &Bad { path: name.to_owned(), ..bad }))?;
        let nested = path.rsplit('.').fold(value, |inner, section| json!({section: inner}));
        merge(&mut overrides, &nested);
    }
    Ok(overrides)
}

/// Puts the keys of `over` into `base`. Only sections are merged; where the keys are a person's own
/// (`model_redirects`, `prices`) the whole value is replaced.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                match base.get_mut(name) {
                    Some(known) if !["model_redirects", "prices"].contains(&name.as_str()) => {
                        merge(known, value);
                    }
                    _ => {
                        base.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

fn told(origin: &str, bad: &Bad) -> Error {
    let Bad { path, message } = bad;
    let message = if path.is_empty() { message.clone() } else { format!("{path}: {message}") };
    Error::Config { origin: origin.to_owned(), message }
}

fn in_file(path: &Path, bad: &Bad) -> Error {
    told(&path.display().to_string(), bad)
}

fn invalid(bad: &Bad) -> Error {
    let Bad { path, message } = bad;
    let separator = if path.is_empty() { "" } else { "." };
    Error::invalid(format!("config{separator}{path}"), message.clone())
}
