//! Tools and which of them must be called.
//!
//! Owns: the forms of `tools` and `tool_choice`, free text as a function with one argument, the
//! rules for names.
//! Must not know: the conversation beyond the names it calls.

mod reading;
mod search;

use std::collections::BTreeSet;

pub(super) use reading::{read, read_choice};
use search::write_search;

use super::Losses;
use super::breakpoints::Breakpoints;
use super::extras::Extras;
use super::json::{Arr, Obj};
use super::request_in::Read;
use super::schema;
use super::thinking::Model;
use crate::dialect::Dialect;
use crate::request::{Raw, Request, Tool, ToolChoice};
use crate::translate::TranslateError;

/// The longest name the provider takes.
const MAX_NAME: usize = 128;

/// Whether the request makes the model call a tool.
pub(super) fn is_forced(request: &Request) -> bool {
    let forced = match &request.tool_choice {
        Some(ToolChoice::Any | ToolChoice::One(_)) => true,
        Some(ToolChoice::Among { required, .. }) => *required,
        Some(ToolChoice::Auto | ToolChoice::None) | None => false,
    };
    forced && !request.tools.is_empty()
}

/// Writes `tools` and `tool_choice`; `called` are the names the conversation calls.
pub(super) fn write(
    request: &Request,
    called: &BTreeSet<&str>,
    body: &mut Obj<'_>,
    breakpoints: &mut Breakpoints,
    losses: &mut Losses,
) -> Read<()> {
    let extras = Extras::of(request);
    let model = Model::of(&request.model);
    let mut out = Vec::new();
    let mut array = Arr::new(&mut out);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut count = 0_usize;
    for (at, tool) in request.tools.iter().enumerate() {
        let name = name_of(tool);
        if !is_allowed(request, name) {
            losses.add("tool_choice", "the tools that may not be called are left out");
            continue;
        }
        if let Some(name) = name {
            check_name(name, at)?;
            if !names.insert(name) {
                losses.add("tools.name", "of tools with one name the first is kept");
                continue;
            }
        }
        if write_tool(tool, model, &mut array, &extras, at, breakpoints, losses) {
            count += 1;
        }
    }
    let defined = count;
    if count == 0 {
        // The provider wants the tools a conversation calls, whether or not more may be called.
        for name in called {
            let mut object = Obj::new(array.next());
            object.str("name", name).json("input_schema", schema::ANY).end();
            count += 1;
        }
    }
    array.end();
    if count > 0 {
        body.key("tools").append(&mut out);
    }
    if defined > 0 {
        write_choice(request, &names, body, losses);
    } else {
        losses.add_if(
            is_forced(request) || matches!(request.tool_choice, Some(ToolChoice::One(_))),
            "tool_choice",
            "there is no tool left to call",
        );
        if count > 0 {
            body.json("tool_choice", r#"{"type":"none"}"#);
        }
    }
    Ok(())
}

fn name_of(tool: &Tool) -> Option<&str> {
    match tool {
        Tool::Function { name, .. } | Tool::FreeText { name, .. } => Some(name),
        Tool::WebSearch { .. } | Tool::BuiltIn(_) => None,
    }
}

/// `Among` has no form here but the list of tools itself.
fn is_allowed(request: &Request, name: Option<&str>) -> bool {
    match &request.tool_choice {
        Some(ToolChoice::Among { names, .. }) => {
            name.is_some_and(|name| names.iter().any(|it| it == name))
        }
        _ => true,
    }
}

fn check_name(name: &str, at: usize) -> Read<()> {
    let fits = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
    if !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits) {
        return Ok(());
    }
    // A made-up name would come back in the call, and the client has no tool of that name.
    Err(TranslateError::Unsupported {
        field: format!("tools[{at}].name"),
        message: format!(
            "the model's provider takes names of 1 to {MAX_NAME} letters, digits, `_` and `-`; \
             rename the tool"
        ),
    })
}

