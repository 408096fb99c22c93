//! A request of this dialect to the hub.
//!
//! Owns: the members of the body; which of them the hub has a name for. The rest is kept as the
//! client wrote it.
//! Must not know: where the request goes.

use serde_json::value::RawValue;

use super::read::{self, Member, elements, find, find_text, is_null, keep, members, text};
use crate::decode::repair::repaired;
use crate::dialect::Dialect;
use crate::request::{Format, Raw, Request, Thinking, Unknown};
use crate::translate::TranslateError;

mod content;
mod messages;
mod tools;

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Result<Request, TranslateError> {
    let found = match std::str::from_utf8(body) {
        Ok(text) => read_text(text),
        Err(_) => Err(TranslateError::invalid("request", "valid JSON")),
    };
    match (found, &body) {
        (Err(error), _) => match repaired(body) {
            Some(mended) => read_text(std::str::from_utf8(&mended).map_err(|_| error)?),
            None => Err(error),
        },
        (read, _) => read,
    }
}

fn read_text(body: &str) -> Result<Request, TranslateError> {
    let wire = read::wire(body.strip_prefix('\u{feff}').unwrap_or(body))?;
    let Some(messages) = wire.messages else {
        return Err(TranslateError::invalid("messages", "a list of messages"));
    };
    let mut request = Request { origin: Some(Dialect::Chat), ..Request::default() };
    messages::read(messages, &mut request)?;
    for (name, value) in &wire.members {
        if !is_null(value) {
            member(&mut request, name, value, &wire.members)?;
        }
    }
    Ok(request)
}

