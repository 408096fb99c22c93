//! The tools of a Responses body to the hub.
//!
//! Owns: tools in `tools` and in `additional_tools` items, groups (namespaces), the tool choice.
//! Must not know: calls and their results.
//!
//! A tool in a group keeps its own name where no other tool has it; else its name in the hub is
//! `group__name`, since no other dialect has groups. `original_name` is the way back.

use std::collections::{HashMap, HashSet};

use super::items_in::Item;
use super::members::{Members, Value, list, text};
use super::request_in::{keep, keep_rest, unknown};
use crate::request::{Request, Tool, ToolChoice};
use crate::translate::{ClientWish, TranslateError};

/// What the tools in groups are called in the hub: by group and own name.
#[derive(Default)]
pub(super) struct Names(HashMap<(String, String), String>);

/// Reads `tools` and the tools that stand in the conversation.
pub(super) fn read(
    tools: Option<Value<'_>>,
    items: &[Item<'_>],
    request: &mut Request,
) -> Result<Names, TranslateError> {
    if let Some(value) = tools {
        let Some(tools) = list(value) else {
            return Err(TranslateError::invalid("tools", "must be an array"));
        };
        read_all(tools, None, request)?;
    }
    for tools in items.iter().filter_map(Item::tools) {
        read_all(list(tools).unwrap_or_default(), None, request)?;
    }
    Ok(name_groups(&mut request.tools))
}

/// Reads which tool must be called.
pub(super) fn read_choice(top: &mut Members<'_>, names: &Names, request: &mut Request) {
    let Some(value) = top.take("tool_choice") else { return };
    let choice = match text(value).as_deref() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("none") => Some(ToolChoice::None),
        Some("required" | "any") => Some(ToolChoice::Any),
        Some(_) => None,
        None => Members::of(value).and_then(|it| choice_of(it, names)),
    };
    match choice {
        Some(choice) => request.tool_choice = Some(choice),
        None => keep(request, "tool_choice", value),
    }
}

/// Notes for the encoders of the answer which tools take free text and which are in groups.
pub fn note_tools(request: &Request, wish: &mut ClientWish) {
    for tool in &request.tools {
        if let Tool::FreeText { name, .. } = tool {
            wish.free_text_tools.push(name.clone());
        }
        if let Some((name, Some(namespace))) = named(tool) {
            wish.namespaces.push((name.to_owned(), namespace.to_owned()));
        }
    }
}

/// The name and the group of a tool that has a name.
pub(super) fn named(tool: &Tool) -> Option<(&str, Option<&str>)> {
    match tool {
        Tool::Function { name, namespace, .. } | Tool::FreeText { name, namespace, .. } => {
            Some((name, namespace.as_deref()))
        }
        Tool::WebSearch { .. } | Tool::BuiltIn(_) => None,
    }
}

/// The name that a tool has inside its group.
pub(super) fn original_name<'n>(name: &'n str, namespace: Option<&str>) -> &'n str {
    let inside = namespace.and_then(|it| name.strip_prefix(it)?.strip_prefix(JOINT));
    inside.filter(|it| !it.is_empty()).unwrap_or(name)
}

/// Stands between a group and a name.
const JOINT: &str = "__";

// === impl Names ===

impl Names {
    /// The hub's name of a tool that a call or choice names.
    pub(super) fn resolve(&self, namespace: Option<String>, name: String) -> String {
        let Some(namespace) = namespace else { return name };
        let key = (namespace, name);
        match self.0.get(&key) {
            Some(name) => name.clone(),
            None => key.1,
        }
    }
}

