//! The grammar of a Gemini stream (grammar sections 0 and 4), as its official clients hold it.
//!
//! Owns: [`check`]. The unit tests of the dialect include this file.
//! Must not know: the code under test.

use serde_json::Value;

/// What breaks Gemini's clients never reaches them: data lines of one space only, `error` the first
/// member, whole arguments, one end and nothing behind it.
pub(crate) fn check(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut ends = 0;
    for line in text.split('\n').filter(|it| !it.is_empty()) {
        let data = line.strip_prefix("data: ").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(ends, 0, "nothing follows the end: {text}");
        assert!(!data.starts_with(' '), "one space: {line}");
        let chunk: Value = serde_json::from_str(data).unwrap_or_else(|it| panic!("{it}: {data}"));
        if chunk.get("error").is_some() {
            assert!(data.starts_with("{\"error\""), "{data}");
            assert!(chunk["error"]["code"].is_u64() && chunk["error"]["status"].is_string());
            ends += 1;
            continue;
        }
        let candidates = chunk["candidates"].as_array().into_iter().flatten();
        for candidate in candidates {
            assert_eq!(candidate["index"], 0, "{data}");
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                check_part(part);
            }
            if let Some(reason) = candidate.get("finishReason") {
                assert_ne!(reason, "CONTINUATION", "{data}");
                ends += 1;
            }
        }
    }
    assert_eq!(ends, 1, "exactly one end: {text}");
}

fn check_part(part: &Value) {
    if let Some(call) = part.get("functionCall") {
        assert!(call["name"].is_string(), "{part}");
        assert!(call.get("args").is_none_or(Value::is_object), "whole arguments: {part}");
        assert!(call.get("partialArgs").is_none() && call.get("willContinue").is_none(), "{part}");
    } else {
        assert!(part["text"].is_string(), "{part}");
    }
}
