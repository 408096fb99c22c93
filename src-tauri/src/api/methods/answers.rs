//! `transform_response`, `parse_response_chunk`, `parse_error`.
//!
//! Owns: the params and results of these methods; an answer stays text where nothing reads it.
//! Must not know: what a dialect's answer means.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_protocol::dialect::{Dialect, Endpoint};
use droid_protocol::fault::{Fault, Retry};
use droid_protocol::translate::{ClientWish, pair};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::transform::{named, raw};
use super::{Registered, Table};
use crate::api::context::Context;
use crate::api::params::or_default;
use crate::api::streams::{self, Parsed, Piece, Reader};
use crate::error::{Error, Result};
use crate::models;

#[derive(Deserialize, JsonSchema)]
struct Response {
    response: Box<RawValue>,
    #[serde(default)]
    carry: Option<String>,
    #[serde(default)]
    endpoint_type: Option<Endpoint>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TransformedResponse")]
struct Transformed {
    response: Box<RawValue>,
    /// The HTTP status it comes with, where it was written anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Deserialize, JsonSchema)]
struct Chunk {
    #[serde(default)]
    chunk: Option<String>,
    #[serde(default)]
    chunk_base64: Option<String>,
    #[serde(default)]
    stream_id: Option<String>,
    #[serde(default)]
    carry: Option<String>,
    #[serde(default)]
    endpoint_type: Option<Endpoint>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    end: bool,
}

#[derive(Deserialize, JsonSchema)]
struct ErrorAsk {
    status: u16,
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "or_default")]
    headers: HashMap<String, String>,
    #[serde(default)]
    protocol: Option<String>,
}

/// The host's `ProviderError` (host contract).
#[derive(Serialize, JsonSchema)]
struct ProviderError {
    error_type: &'static str,
    message: String,
    status_code: u16,
    retryable: bool,
    cooldown_seconds: Option<u64>,
    /// What a client of the protocol that was asked for is to get.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientError>,
}

/// An error as a client's protocol has it.
#[derive(Serialize, JsonSchema)]
struct ClientError {
    status: u16,
    response: Box<RawValue>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("transform_response", |context, it: Response| async move {
        transform_response(&context, it).await
    })?;
    table.add("parse_response_chunk", |context, it: Chunk| async move {
        parse_chunk(&context, it).await
    })?;
    table.add("parse_error", |context, it: ErrorAsk| async move {
        parse_error(&it, context.boot.clock.now().0)
    })
}

async fn transform_response(context: &Context, it: Response) -> Result<Transformed> {
    if it.response.get() == "null" {
        return Err(Error::invalid("response", "expected what upstream answered"));
    }
    let reader = match it.carry.as_deref() {
        Some(carry) => Some(Reader::of_carry(carry)?),
        None => {
            match (upstream(context, it.endpoint_type, it.model.as_deref()).await?, it.protocol) {
                (Some(endpoint), Some(protocol)) => {
                    let client = named(&protocol, Some(endpoint))?;
                    let wish = wish(context, it.model);
                    Some(Reader::to_client(endpoint.dialect(), client, wish, false))
                }
                _ => None,
            }
        }
    };
    let written = match reader {
        Some(Reader::Translated(translator)) => {
            let body = it.response.get().as_bytes();
            let whole = translator.whole(body);
            Some(whole.map_err(|it| Error::invalid("response", it.to_string()))?)
        }
        Some(Reader::Events(_) | Reader::Passed(_)) | None => None,
    };
    Ok(match written {
        Some(whole) => {
            Transformed { response: raw(whole.body.into())?, status: Some(whole.status) }
        }
        None => Transformed { response: it.response, status: None },
    })
}

async fn parse_chunk(context: &Context, it: Chunk) -> Result<Parsed> {
    let decoded;
    let bytes = match (&it.chunk, &it.chunk_base64) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("chunk", "expected chunk or chunk_base64, not both"));
        }
        (Some(text), None) => text.as_bytes(),
        (None, Some(text)) => {
            decoded = STANDARD
                .decode(text)
                .map_err(|_| Error::invalid("chunk_base64", "expected base64 (RFC 4648 §4)"))?;
            &decoded
        }
        (None, None) if it.end => &[],
        (None, None) => return Err(Error::invalid("chunk", "missing: give chunk or chunk_base64")),
    };
    let endpoint = upstream(context, it.endpoint_type, it.model.as_deref()).await?;
    let client = it.protocol.as_deref().map(|it| named(it, endpoint)).transpose()?;
    let piece = Piece {
        bytes,
        end: it.end,
        dialect: endpoint.map(Endpoint::dialect),
        client: client.map(|it_is| (it_is, wish(context, it.model))),
        carry: it.carry.as_deref().filter(|it| !it.is_empty()),
    };
    match &it.stream_id {
        Some(id) => context.streams.feed(id, piece, context.boot.clock.now()),
        None => streams::feed_carry(piece),
    }
}

/// None for a status that is no error.
fn parse_error(it: &ErrorAsk, now_ms: i64) -> Result<Option<ProviderError>> {
    let client = it.protocol.as_deref().map(|it| named(it, None)).transpose()?;
    if !Fault::is_one(it.status) {
        return Ok(None);
    }
    let header = |name: &str| {
        let found = it.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    // A body may come as text or as JSON already.
    let text = it.body.as_ref().map_or("", |it| it.get());
    let unquoted: Option<String> = serde_json::from_str(text).ok();
    let body = unquoted.as_deref().unwrap_or(text);
    let fault = Fault::from_response(it.status, header, body.as_bytes(), now_ms);
    Ok(Some(ProviderError {
        error_type: fault.host_error_type(),
        message: fault.message.clone(),
        status_code: it.status,
        retryable: fault.retry != Retry::Never,
        cooldown_seconds: fault.retry_after_ms.map(|it| it.div_ceil(1000)),
        client: client.map(|it| client_error(it, &fault)).transpose()?,
    }))
}

fn client_error(client: Dialect, fault: &Fault) -> Result<ClientError> {
    let whole = pair::error(client, fault, None);
    Ok(ClientError { status: whole.status, response: raw(whole.body.into())? })
}

/// Where the answer came from, as far as that is told.
async fn upstream(
    context: &Context,
    endpoint: Option<Endpoint>,
    model: Option<&str>,
) -> Result<Option<Endpoint>> {
    Ok(match (endpoint, model) {
        (Some(endpoint), _) => Some(endpoint),
        (None, Some(model)) => Some(models::route(&context.config().await?.get(), model).endpoint),
        (None, None) => None,
    })
}

/// What a client wishes whose request nobody told of.
fn wish(context: &Context, model: Option<String>) -> ClientWish {
    ClientWish {
        model: model.unwrap_or_default(),
        include_usage: true,
        created: context.boot.clock.now().0.div_euclid(1000),
        ..ClientWish::default()
    }
}
