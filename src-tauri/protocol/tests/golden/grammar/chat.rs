//! The grammar of a Chat Completions stream (grammar section 3), as its official clients hold it.
//!
//! Owns: [`check`]. The unit tests of the dialect include this file.
//! Must not know: the code under test.

use serde_json::Value;

/// What a stream of this dialect has to be, whatever it was made of. `include_usage`: the client
/// asked for the counts.
pub(crate) fn check(bytes: &[u8], include_usage: bool) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text}");
    let mut frames = Vec::new();
    for block in text.split_terminator("\n\n") {
        match block.strip_prefix("data: ") {
            Some(data) => frames.push(data),
            None => assert_eq!(block, ": ping"),
        }
        assert!(!block.contains('\n'), "one line a frame: {block}");
    }
    let (last, body) = frames.split_last().expect("an end");
    let failed = *last != "[DONE]";
    if failed {
        let error: Value = serde_json::from_str(last).unwrap();
        assert!(error["error"]["message"].is_string() && error["error"]["type"].is_string());
        assert_eq!(error.as_object().unwrap().len(), 1);
    }
    let mut first: Option<Value> = None;
    let (mut calls, mut finished, mut counted) = (0, false, false);
    for frame in body {
        let chunk: Value = serde_json::from_str(frame).unwrap_or_else(|it| panic!("{it}: {frame}"));
        assert!(!counted, "a chunk after the counts");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk["id"].as_str().is_some_and(|it| !it.is_empty()));
        let head = first.get_or_insert_with(|| {
            assert_eq!(chunk["choices"][0]["delta"]["role"], "assistant");
            chunk.clone()
        });
        for key in ["id", "created", "model"] {
            assert_eq!(chunk[key], head[key]);
        }
        let choices = chunk["choices"].as_array().unwrap();
        if choices.is_empty() {
            assert!(finished && include_usage && chunk["usage"].is_object());
            counted = true;
            continue;
        }
        assert!(!finished, "a delta after the finish reason");
        assert_eq!(choices.len(), 1);
        assert_eq!(choices[0]["index"], 0);
        finished = choices[0]["finish_reason"].is_string();
        let delta = choices[0]["delta"].as_object().unwrap();
        assert!(!finished || delta.is_empty());
        for call in choices[0]["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap();
            if call.get("id").is_some() {
                assert_eq!(index, calls, "calls are numbered in their order");
                let kind = call["type"].as_str().unwrap();
                assert!(call[kind]["name"].is_string());
                calls += 1;
            } else {
                assert!(index < calls, "a piece of a call that was not told");
                assert!(call.get("type").is_none() && call["function"].get("name").is_none());
            }
        }
    }
    assert_eq!(finished, !failed, "one finish reason, and none beside an error");
}
