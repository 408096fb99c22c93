//! One request of a client, from the account it gets to the usage it leaves.
//!
//! Owns: acquire, transform, post, parse piece by piece, release.
//! Must not know: which account should be picked, how the plugin is launched.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::caller::Caller;
use super::deviation::{Deviation, expect, expect_same, number_at, text_at};
use super::post::{Answer, post};
use super::tell::Tell;

/// The model every conversation of the demo asks for.
pub(crate) const MODEL: &str = "claude-sonnet-4-5-20250929";

/// What the plugin lent for one request.
pub(crate) struct Loan {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) key: Option<String>,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    lease: String,
}

/// Who is asked next: the place a conversation keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) key: Option<String>,
}

/// One request that went well.
pub(crate) struct Turn {
    pub(crate) place: Place,
    pub(crate) counted: Counted,
    pub(crate) text: String,
    /// Pieces that began or ended inside a character.
    pub(crate) n_torn: usize,
}

/// An answer that was read to its end.
struct Read {
    text: String,
    usage: Value,
    n_torn: usize,
}

/// What requests left behind in the usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) requests: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

/// The whole life of a request that goes well.
pub(crate) async fn talk(
    caller: &Caller,
    tell: &mut Tell<'_>,
    session: &str,
) -> Result<Turn, Deviation> {
    let loan = acquire(caller, session).await?;
    tell.field("acquired", &loan.shown());
    let answer = send(caller, tell, &loan, session).await?;
    expect_same("the status of the answer", &answer.status, &200)?;
    let Read { text, usage, n_torn } = read(caller, tell, answer, session).await?;
    let counted = Counted {
        requests: 1,
        input_tokens: number_at(&usage, "/input_tokens")?,
        output_tokens: number_at(&usage, "/output_tokens")?,
    };
    expect(counted.output_tokens > 0, || "the answer's usage was not counted".to_owned())?;
    let outcome = json!({ "Success": {
        "latency_ms": 1,
        "input_tokens": counted.input_tokens,
        "output_tokens": counted.output_tokens,
    }});
    release(caller, &loan, outcome, &json!({})).await?;
    let Counted { input_tokens, output_tokens, .. } = counted;
    tell.field("released", &format!("{input_tokens} tokens in, {output_tokens} out"));
    Ok(Turn { place: loan.place(), counted, text, n_torn })
}

/// Borrows an account for the conversation.
pub(crate) async fn acquire(caller: &Caller, session: &str) -> Result<Loan, Deviation> {
    let ask = json!({ "model": MODEL, "session_id": session });
    let lent = caller.call("acquire_credential", ask).await?;
    let headers = headers_of(&lent)?;
    expect(headers.contains_key("authorization"), || "no Authorization was lent".to_owned())?;
    Ok(Loan {
        account: text_at(&lent, "/id")?.to_owned(),
        name: text_at(&lent, "/name")?.to_owned(),
        key: lent.pointer("/metadata/api_key_id").and_then(Value::as_str).map(str::to_owned),
        url: text_at(&lent, "/base_url")?.to_owned(),
        headers,
        lease: text_at(&lent, "/metadata/lease_id")?.to_owned(),
    })
}

/// Has the request made one that Factory takes, and posts it where the plugin said.
pub(crate) async fn send(
    caller: &Caller,
    tell: &mut Tell<'_>,
    loan: &Loan,
    session: &str,
) -> Result<Answer, Deviation> {
    let request = json!({
        "model": MODEL,
        "max_tokens": 256,
        "stream": true,
        "system": "Answer in one sentence.",
        "messages": [{ "role": "user", "content": "What are you?" }],
    });
    let ask = json!({ "request": request, "session_id": session });
    let transformed = caller.call("transform_request", ask).await?;
    let request = &transformed["request"];
    tell.field("transformed", &format!("Factory's prompt is first: {}", first_words(request)?));
    expect_same("the URL of transform_request", &text_at(&transformed, "/url")?, &&*loan.url)?;
    let mut headers = loan.headers.clone();
    headers.extend(headers_of(&transformed)?);
    let answer = post(&loan.url, &headers, &request.to_string()).await?;
    tell.field("posted", &format!("{} -> {}", loan.url, answer.status));
    Ok(answer)
}

/// Gives the account back.
pub(crate) async fn release(
    caller: &Caller,
    loan: &Loan,
    outcome: Value,
    more: &Value,
) -> Result<(), Deviation> {
    let mut report = json!({
        "credential_id": loan.account,
        "lease_id": loan.lease,
        "result": outcome,
    });
    if let (Value::Object(report), Value::Object(more)) = (&mut report, more) {
        report.extend(more.clone());
    }
    caller.call("release_credential", report).await.map(drop)
}

/// Hands the bytes on as they come and shows the text they hold.
async fn read(
    caller: &Caller,
    tell: &mut Tell<'_>,
    mut answer: Answer,
    session: &str,
) -> Result<Read, Deviation> {
    let mut carry = None;
    let (mut n_pieces, mut n_torn) = (0, 0);
    let mut text = String::new();
    tell.open_text();
    loop {
        let piece = answer.next().await?;
        let end = piece.is_none();
        let piece = piece.unwrap_or_default();
        n_torn += usize::from(std::str::from_utf8(&piece).is_err());
        let mut ask = json!({
            "chunk_base64": STANDARD.encode(piece),
            "endpoint_type": "anthropic",
            "end": end,
        });
        if caller.carries() {
            ask["carry"] = json!(carry);
        } else {
            ask["stream_id"] = json!(session);
        }
        let parsed = caller.call("parse_response_chunk", ask).await?;
        for event in parsed["events"].as_array().into_iter().flatten() {
            if event["type"] == "text_delta" {
                let delta = text_at(event, "/text")?;
                tell.text(delta);
                text.push_str(delta);
            }
        }
        if end {
            tell.close_text();
            expect_same("how the stream ended", &text_at(&parsed, "/end")?, &"done")?;
            expect(!text.is_empty(), || "the stream held no text".to_owned())?;
            let torn = if n_torn > 0 { format!(", {n_torn} torn") } else { String::new() };
            tell.aside(&format!("{n_pieces} pieces{torn}, each parsed as it came"));
            return Ok(Read { text, usage: parsed["usage"].clone(), n_torn });
        }
        n_pieces += 1;
        carry = parsed["carry"].as_str().map(str::to_owned);
    }
}

// === impl Loan ===

impl Loan {
    pub(crate) fn place(&self) -> Place {
        Place { account: self.account.clone(), key: self.key.clone() }
    }

    pub(crate) fn shown(&self) -> String {
        match &self.key {
            Some(key) => format!("`{}`, key {}", self.name, short(key)),
            None => format!("`{}`", self.name),
        }
    }
}

// === impl Counted ===

impl std::ops::Add for Counted {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
        }
    }
}

/// The first digits of an id.
pub(crate) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

pub(crate) fn headers_of(answer: &Value) -> Result<BTreeMap<String, String>, Deviation> {
    let headers = answer["headers"].as_object();
    let headers = headers.ok_or_else(|| Deviation::new("an answer has no headers"))?;
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    Ok(headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect())
}

/// The beginning of the system prompt that goes upstream.
fn first_words(request: &Value) -> Result<String, Deviation> {
    let system = &request["system"];
    let text = system.as_str().map_or_else(|| text_at(system, "/0/text"), Ok)?;
    Ok(format!("\"{}...\"", text.split(' ').take(3).collect::<Vec<_>>().join(" ")))
}
