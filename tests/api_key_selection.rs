//! Key pools through the built binary (seed S0 §13.2).

mod support;

use serde_json::json;
use support::{ok, pool_of, rig};

#[tokio::test]
async fn a_session_keeps_its_key() {
    let rig = rig().await;
    let bridge = rig.bridge();
    pool_of(&rig, &bridge, &["fk-first-0123456789", "fk-second-0123456789"], json!({})).await;
    let ask = json!({ "model": "claude-sonnet-4-5-20250929", "session_id": "one" });
    let first = ok(&bridge, "acquire_credential", ask.clone()).await;
    for _ in 0..20 {
        let again = ok(&bridge, "acquire_credential", ask.clone()).await;
        assert_eq!(again["metadata"]["api_key_id"], first["metadata"]["api_key_id"]);
    }
    bridge.assert_clean();
}
