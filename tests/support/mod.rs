//! What the tests of the built binary share.
//!
//! Owns: shorthands over the test bed.
//! Must not know: any one test.
#![allow(dead_code, reason = "each test binary uses its part of it")]
#![allow(clippy::panic, clippy::expect_used, reason = "a failed expectation stops the test")]

use droid_testbed::host::{Bridge, CallError, RpcError};
use droid_testbed::rig::Rig;
use droid_testbed::upstream::Minted;
use serde_json::{Value, json};

/// The plugin as cargo built it.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_droid-provider-cli");

/// A rig on the built plugin.
pub(crate) async fn rig() -> Rig {
    Rig::new(BINARY).await
}

/// Calls and expects a result.
pub(crate) async fn ok(bridge: &Bridge, method: &str, params: Value) -> Value {
    match bridge.call(method, params).await {
        Ok(result) => result,
        Err(error) => panic!("{method} failed: {error}"),
    }
}

/// Calls and expects a JSON-RPC error.
pub(crate) async fn err(bridge: &Bridge, method: &str, params: Value) -> RpcError {
    match bridge.call(method, params).await {
        Ok(result) => panic!("{method} did not fail but answered {result}"),
        Err(CallError::Rpc(error)) => error,
        Err(CallError::Fault(fault)) => panic!("{method}: {fault}"),
    }
}

/// Adds a signed-in account with the tokens the fake just minted; answers its id and them.
pub(crate) async fn signed_in(rig: &Rig, bridge: &Bridge, config: Value) -> (String, Minted) {
    let minted = rig.fake.mint_account();
    let mut config = config;
    config["access_token"] = json!(minted.access_token);
    config["refresh_token"] = json!(minted.refresh_token);
    config["expires_at"] = json!(minted.expires_at);
    let created =
        ok(bridge, "create_credential", json!({ "auth_type": "workos_oauth", "config": config }))
            .await;
    (id_of(&created), minted)
}

/// Adds a pool of keys the fake knows.
pub(crate) async fn pool_of(rig: &Rig, bridge: &Bridge, keys: &[&str], config: Value) -> String {
    for key in keys {
        rig.fake.add_key(key);
    }
    let mut config = config;
    config["api_keys"] = json!(keys);
    let created =
        ok(bridge, "create_credential", json!({ "auth_type": "api_key", "config": config })).await;
    id_of(&created)
}

/// The id in an answer of `create_credential`.
pub(crate) fn id_of(created: &Value) -> String {
    created["credential_id"].as_str().expect("a credential_id").to_owned()
}
