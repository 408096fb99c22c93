//! The grammar of a Messages stream (grammar section 1), as its official clients hold it.
//!
//! Owns: [`check`]. The unit tests of the dialect include this file.
//! Must not know: the code under test.

use serde_json::Value;

/// Says where bytes break the grammar, if they do.
pub(crate) fn check(out: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(out).map_err(|it| it.to_string())?;
    if text.is_empty() {
        return Err("nothing was said".to_owned());
    }
    let mut open: Option<(u64, Value)> = None;
    let mut next = 0_u64;
    let (mut started, mut delta, mut over) = (false, false, false);
    for frame in text.strip_suffix("\n\n").ok_or("no blank line at the end")?.split("\n\n") {
        let mut lines = frame.lines();
        let event = lines.next().and_then(|it| it.strip_prefix("event: ")).ok_or("no event")?;
        let data = lines.next().and_then(|it| it.strip_prefix("data: ")).ok_or("no data")?;
        if lines.next().is_some() {
            return Err(format!("more lines: {frame}"));
        }
        let data: Value = serde_json::from_str(data).map_err(|it| it.to_string())?;
        let wrong = |why: &str| Err(format!("{why}: {frame}"));
        if data["type"] != event {
            return wrong("type");
        }
        if over {
            return wrong("after the end");
        }
        if !started && !matches!(event, "message_start" | "ping" | "error") {
            return wrong("before the start");
        }
        if delta && !matches!(event, "message_stop" | "error" | "ping") {
            return wrong("after message_delta");
        }
        match event {
            "message_start" => {
                let message = &data["message"];
                let usage = &message["usage"];
                if started || message["content"] != Value::Array(Vec::new()) {
                    return wrong("start");
                }
                if !usage["input_tokens"].is_u64() || !usage["output_tokens"].is_u64() {
                    return wrong("usage");
                }
                if message["id"].as_str().is_none_or(|it| !it.starts_with("msg_")) {
                    return wrong("id");
                }
                started = true;
            }
            "content_block_start" => {
                if open.is_some() || data["index"] != next {
                    return wrong("index");
                }
                open = Some((next, data["content_block"].clone()));
                next += 1;
            }
            "content_block_delta" => {
                let Some((index, block)) = &open else { return wrong("no block") };
                let fits = match data["delta"]["type"].as_str().unwrap_or_default() {
                    "text_delta" => block["type"] == "text" && data["delta"]["text"].is_string(),
                    "thinking_delta" | "signature_delta" => block["type"] == "thinking",
                    "input_json_delta" => block["type"] == "tool_use",
                    _ => false,
                };
                if data["index"] != *index || !fits {
                    return wrong("delta");
                }
            }
            "content_block_stop" => match open.take() {
                Some((index, _)) if data["index"] == index => {}
                _ => return wrong("stop"),
            },
            "message_delta" => {
                let reason = data["delta"]["stop_reason"].as_str().unwrap_or_default();
                if open.is_some() || reason.is_empty() || !data["usage"]["output_tokens"].is_u64() {
                    return wrong("message_delta");
                }
                delta = true;
            }
            "message_stop" if delta => over = true,
            "error" if !delta => over = true,
            "ping" => {}
            _ => return wrong("unexpected"),
        }
    }
    if over { Ok(()) } else { Err("no end".to_owned()) }
}