fn member(
    request: &mut Request,
    name: &str,
    value: &RawValue,
    all: &[Member<'_>],
) -> Result<(), TranslateError> {
    let sampling = &mut request.sampling;
    let has = |other: &str| find(all, other).is_some();
    match name {
        "model" => request.model = string(value, name)?,
        "tools" => tools::read(value, request)?,
        "functions" => tools::read_functions(value, request)?,
        "tool_choice" => tools::read_choice(value, request)?,
        "function_call" => tools::read_function_choice(value, request)?,
        "web_search_options" => tools::read_search(value, request)?,
        "parallel_tool_calls" => request.parallel_tools = Some(flag(value, name)?),
        // The old name, unless both stand there.
        "max_tokens" if has("max_completion_tokens") => rest(request, name, value)?,
        "max_tokens" | "max_completion_tokens" => sampling.max_tokens = Some(number(value, name)?),
        "temperature" => sampling.temperature = Some(number(value, name)?),
        "top_p" => sampling.top_p = Some(number(value, name)?),
        "top_k" => sampling.top_k = Some(number(value, name)?),
        "seed" => sampling.seed = Some(number(value, name)?),
        "frequency_penalty" => sampling.frequency_penalty = Some(number(value, name)?),
        "presence_penalty" => sampling.presence_penalty = Some(number(value, name)?),
        "n" => sampling.n = Some(number(value, name)?),
        "logprobs" => sampling.logprobs = Some(flag(value, name)?),
        "top_logprobs" => sampling.top_logprobs = Some(number(value, name)?),
        "stop" => sampling.stop = strings(value, name)?,
        "modalities" => sampling.modalities = strings(value, name)?,
        "reasoning_effort" => thinking(request).effort = Some(string(value, name)?),
        "reasoning" | "thinking" => thinking_object(request, name, value)?,
        "response_format" => format(request, name, value)?,
        "stream" => request.stream = Some(flag(value, name)?),
        "stream_options" => stream_options(request, name, value)?,
        "user" => request.user = Some(string(value, name)?),
        "safety_identifier" if !has("user") => request.user = Some(string(value, name)?),
        "prompt_cache_key" => request.cache_key = Some(string(value, name)?),
        "service_tier" => request.service_tier = Some(string(value, name)?),
        _ => rest(request, name, value)?,
    }
    Ok(())
}

/// Keeps a member the hub has no name for.
fn rest(request: &mut Request, name: &str, value: &RawValue) -> Result<(), TranslateError> {
    request.rest.push(unknown(name, value)?);
    Ok(())
}

fn unknown(name: &str, value: &RawValue) -> Result<Unknown, TranslateError> {
    Ok(Unknown { dialect: Dialect::Chat, name: name.to_owned(), value: keep(value, name)? })
}

fn thinking(request: &mut Request) -> &mut Thinking {
    request.thinking.get_or_insert_default()
}

/// `reasoning: {effort, max_tokens, enabled}` and `thinking: {type, budget_tokens}`, as servers
/// of this dialect have them. Whole in the rest too where they say more.
fn thinking_object(
    request: &mut Request,
    name: &str,
    value: &RawValue,
) -> Result<(), TranslateError> {
    let Some(found) = members(value) else { return rest(request, name, value) };
    let mut more = false;
    for (key, value) in found.iter().filter(|it| !is_null(it.1)) {
        let said = text(value);
        let count = value.get().parse().ok();
        let yes = value.get().parse().ok();
        match (&**key, said.as_deref(), count, yes) {
            ("effort", Some(effort), ..) => {
                thinking(request).effort.get_or_insert_with(|| effort.to_owned());
            }
            ("max_tokens" | "budget_tokens", _, Some(count), _) => {
                thinking(request).budget = Some(count);
            }
            ("enabled", _, _, Some(yes)) => thinking(request).enabled = Some(yes),
            ("type", Some("enabled"), ..) => thinking(request).enabled = Some(true),
            ("type", Some("disabled"), ..) => thinking(request).enabled = Some(false),
            _ => more = true,
        }
    }
    if more { rest(request, name, value) } else { Ok(()) }
}

fn stream_options(
    request: &mut Request,
    name: &str,
    value: &RawValue,
) -> Result<(), TranslateError> {
    let Some(found) = members(value) else {
        return Err(TranslateError::invalid(name, "an object"));
    };
    for (key, value) in found.iter().filter(|it| !is_null(it.1)) {
        match &**key {
            "include_usage" => {
                request.include_usage = flag(value, "stream_options.include_usage")?;
            }
            _ => rest(request, &format!("stream_options.{key}"), value)?,
        }
    }
    Ok(())
}

fn format(request: &mut Request, name: &str, value: &RawValue) -> Result<(), TranslateError> {
    let Some(found) = members(value) else {
        return Err(TranslateError::invalid(name, "an object"));
    };
    let form = find_text(&found, "type");
    request.format = match (form.as_deref(), found.len()) {
        (Some("text"), 1) => Some(Format::Text),
        (Some("json_object"), 1) => Some(Format::Json),
        (Some("json_schema"), _) => {
            let inner = find(&found, "json_schema").and_then(members).unwrap_or_default();
            schema(request, &inner)?
        }
        _ => None,
    };
    if request.format.is_none() { rest(request, name, value) } else { Ok(()) }
}

fn schema(request: &mut Request, inner: &[Member<'_>]) -> Result<Option<Format>, TranslateError> {
    let Some(schema) = find(inner, "schema").filter(|it| it.get().starts_with('{')) else {
        return Ok(None);
    };
    for (key, value) in inner {
        let known = ["name", "description", "schema", "strict"].contains(&&**key);
        if !known && !is_null(value) {
            rest(request, &format!("response_format.json_schema.{key}"), value)?;
        }
    }
    Ok(Some(Format::Schema {
        name: find_text(inner, "name").map(Into::into),
        description: find_text(inner, "description").map(Into::into),
        schema: keep(schema, "response_format.json_schema.schema")?,
        strict: find(inner, "strict").and_then(|it| it.get().parse().ok()),
    }))
}

fn string(value: &RawValue, field: &str) -> Result<String, TranslateError> {
    let text = text(value).ok_or_else(|| TranslateError::invalid(field, "a string"))?;
    Ok(text.into_owned())
}

fn flag(value: &RawValue, field: &str) -> Result<bool, TranslateError> {
    value.get().parse().map_err(|_| TranslateError::invalid(field, "true or false"))
}

fn number(value: &RawValue, field: &str) -> Result<Raw, TranslateError> {
    if value.get().starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        return Ok(value.to_owned());
    }
    Err(TranslateError::invalid(field, "a number"))
}

/// One string or a list of them.
fn strings(value: &RawValue, field: &str) -> Result<Vec<String>, TranslateError> {
    match elements(value) {
        Some(list) => list.into_iter().map(|it| string(it, field)).collect(),
        None => Ok(vec![string(value, field)?]),
    }
}
