//! Tools and the choice among them.
//!
//! Owns: `tools`, `functions`, `tool_choice`, `function_call`, `web_search_options`.
//! Must not know: messages.

use serde_json::value::RawValue;

use super::super::read::{Member, elements, find, find_text, is_null, keep, members, text};
use super::{rest, unknown};
use crate::request::{Raw, Request, Tool, ToolChoice};
use crate::translate::TranslateError;

pub(super) fn read(value: &RawValue, request: &mut Request) -> Result<(), TranslateError> {
    let Some(list) = elements(value) else {
        return Err(TranslateError::invalid("tools", "a list of tools"));
    };
    for (at, tool) in list.into_iter().enumerate() {
        let Some(found) = members(tool) else {
            return Err(TranslateError::invalid(format!("tools[{at}]"), "an object"));
        };
        let kind = find_text(&found, "type").unwrap_or_default();
        let inner = find(&found, &kind).and_then(members);
        let cache = find(&found, "cache_control");
        let name = inner.as_deref().and_then(|it| find_text(it, "name"));
        match (&*kind, inner.as_deref(), name) {
            ("function", Some(inner), Some(_)) => function(request, at, inner, cache)?,
            // Some clients write a function's members beside its type.
            ("function" | "", None, _) if find_text(&found, "name").is_some() => {
                function(request, at, &found, cache)?;
            }
            ("custom", Some(inner), Some(name)) => {
                let format = find(inner, "format").map(|it| flat_format(it, at)).transpose()?;
                request.tools.push(Tool::FreeText {
                    name: name.into_owned(),
                    description: find_text(inner, "description").map(Into::into),
                    format,
                    namespace: None,
                });
                beside(request, at, inner, &["name", "description", "format"])?;
            }
            ("web_search" | "web_search_preview", ..) => {
                request.tools.push(Tool::WebSearch { settings: unknown(&kind, tool)? });
            }
            _ => request.tools.push(Tool::BuiltIn(unknown(&kind, tool)?)),
        }
    }
    Ok(())
}

/// The old form of tools.
pub(super) fn read_functions(
    value: &RawValue,
    request: &mut Request,
) -> Result<(), TranslateError> {
    for (at, function) in elements(value).unwrap_or_default().into_iter().enumerate() {
        match members(function) {
            Some(found) if find_text(&found, "name").is_some() => {
                self::function(request, at, &found, None)?;
            }
            _ => {
                return Err(TranslateError::invalid(
                    format!("functions[{at}]"),
                    "a named function",
                ));
            }
        }
    }
    Ok(())
}

/// The search that a search model does, which is no tool here.
pub(super) fn read_search(value: &RawValue, request: &mut Request) -> Result<(), TranslateError> {
    request.tools.push(Tool::WebSearch { settings: unknown("web_search_options", value)? });
    Ok(())
}

pub(super) fn read_choice(value: &RawValue, request: &mut Request) -> Result<(), TranslateError> {
    let found = members(value).unwrap_or_default();
    let word = text(value).or_else(|| find_text(&found, "type"));
    let named = |key: &str| {
        let inner = find(&found, key).and_then(members)?;
        find_text(&inner, "name").map(|it| ToolChoice::One(it.into_owned()))
    };
    let choice = match word.as_deref() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required" | "any") => Some(ToolChoice::Any),
        Some("function") => named("function"),
        Some("custom") => named("custom"),
        Some("allowed_tools") => find(&found, "allowed_tools").and_then(among),
        _ => None,
    };
    match choice {
        Some(choice) => request.tool_choice = Some(choice),
        None => rest(request, "tool_choice", value)?,
    }
    Ok(())
}

/// The old form of the choice.
pub(super) fn read_function_choice(
    value: &RawValue,
    request: &mut Request,
) -> Result<(), TranslateError> {
    let name = members(value).and_then(|it| find_text(&it, "name").map(Into::into));
    let choice = match (text(value).as_deref(), name) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("none"), _) => ToolChoice::None,
        (_, Some(name)) => ToolChoice::One(name),
        _ => return rest(request, "function_call", value),
    };
    request.tool_choice.get_or_insert(choice);
    Ok(())
}

fn among(value: &RawValue) -> Option<ToolChoice> {
    let found = members(value)?;
    let required = find_text(&found, "mode")? == "required";
    let name = |it: &RawValue| {
        let tool = members(it)?;
        let kind = find_text(&tool, "type")?;
        let inner = find(&tool, &kind).and_then(members)?;
        find_text(&inner, "name").map(Into::into)
    };
    let names = find(&found, "tools").and_then(elements)?.into_iter().map(name);
    Some(ToolChoice::Among { names: names.collect::<Option<_>>()?, required })
}

fn function(
    request: &mut Request,
    at: usize,
    inner: &[Member<'_>],
    cache: Option<&RawValue>,
) -> Result<(), TranslateError> {
    let field = || format!("tools[{at}].function.parameters");
    request.tools.push(Tool::Function {
        name: find_text(inner, "name").unwrap_or_default().into_owned(),
        description: find_text(inner, "description").map(Into::into),
        schema: find(inner, "parameters").map(|it| keep(it, &field())).transpose()?,
        strict: find(inner, "strict").and_then(|it| it.get().parse().ok()),
        cache: cache.map(|it| keep(it, "cache_control")).transpose()?,
        namespace: None,
    });
    let known = ["type", "name", "description", "parameters", "strict", "cache_control"];
    beside(request, at, inner, &known)
}

/// Members of a tool that the hub has no place for, so that they are at least not lost in silence.
fn beside(
    request: &mut Request,
    at: usize,
    inner: &[Member<'_>],
    known: &[&str],
) -> Result<(), TranslateError> {
    for (key, value) in inner {
        if !known.contains(&&**key) && !is_null(value) {
            rest(request, &format!("tools[{at}].{key}"), value)?;
        }
    }
    Ok(())
}

/// A grammar in the hub's form, `{"type":"grammar","syntax","definition"}`; here its members stand
/// one level deeper.
fn flat_format(value: &RawValue, at: usize) -> Result<Raw, TranslateError> {
    let field = format!("tools[{at}].custom.format");
    let found = members(value).unwrap_or_default();
    let grammar = find(&found, "grammar").and_then(|it| it.get().strip_prefix('{'));
    if let Some(inner) = grammar
        && let Ok(flat) = RawValue::from_string(format!(r#"{{"type":"grammar",{inner}"#))
    {
        return keep(&flat, &field);
    }
    keep(value, &field)
}
