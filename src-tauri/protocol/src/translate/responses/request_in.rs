//! A Responses body to the hub.
//!
//! Owns: the members of the body and which of them the hub has a place for.
//! Must not know: what stands in `input` and `tools` (`items_in`, `tools_in`).

use std::borrow::Cow;

use super::items_in;
use super::members::{Members, Value, list, text};
use super::tools_in;
use super::walk::{self, Body};
use crate::dialect::Dialect;
use crate::request::{Format, Request, Thinking, Unknown};
use crate::translate::TranslateError;

/// Reads a body.
pub(super) fn read(bytes: &[u8]) -> Result<Request, TranslateError> {
    let Body { members: mut top, items } = walk::body(bytes)?;
    let mut request = Request { origin: Some(Dialect::Responses), ..Request::default() };
    request.model = top
        .want_text("model")?
        .filter(|it| !it.is_empty())
        .ok_or_else(|| TranslateError::invalid("model", "must be a non-empty string"))?;
    request.stream = top.want_flag("stream")?;
    request.parallel_tools = top.want_flag("parallel_tool_calls")?;
    request.cache_key = top.want_text("prompt_cache_key")?;
    request.service_tier = top.want_text("service_tier")?;
    read_user(&mut top, &mut request)?;
    let sampling = &mut request.sampling;
    sampling.max_tokens = top.want_number("max_output_tokens")?;
    sampling.temperature = top.want_number("temperature")?;
    sampling.top_p = top.want_number("top_p")?;
    sampling.top_logprobs = top.want_number("top_logprobs")?;
    sampling.logprobs = top.peek("include").and_then(asks_logprobs);
    read_reasoning(&mut top, &mut request);
    read_format(&mut top, &mut request)?;

    let input = top.take("input");
    if input.is_some_and(|it| text(it).is_none()) {
        return Err(TranslateError::invalid("input", "must be a string or an array"));
    }
    let items = items_in::open(items)?;
    let names = tools_in::read(top.take("tools"), &items, &mut request)?;
    tools_in::read_choice(&mut top, &names, &mut request);
    items_in::read(top.take("instructions"), input, items, &names, &mut request);
    for (name, value) in top.rest() {
        keep(&mut request, name, value);
    }
    Ok(request)
}

/// The most members without a name in the hub that are kept: no client has as many.
const MAX_REST: usize = 1000;

/// Keeps what the hub has no name for. Of members with the same path the first is kept: they tell
/// that something is there, not what.
pub(super) fn keep<'n>(request: &mut Request, name: impl Into<Cow<'n, str>>, value: Value<'_>) {
    let name = name.into();
    if request.rest.len() < MAX_REST && request.rest.iter().all(|it| it.name != name) {
        request.rest.push(unknown(name, value));
    }
}

/// What is left of an object whose known members were taken.
pub(super) fn keep_rest(request: &mut Request, path: &str, members: Members<'_>) {
    for (name, value) in members.rest() {
        keep(request, format!("{path}.{name}"), value);
    }
}

/// Something of this dialect that the hub has no name for.
pub(super) fn unknown<'n>(name: impl Into<Cow<'n, str>>, value: Value<'_>) -> Unknown {
    let name = name.into().into_owned();
    Unknown { dialect: Dialect::Responses, name, value: value.to_owned() }
}

/// `user` is the older name of `safety_identifier`; where both are there they may differ.
fn read_user(top: &mut Members<'_>, request: &mut Request) -> Result<(), TranslateError> {
    request.user = top.want_text("user")?;
    if request.user.is_none() {
        request.user = top.want_text("safety_identifier")?;
    }
    Ok(())
}

fn read_reasoning(top: &mut Members<'_>, request: &mut Request) {
    let Some(value) = top.take("reasoning") else { return };
    let Some(mut reasoning) = Members::of(value) else {
        return keep(request, "reasoning", value);
    };
    let effort = reasoning.text("effort");
    let show = reasoning.text("summary");
    let show = show.or_else(|| reasoning.text("generate_summary"));
    if effort.is_some() || show.is_some() {
        let enabled = effort.as_deref().map(|it| it != "none");
        request.thinking = Some(Thinking { enabled, budget: None, effort, show });
    }
    keep_rest(request, "reasoning", reasoning);
}

fn read_format(top: &mut Members<'_>, request: &mut Request) -> Result<(), TranslateError> {
    let Some(value) = top.take("text") else { return Ok(()) };
    let Some(mut outer) = Members::of(value) else {
        return Err(TranslateError::invalid("text", "must be an object"));
    };
    if let Some(value) = outer.take("format") {
        let mut format = Members::of(value).unwrap_or_default();
        match format.text("type").as_deref() {
            Some("text") => request.format = Some(Format::Text),
            Some("json_object") => request.format = Some(Format::Json),
            Some("json_schema") => {
                let Some(schema) = format.take("schema") else {
                    return Err(TranslateError::invalid("text.format.schema", "is missing"));
                };
                request.format = Some(Format::Schema {
                    name: format.text("name"),
                    description: format.text("description"),
                    schema: schema.to_owned(),
                    strict: format.want_flag("strict")?,
                });
            }
            _ => {
                keep(request, "text.format", value);
                format = Members::default();
            }
        }
        keep_rest(request, "text.format", format);
    }
    keep_rest(request, "text", outer);
    Ok(())
}

/// The probabilities of tokens are one of the things a client may have included.
fn asks_logprobs(include: Value<'_>) -> Option<bool> {
    let words = list(include)?;
    let asked = words.into_iter().filter_map(text).any(|it| it == super::INCLUDE_LOGPROBS);
    asked.then_some(true)
}
