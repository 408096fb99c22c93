//! Tools and the choice among them.
//!
//! Owns: `tools`, `tool_choice`, `parallel_tool_calls`, `web_search_options`.
//! Must not know: messages.

use std::collections::HashSet;

use super::super::json::Open;
use super::super::read::{find, find_text, members};
use super::{Losses, Target, flag, schema};
use crate::dialect::Dialect;
use crate::request::{Raw, Request, Tool, ToolChoice, Unknown};

/// The schema of a tool that takes free text, where there are only functions.
const FREE_TEXT: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;

/// Why cache breakpoints are left out: OpenAI refuses them.
pub(super) const CACHE: &str = "caching is automatic here";

/// Writes what the request says of tools.
pub(super) fn write(body: &mut Open<'_>, request: &Request, target: Target, losses: &mut Losses) {
    let Target { own, native, .. } = target;
    let mut tools = Vec::new();
    let mut names = HashSet::new();
    for tool in &request.tools {
        match tool {
            Tool::Function { name, .. } | Tool::FreeText { name, .. } => {
                if own || names.insert(name.as_str()) {
                    tools.push(tool);
                } else {
                    losses.add("tools", "of several tools of one name the first");
                }
            }
            Tool::WebSearch { settings } => {
                search(body, request, settings, &mut tools, tool, losses)
            }
            Tool::BuiltIn(it) if it.dialect == Dialect::Chat => tools.push(tool),
            Tool::BuiltIn(_) => losses.add("built-in tools", "only their own provider has them"),
        }
    }
    if tools.is_empty() {
        if request.tool_choice.is_some() || request.parallel_tools.is_some() {
            losses.add("tool_choice", "there is no tool to choose");
        }
        return;
    }
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Among { names, .. }) if !native => Some(names),
        _ => None,
    };
    let mut list = Open::array(body.key("tools"));
    for tool in tools {
        if allowed.is_none_or(|it| name_of(tool).is_none_or(|name| it.iter().any(|it| it == name)))
        {
            self::tool(list.item(), tool, target, losses);
        }
    }
    list.close();
    if let Some(choice) = &request.tool_choice {
        self::choice(body, choice, request, target, losses);
    }
    if let Some(parallel) = request.parallel_tools {
        body.raw("parallel_tool_calls", flag(parallel));
    }
}

/// Web search is a member of the body here, and only search models have it.
fn search<'r>(
    body: &mut Open<'_>,
    request: &Request,
    settings: &Unknown,
    tools: &mut Vec<&'r Tool>,
    tool: &'r Tool,
    losses: &mut Losses,
) {
    match (settings.dialect, settings.name.as_str()) {
        (Dialect::Chat, "web_search_options") => {
            body.raw("web_search_options", settings.value.get());
        }
        (Dialect::Chat, _) => tools.push(tool),
        _ if request.model.contains("-search") => {
            body.raw("web_search_options", "{}");
            losses.add("web search settings", "only their own provider has them");
        }
        _ => losses.add("web search", "only search models have it here"),
    }
}

fn tool(out: &mut Vec<u8>, tool: &Tool, target: Target, losses: &mut Losses) {
    let Target { own, native, .. } = target;
    match tool {
        Tool::Function { name, description, schema, strict, cache, namespace } => {
            let mut object = Open::object(out);
            object.text("type", "function");
            let mut inner = Open::object(object.key("function"));
            inner.text("name", name);
            if let Some(description) = description {
                inner.text("description", description);
            }
            if !own {
                inner.raw("parameters", &schema::arguments(schema.as_ref()));
            } else if let Some(schema) = schema {
                inner.raw("parameters", schema.get());
            }
            schema::strict(&mut inner, *strict, schema.as_ref(), own, losses);
            inner.close();
            self::cache(&mut object, cache.as_ref(), own, losses);
            object.close();
            note_namespace(namespace.as_deref(), losses);
        }
        Tool::FreeText { name, description, format, namespace } => {
            let mut object = Open::object(out);
            let place = if native { "custom" } else { "function" };
            object.text("type", place);
            let mut inner = Open::object(object.key(place));
            inner.text("name", name);
            if let Some(description) = description {
                inner.text("description", description);
            }
            match format {
                Some(format) if native => inner.raw("format", &deep_format(format)),
                Some(_) => losses.add("free-text format", "a function's text has no grammar"),
                None => {}
            }
            if !native {
                inner.raw("parameters", FREE_TEXT);
            }
            inner.close();
            object.close();
            note_namespace(namespace.as_deref(), losses);
        }
        Tool::WebSearch { settings } | Tool::BuiltIn(settings) => {
            out.extend_from_slice(settings.value.get().as_bytes());
        }
    }
}

