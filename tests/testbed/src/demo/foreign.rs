//! A client of one protocol, answered by a model of another.
//!
//! Owns: a chat client's request and how it reads what comes back.
//! Must not know: how anything is translated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::caller::Caller;
use super::deviation::{Deviation, expect, expect_same, number_at, text_at};
use super::post::post;
use super::talk::{Counted, MODEL, acquire, headers_of, release};
use super::tell::Tell;

/// A chat client asks a Claude model, and is answered as a chat client is.
pub(crate) async fn chat_asks_claude(
    caller: &Caller,
    tell: &mut Tell<'_>,
    session: &str,
) -> Result<Counted, Deviation> {
    let request = json!({
        "model": MODEL,
        "stream": true,
        "messages": [
            { "role": "system", "content": "Answer in one sentence." },
            { "role": "user", "content": "What are you?" },
        ],
        "seed": 7,
        "frequency_penalty": 0.5,
    });
    let loan = acquire(caller, session).await?;
    let ask = json!({ "request": request, "protocol": "chat", "session_id": session });
    let transformed = caller.call("transform_request", ask).await?;
    expect_same("the endpoint", &text_at(&transformed, "/endpoint_type")?, &"anthropic")?;
    let losses = transformed["losses"].as_array().into_iter().flatten();
    let lost: Vec<&str> = losses.filter_map(|it| it["field"].as_str()).collect();
    tell.field("translated", &format!("chat to anthropic; no place there for {lost:?}"));
    let mut headers = loan.headers.clone();
    headers.extend(headers_of(&transformed)?);
    let mut answer = post(&loan.url, &headers, &transformed["request"].to_string()).await?;
    expect_same("the status of the answer", &answer.status, &200)?;

    let mut carry = transformed["carry"].clone();
    let mut heard = String::new();
    let usage = loop {
        let piece = answer.next().await?;
        let end = piece.is_none();
        let chunk = STANDARD.encode(piece.unwrap_or_default());
        let ask = json!({ "chunk_base64": chunk, "carry": carry, "end": end });
        let parsed = caller.call("parse_response_chunk", ask).await?;
        // Translated output is whole frames: never cut inside a character.
        heard.push_str(text_at(&parsed, "/output")?);
        if end {
            expect_same("how the stream ended", &text_at(&parsed, "/end")?, &"done")?;
            break parsed["usage"].clone();
        }
        carry = parsed["carry"].clone();
    };
    let text = text_of(&heard)?;
    expect(!text.is_empty(), || "the chat client heard nothing".to_owned())?;
    tell.open_text();
    tell.text(&text);
    tell.close_text();
    let counted = Counted {
        requests: 1,
        input_tokens: number_at(&usage, "/input_tokens")?,
        output_tokens: number_at(&usage, "/output_tokens")?,
    };
    let outcome = json!({ "Success": {
        "latency_ms": 1,
        "input_tokens": counted.input_tokens,
        "output_tokens": counted.output_tokens,
    }});
    release(caller, &loan, outcome, &json!({})).await?;
    Ok(counted)
}

/// What a chat client makes of a stream: it takes no other frames, and wants the last one.
fn text_of(stream: &str) -> Result<String, Deviation> {
    let frames = stream.lines().filter_map(|it| it.strip_prefix("data: "));
    let mut text = String::new();
    let mut done = false;
    for frame in frames {
        done = frame == "[DONE]";
        if !done {
            let chunk: Value = serde_json::from_str(frame)
                .map_err(|it| Deviation::new(format!("no chunk of a chat stream: {it}")))?;
            expect_same("a chunk", &text_at(&chunk, "/object")?, &"chat.completion.chunk")?;
            let content = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str);
            text.push_str(content.unwrap_or_default());
        }
    }
    expect(done, || "the chat stream has no [DONE]".to_owned())?;
    Ok(text)
}