fn write_tool(
    tool: &Tool,
    model: Model,
    array: &mut Arr<'_>,
    extras: &Extras<'_>,
    at: usize,
    breakpoints: &mut Breakpoints,
    losses: &mut Losses,
) -> bool {
    match tool {
        Tool::Function { name, description, schema, strict, cache, namespace } => {
            let mut object = Obj::new(array.next());
            object.str("name", name);
            if let Some(description) = description {
                object.str("description", description);
            }
            schema::write_input(schema.as_deref(), object.key("input_schema"), losses);
            match strict {
                Some(strict) if model.takes_schemas() => {
                    object.json("strict", if *strict { "true" } else { "false" });
                }
                Some(true) => losses.add("tools.strict", "the model has no strict tools"),
                Some(false) | None => {}
            }
            breakpoints.write(cache.as_deref(), &mut object);
            object.splice(extras.at(|| format!("tools[{at}]"))).end();
            note_namespace(namespace.as_deref(), losses);
        }
        Tool::FreeText { name, description, format, namespace } => {
            let mut object = Obj::new(array.next());
            object.str("name", name);
            if let Some(description) = description {
                object.str("description", description);
            }
            write_free_text(format.as_ref(), object.key("input_schema"));
            object.end();
            losses.add("tools.custom", "free text is the one argument `input` of a function");
            note_namespace(namespace.as_deref(), losses);
        }
        Tool::WebSearch { settings } if settings.dialect == Dialect::Anthropic => {
            array.next().extend_from_slice(settings.value.get().as_bytes());
        }
        Tool::WebSearch { settings } => write_search(settings, array.next(), losses),
        Tool::BuiltIn(it) if it.dialect == Dialect::Anthropic => {
            array.next().extend_from_slice(it.value.get().as_bytes());
        }
        Tool::BuiltIn(_) => {
            losses.add("tools.type", "a tool that another provider runs is left out");
            return false;
        }
    }
    true
}

fn note_namespace(namespace: Option<&str>, losses: &mut Losses) {
    losses.add_if(namespace.is_some(), "tools.namespace", "tools have no groups here");
}

fn write_free_text(format: Option<&Raw>, out: &mut Vec<u8>) {
    let mut object = Obj::new(out);
    object.str("type", "object");
    let mut properties = Obj::new(object.key("properties"));
    let mut input = Obj::new(properties.key("input"));
    input.str("type", "string");
    if let Some(format) = format {
        input.str("description", &format!("Free text in this format: {}", format.get()));
    }
    input.end();
    properties.end();
    object.json("required", r#"["input"]"#).end();
}

fn write_choice(
    request: &Request,
    names: &BTreeSet<&str>,
    body: &mut Obj<'_>,
    losses: &mut Losses,
) {
    let one_at_a_time = request.parallel_tools == Some(false);
    let (kind, name) = match &request.tool_choice {
        None if one_at_a_time => ("auto", None),
        None => return,
        Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Any) => ("any", None),
        Some(ToolChoice::One(name)) => ("tool", Some(name.as_str())),
        Some(ToolChoice::Among { required: false, .. }) => ("auto", None),
        Some(ToolChoice::Among { .. }) => match names.iter().next() {
            Some(name) if names.len() == 1 => ("tool", Some(*name)),
            _ => ("any", None),
        },
    };
    let built_in = || request.tools.iter().any(|it| name_of(it).is_none());
    if name.is_some_and(|it| !names.contains(it)) && !built_in() {
        return losses.add("tool_choice", "there is no tool of that name");
    }
    let mut object = Obj::new(body.key("tool_choice"));
    object.str("type", kind);
    if let Some(name) = name {
        object.str("name", name);
    }
    if kind != "none" {
        match request.parallel_tools {
            Some(false) => {
                object.json("disable_parallel_tool_use", "true");
            }
            Some(true) => {
                object.json("disable_parallel_tool_use", "false");
            }
            None => {}
        }
    }
    object.end();
}
