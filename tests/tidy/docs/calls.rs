//! Calls to the built plugin, as examples and as the truth.
//!
//! Owns: starting it on an empty folder with the shipped configuration, and replacing what is new
//! in every run.
//! Must not know: which calls are made.

use droid_testbed::host::{Bridge, CallError, HostConfig};
use serde_json::{Value, json};

/// A plugin on an empty folder; nothing it is asked here goes over the network.
pub(crate) struct Plugin {
    bridge: Bridge,
    _folder: tempfile::TempDir,
}

/// One line asked, one answered, both with stand-ins for what is new in every run.
pub(crate) struct Example {
    pub(crate) asked: String,
    pub(crate) answered: String,
}

/// Stand-ins by what they stand for.
#[derive(Default)]
pub(crate) struct StandIns {
    ids: Vec<String>,
}

/// What the plugin says of itself.
pub(crate) fn info() -> Value {
    run(async { Plugin::start().ask("get_info", json!(null)).await.expect("get_info") })
}

/// Runs calls from a test that is not async.
pub(crate) fn run<T>(calls: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(calls)
}

// === impl Plugin ===

impl Plugin {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let config = folder.path().join("config.json");
        std::fs::write(&config, "{}").expect("a configuration");
        let host =
            HostConfig::new(env!("CARGO_BIN_EXE_droid-provider-cli"), folder.path().join("data"));
        let host = HostConfig { home: Some(folder.path().to_owned()), ..host.config(config) };
        Self { bridge: Bridge::connect(&host).expect("the plugin starts"), _folder: folder }
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.bridge.call(method, params).await
    }

    /// Asks, and shows both lines; answers the answer's result.
    pub(crate) async fn example(
        &self,
        stand_ins: &mut StandIns,
        method: &str,
        params: Value,
    ) -> (Example, Value) {
        let mut asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
        if !params.is_null() {
            asked["params"] = params.clone();
        }
        let (answered, result) = match self.ask(method, params).await {
            Ok(result) => (json!({ "jsonrpc": "2.0", "id": 1, "result": result }), result),
            Err(error) => {
                let error = error.rpc();
                let error =
                    json!({ "code": error.code, "message": error.message, "data": error.data });
                (json!({ "jsonrpc": "2.0", "id": 1, "error": error }), Value::Null)
            }
        };
        let example = Example {
            asked: stand_ins.put_in(&asked).to_string(),
            answered: stand_ins.put_in(&answered).to_string(),
        };
        (example, result)
    }
}

// === impl StandIns ===

impl StandIns {
    /// Replaces ids, leases and times, wherever they stand as a whole string.
    pub(crate) fn put_in(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.stand_in(text)),
            Value::Array(items) => items.iter().map(|it| self.put_in(it)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, it)| (name.clone(), self.put_in(it))).collect()
            }
            other => other.clone(),
        }
    }

    fn stand_in(&mut self, text: &str) -> String {
        if uuid::Uuid::parse_str(text).is_ok() {
            let known = self.ids.iter().position(|it| it == text);
            let at = known.unwrap_or_else(|| {
                self.ids.push(text.to_owned());
                self.ids.len() - 1
            });
            return format!("00000000-0000-4000-8000-{:012}", at + 1);
        }
        if text.starts_with("dl1.") {
            return "dl1.eyJhIjoi...".to_owned();
        }
        if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
            return "2026-01-02T03:04:05.678Z".to_owned();
        }
        text.to_owned()
    }
}