fn read_all(
    tools: Vec<Value<'_>>,
    namespace: Option<&str>,
    request: &mut Request,
) -> Result<(), TranslateError> {
    for value in tools {
        let Some(mut tool) = Members::of(value) else {
            return Err(TranslateError::invalid("tools[]", "must be an object"));
        };
        let kind = tool.text("type").unwrap_or_default();
        match kind.as_str() {
            "function" => read_function(tool, namespace, request)?,
            "custom" => {
                let tool_read = Tool::FreeText {
                    name: name_of(&mut tool)?,
                    description: tool.text("description"),
                    format: tool.take("format").map(ToOwned::to_owned),
                    namespace: namespace.map(ToOwned::to_owned),
                };
                request.tools.push(tool_read);
                keep_rest(request, "tools[]", tool);
            }
            "namespace" if namespace.is_none() => {
                let group = name_of(&mut tool)?;
                let inner = tool.take("tools").and_then(list).unwrap_or_default();
                read_all(inner, Some(&group), request)?;
                keep_rest(request, "tools[]", tool);
            }
            _ if kind.starts_with("web_search") => {
                request.tools.push(Tool::WebSearch { settings: unknown(kind, value) });
            }
            _ => request.tools.push(Tool::BuiltIn(unknown(kind, value))),
        }
    }
    Ok(())
}

fn read_function(
    mut tool: Members<'_>,
    namespace: Option<&str>,
    request: &mut Request,
) -> Result<(), TranslateError> {
    // Some clients nest the function as in chat.
    if tool.peek("name").is_none()
        && let Some(inner) = tool.peek("function").and_then(Members::of)
    {
        tool = inner;
    }
    let function = Tool::Function {
        name: name_of(&mut tool)?,
        description: tool.text("description"),
        schema: tool.take("parameters").map(ToOwned::to_owned),
        strict: tool.want_flag("strict")?,
        cache: None,
        namespace: namespace.map(ToOwned::to_owned),
    };
    request.tools.push(function);
    keep_rest(request, "tools[]", tool);
    Ok(())
}

fn name_of(tool: &mut Members<'_>) -> Result<String, TranslateError> {
    let name = tool.want_text("name").ok().flatten().filter(|it| !it.is_empty());
    name.ok_or_else(|| TranslateError::invalid("tools[].name", "must be a non-empty string"))
}

fn name_groups(tools: &mut Vec<Tool>) -> Names {
    // A tool that was told before, at the top or earlier in the conversation, is told once.
    let mut told = HashSet::new();
    tools.retain(|tool| {
        let key = named(tool).map(|(name, group)| (name.to_owned(), group.map(ToOwned::to_owned)));
        key.is_none_or(|it| told.insert(it))
    });
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (name, _) in tools.iter().filter_map(named) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    let mut names = Names::default();
    for tool in tools {
        if let Tool::Function { name, namespace: Some(group), .. }
        | Tool::FreeText { name, namespace: Some(group), .. } = tool
        {
            let own = name.clone();
            // A name that looks joined already is joined once more, so that the way back is one.
            if counts.get(name).is_some_and(|it| *it > 1)
                || original_name(name, Some(group)) != name
            {
                *name = format!("{group}{JOINT}{own}");
            }
            names.0.insert((group.clone(), own), name.clone());
        }
    }
    names
}

fn choice_of(mut choice: Members<'_>, names: &Names) -> Option<ToolChoice> {
    match choice.text("type")?.as_str() {
        "function" | "custom" => one(&mut choice, names).map(ToolChoice::One),
        "allowed_tools" => {
            let required = matches!(choice.text("mode").as_deref(), Some("required"));
            let tools = list(choice.take("tools")?)?;
            let named = tools.into_iter().map(|it| {
                let mut tool = Members::of(it)?;
                let kind = tool.text("type")?;
                matches!(kind.as_str(), "function" | "custom").then(|| one(&mut tool, names))?
            });
            Some(ToolChoice::Among { names: named.collect::<Option<_>>()?, required })
        }
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        "required" | "any" => Some(ToolChoice::Any),
        _ => None,
    }
}

fn one(choice: &mut Members<'_>, names: &Names) -> Option<String> {
    let nested = choice.peek("function").and_then(Members::of);
    let name = choice.text("name").or_else(|| nested?.text("name"))?;
    Some(names.resolve(choice.text("namespace"), name))
}