fn choice(
    body: &mut Open<'_>,
    choice: &ToolChoice,
    request: &Request,
    Target { own, native, .. }: Target,
    losses: &mut Losses,
) {
    let find = |wanted: &str| request.tools.iter().find(|it| name_of(it) == Some(wanted));
    let free = |it: &Tool| native && matches!(it, Tool::FreeText { .. });
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Any => body.text("tool_choice", "required"),
        ToolChoice::One(name) if own || find(name).is_some() => {
            named(body.key("tool_choice"), name, find(name).is_some_and(free));
        }
        ToolChoice::One(_) => {
            losses.add("tool_choice", "the tool it names is not there");
            body.text("tool_choice", "auto");
        }
        ToolChoice::Among { names, required } if native => {
            let mut object = Open::object(body.key("tool_choice"));
            object.text("type", "allowed_tools");
            let mut inner = Open::object(object.key("allowed_tools"));
            inner.text("mode", if *required { "required" } else { "auto" });
            let mut list = Open::array(inner.key("tools"));
            for name in names.iter().filter(|it| own || find(it).is_some()) {
                named(list.item(), name, find(name).is_some_and(free));
            }
            list.close();
            inner.close();
            object.close();
        }
        // The other tools were not written.
        ToolChoice::Among { required, .. } => {
            body.text("tool_choice", if *required { "required" } else { "auto" });
        }
    }
}

fn named(out: &mut Vec<u8>, name: &str, free: bool) {
    let place = if free { "custom" } else { "function" };
    let mut object = Open::object(out);
    object.text("type", place);
    let mut inner = Open::object(object.key(place));
    inner.text("name", name);
    inner.close();
    object.close();
}

/// A cache breakpoint.
pub(super) fn cache(object: &mut Open<'_>, cache: Option<&Raw>, own: bool, losses: &mut Losses) {
    match cache {
        Some(cache) if own => object.raw("cache_control", cache.get()),
        Some(_) => losses.add("cache_control", CACHE),
        None => {}
    }
}

fn name_of(tool: &Tool) -> Option<&str> {
    match tool {
        Tool::Function { name, .. } | Tool::FreeText { name, .. } => Some(name),
        Tool::WebSearch { .. } | Tool::BuiltIn(_) => None,
    }
}

fn note_namespace(namespace: Option<&str>, losses: &mut Losses) {
    if namespace.is_some() {
        losses.add("namespace", "tools have no groups here; their names stay");
    }
}

/// A grammar's members stand one level deeper here than in the hub.
fn deep_format(format: &Raw) -> String {
    let found = members(format).unwrap_or_default();
    let grammar = find_text(&found, "type").is_some_and(|it| it == "grammar");
    if !grammar || find(&found, "grammar").is_some() {
        return format.get().to_owned();
    }
    let mut out = Vec::new();
    let mut object = Open::object(&mut out);
    object.text("type", "grammar");
    let mut inner = Open::object(object.key("grammar"));
    for (name, value) in found.iter().filter(|it| it.0 != "type") {
        inner.raw(name, value.get());
    }
    inner.close();
    object.close();
    String::from_utf8(out).unwrap_or_else(|_| format.get().to_owned())
}
