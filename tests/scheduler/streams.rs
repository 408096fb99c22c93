//! Streams that end too early.
//!
//! Owns: the row `truncated` of the fault table.
//! Must not know: how a stream is decoded.

use chrono::Utc;
use droid_testbed::host::Bridge;
use droid_testbed::upstream::{Action, Endpoint, Match};
use serde_json::{Value, json};

use crate::kit::*;
use crate::support::{ok, rig, signed_in};

#[tokio::test]
async fn one_cut_stream_is_noted_and_two_in_a_row_pause() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for round in 0..2 {
        let cut = Action::TruncateAfterBytes(400);
        rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), cut);
        let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
        let answer = answer.expect("the part of an answer");
        assert_eq!(answer.status, 200);
        let parsed = read(&bridge, &answer).await;
        assert_eq!(parsed["end"], json!("truncated"), "{parsed}");
        let last = parsed["events"].as_array().and_then(|it| it.last()).expect("an event");
        assert_eq!(last["type"], json!("error"), "the client is told in its own words");
        let since = Utc::now();
        release(&bridge, lent.release(&error("truncated", None))).await;
        let shown = account(&bridge, &id).await;
        assert_eq!(shown["status"], json!("active"));
        if round == 0 {
            assert_eq!(shown["health"], json!("healthy"), "once may be chance");
        } else {
            assert_pause(&shown["cooling"], since, 5.0);
        }
    }
    let usage = ok(&bridge, "get_usage", json!({})).await;
    assert_eq!(usage["rows"][0]["outcome"], json!("truncated"));
    assert_eq!(usage["rows"][0]["requests"], json!(2));
}

#[tokio::test]
async fn a_whole_stream_between_two_cut_ones_forgives_the_first() {
    let rig = rig().await;
    let bridge = rig.bridge();
    let (id, _) = signed_in(&rig, &bridge, json!({})).await;
    for whole in [false, true, false] {
        let (lent, answer) = ask(&bridge, json!({ "model": CLAUDE })).await;
        let parsed = read(&bridge, &answer.expect("an answer")).await;
        assert_eq!(parsed["end"], json!("done"));
        let params = if whole { lent.succeeded() } else { lent.release(&error("truncated", None)) };
        release(&bridge, params).await;
        assert_eq!(account(&bridge, &id).await["health"], json!("healthy"));
    }
}

async fn read(bridge: &Bridge, answer: &Answer) -> Value {
    let chunk = String::from_utf8_lossy(&answer.body);
    let params = json!({ "chunk": chunk, "endpoint_type": "anthropic", "end": true });
    ok(bridge, "parse_response_chunk", params).await
}
