//! Everything a test of the whole program needs, in one value.
//!
//! Owns: [`Rig`]: a fake upstream, a scratch folder with a configuration that points at it, and
//! the ways to launch the plugin on them.
//! Must not know: what is tested.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::host::{Bridge, HostConfig, OneShot};
use crate::upstream::{Fake, FakeConfig};

/// A fake upstream and a plugin's home, gone when it is dropped.
#[derive(Debug)]
pub struct Rig {
    /// The fake WorkOS and Factory.
    pub fake: Fake,
    binary: PathBuf,
    folder: tempfile::TempDir,
}

// === impl Rig ===

impl Rig {
    /// Starts a fake with its defaults.
    pub async fn new(binary: impl Into<PathBuf>) -> Self {
        Self::with(binary, FakeConfig::default()).await
    }

    /// Starts a fake.
    pub async fn with(binary: impl Into<PathBuf>, config: FakeConfig) -> Self {
        let fake = Fake::start(config).await;
        let folder = tempfile::tempdir().expect("a scratch folder");
        let rig = Self { fake, binary: binary.into(), folder };
        rig.configure(&json!({}));
        rig
    }

    /// Writes the configuration: the fake's addresses, and `more` over them.
    pub fn configure(&self, more: &Value) {
        let mut config = addresses(&self.fake);
        merge(&mut config, more);
        std::fs::write(self.config_path(), config.to_string()).expect("a configuration");
    }

    /// How the host launches the plugin here.
    #[must_use]
    pub fn host(&self) -> HostConfig {
        HostConfig::new(&self.binary, self.data_dir()).config(self.config_path())
    }

    /// The host that spawns a process a call.
    #[must_use]
    pub fn one_shot(&self) -> OneShot {
        OneShot::new(self.host())
    }

    /// The host that keeps a process.
    #[must_use]
    pub fn bridge(&self) -> Bridge {
        Bridge::connect(&self.host()).expect("the plugin starts")
    }

    /// Where the plugin keeps its data.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The plugin's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data_dir().join("droid.db")
    }

    /// The configuration file.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    /// The scratch folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The part of a configuration that sends the plugin to a fake.
#[must_use]
pub fn addresses(fake: &Fake) -> Value {
    json!({
        "settings": {
            "workos": {
                "auth_url": fake.auth_url(),
                "device_url": fake.device_url(),
                "authorize_url": fake.authorize_url(),
            },
            "factory": { "api_base_url": fake.api_base_url(), "app_base_url": fake.base_url() },
        },
    })
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}
