//! The tools of the hub to a Responses body.
//!
//! Owns: tools and their groups, what strict asks for, which tool must be called.
//! Must not know: calls and their results.

use std::collections::HashSet;

use super::json::{List, Object};
use super::losses::{self, Losses};
use super::members::{Members, Value};
use super::schema;
use super::tools_in::{named, original_name};
use crate::dialect::Dialect;
use crate::request::{Raw, Request, Tool, ToolChoice, Unknown};

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. `own`: the request is of this dialect.
pub(super) fn write(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let mut tools = Vec::new();
    let mut list = List::open(&mut tools);
    let mut told = HashSet::new();
    for tool in &request.tools {
        match named(tool).and_then(|it| it.1) {
            None => write_tool(tool, own, &mut list, losses),
            Some(group) => {
                let inside = |it: &&Tool| named(it).is_some_and(|it| it.1 == Some(group));
                if told.insert(group) {
                    let mut it = list.object();
                    it.text("type", "namespace");
                    it.text("name", group);
                    let mut members = it.list("tools");
                    for tool in request.tools.iter().filter(inside) {
                        write_tool(tool, own, &mut members, losses);
                    }
                    members.close();
                    it.close();
                }
            }
        }
    }
    let any = list.any();
    list.close();
    if any {
        body.key("tools").extend_from_slice(&tools);
    }
    // Servers refuse a choice, or a switch, of tools that are not there.
    if any || own {
        write_choice(request, own, body, losses);
        if let Some(parallel) = request.parallel_tools {
            body.flag("parallel_tool_calls", parallel);
        }
    } else {
        let forced =
            !matches!(request.tool_choice, None | Some(ToolChoice::Auto | ToolChoice::None));
        losses.add_if(forced, losses::TOOL_CHOICE);
    }
}

fn write_tool(tool: &Tool, own: bool, list: &mut List<'_>, losses: &mut Losses) {
    match tool {
        Tool::Function { name, description, schema, strict, cache, namespace } => {
            losses.add_if(cache.is_some(), losses::CACHE);
            let mut it = list.object();
            it.text("type", "function");
            it.text("name", original_name(name, namespace.as_deref()));
            if let Some(description) = description {
                it.text("description", description);
            }
            write_schema(schema.as_ref(), *strict, own, &mut it, losses);
            it.close();
        }
        Tool::FreeText { name, description, format, namespace } => {
            let mut it = list.object();
            it.text("type", "custom");
            it.text("name", original_name(name, namespace.as_deref()));
            if let Some(description) = description {
                it.text("description", description);
            }
            if let Some(format) = format {
                it.json("format", format.get());
            }
            it.close();
        }
        Tool::WebSearch { settings } if settings.dialect == Dialect::Responses => {
            list.next().extend_from_slice(settings.value.get().as_bytes());
        }
        Tool::WebSearch { settings } => write_search(settings, list, losses),
        Tool::BuiltIn(own) if own.dialect == Dialect::Responses => {
            list.next().extend_from_slice(own.value.get().as_bytes());
        }
        Tool::BuiltIn(_) => losses.add(losses::BUILT_IN),
    }
}

/// Here strict is what holds where nothing is said: what no other dialect means by saying nothing.
fn write_schema(
    schema: Option<&Raw>,
    strict: Option<bool>,
    own: bool,
    it: &mut Object<'_>,
    losses: &mut Losses,
) {
    if own {
        it.json("parameters", schema.map_or("null", |it| it.get()));
        if let Some(strict) = strict {
            it.flag("strict", strict);
        }
        return;
    }
    let Some(schema) = schema else {
        it.json("parameters", r#"{"type":"object","properties":{}}"#);
        return it.flag("strict", false);
    };
    let found = schema::look(schema.get());
    if found.plain {
        it.json("parameters", schema.get());
    } else {
        losses.add_if(found.alternatives, losses::SCHEMA);
        it.json("parameters", &schema::adapted(schema));
    }
    let wanted = strict == Some(true);
    let given = wanted && found.plain && found.strict;
    losses.add_if(wanted && !given, losses::STRICT);
    it.flag("strict", given);
}

/// Another provider's search, with the settings that mean the same everywhere.
fn write_search(settings: &Unknown, list: &mut List<'_>, losses: &mut Losses) {
    let mut members = Members::of(&settings.value).unwrap_or_default();
    let mut it = list.object();
    it.text("type", "web_search");
    if let Some(domains) = members.take("allowed_domains") {
        let mut filters = it.object("filters");
        filters.json("allowed_domains", domains.get());
        filters.close();
    }
    if let Some(place) = members.take("user_location") {
        write_place(place, &mut it);
    }
    it.close();
    for known in ["type", "name"] {
        members.take(known);
    }
    losses.add_if(members.rest().next().is_some(), losses::WEB_SEARCH);
}

/// A place is flat here; another dialect has it in a member `approximate`.
fn write_place(place: Value<'_>, search: &mut Object<'_>) {
    let nested = Members::of(place).and_then(|mut it| it.take("approximate"));
    let Some(nested) = nested.and_then(Members::of) else {
        return search.json("user_location", place.get());
    };
    let mut it = search.object("user_location");
    it.text("type", "approximate");
    for (name, value) in nested.rest().filter(|(name, _)| name != "type") {
        it.json(&name, value.get());
    }
    it.close();
}

fn write_choice(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let Some(choice) = &request.tool_choice else { return };
    let found =
        |name: &str| request.tools.iter().find(|it| named(it).is_some_and(|it| it.0 == name));
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Any => body.text("tool_choice", "required"),
        ToolChoice::One(name) if own || found(name).is_some() => {
            let it = body.object("tool_choice");
            write_chosen(name, found(name), it);
        }
        ToolChoice::One(_) => losses.add(losses::TOOL_CHOICE),
        ToolChoice::Among { names, required } => {
            let there = |it: &&String| own || found(it).is_some();
            losses.add_if(!names.iter().all(|it| there(&it)), losses::TOOL_CHOICE);
            let mut it = body.object("tool_choice");
            it.text("type", "allowed_tools");
            it.text("mode", if *required { "required" } else { "auto" });
            let mut list = it.list("tools");
            for name in names.iter().filter(there) {
                write_chosen(name, found(name), list.object());
            }
            list.close();
            it.close();
        }
    }
}

fn write_chosen(name: &str, tool: Option<&Tool>, mut it: Object<'_>) {
    let namespace = tool.and_then(named).and_then(|it| it.1);
    let free_text = matches!(tool, Some(Tool::FreeText { .. }));
    it.text("type", if free_text { "custom" } else { "function" });
    it.text("name", original_name(name, namespace));
    if let Some(namespace) = namespace {
        it.text("namespace", namespace);
    }
    it.close();
}
