//! Tools and choices to the hub.
//!
//! Owns: which members of a tool have a place in the hub.
//! Must not know: how tools are written.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::extras::keep;
use super::super::request_in::{Read, typed};
use super::super::wire::Members;
use crate::dialect::Dialect;
use crate::request::{Request, Tool, ToolChoice, Unknown};
use crate::translate::TranslateError;

pub(in super::super) fn read(request: &mut Request, value: &RawValue) -> Read<()> {
    let tools: Vec<&RawValue> = typed("tools", value, "an array")?;
    request.tools.reserve(tools.len());
    for (at, tool) in tools.into_iter().enumerate() {
        let path = || format!("tools[{at}]");
        let members: Members<'_> = typed(&path(), tool, "an object")?;
        let kind = string(&members, "type", &path)?;
        let tool = match kind.as_deref() {
            None | Some("custom") => function(members, &path, &mut request.rest)?,
            Some(name) => {
                let is_search = name.starts_with("web_search");
                let value = tool.to_owned();
                let it = Unknown { dialect: Dialect::Anthropic, name: name.to_owned(), value };
                if is_search { Tool::WebSearch { settings: it } } else { Tool::BuiltIn(it) }
            }
        };
        request.tools.push(tool);
    }
    Ok(())
}

fn function(
    members: Members<'_>,
    path: &impl Fn() -> String,
    rest: &mut Vec<Unknown>,
) -> Read<Tool> {
    let Some(name) = string(&members, "name", path)? else {
        return Err(TranslateError::invalid(format!("{}.name", path()), "must be a string"));
    };
    let description = string(&members, "description", path)?;
    let (mut schema, mut strict, mut cache) = (None, None, None);
    let mut extras = Members::default();
    for (key, value) in members.0 {
        match (&*key, value.get()) {
            ("name" | "description" | "type", _) => {}
            ("input_schema", text) => schema = (text != "null").then(|| value.to_owned()),
            ("strict", text) => strict = serde_json::from_str(text).ok(),
            ("cache_control", text) => cache = (text != "null").then(|| value.to_owned()),
            _ => extras.0.push((key, value)),
        }
    }
    keep(rest, path, &extras);
    Ok(Tool::Function { name, description, schema, strict, cache, namespace: None })
}

fn string(members: &Members<'_>, key: &str, path: &impl Fn() -> String) -> Read<Option<String>> {
    let found = members.0.iter().find(|it| it.0 == key);
    match found {
        Some((_, value)) if value.get() != "null" => {
            typed(&format!("{}.{key}", path()), value, "a string").map(Some)
        }
        _ => Ok(None),
    }
}

pub(in super::super) fn read_choice(request: &mut Request, value: &RawValue) -> Read<()> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(rename = "type")]
        kind: String,
        name: Option<String>,
        disable_parallel_tool_use: Option<bool>,
    }
    let wire: Wire = typed("tool_choice", value, "an object with a `type`")?;
    request.tool_choice = Some(match (wire.kind.as_str(), wire.name) {
        ("auto", _) => ToolChoice::Auto,
        ("any", _) => ToolChoice::Any,
        ("none", _) => ToolChoice::None,
        ("tool", Some(name)) => ToolChoice::One(name),
        ("tool", None) => {
            return Err(TranslateError::invalid("tool_choice.name", "must be a string"));
        }
        _ => {
            let expected = "must be `auto`, `any`, `tool` or `none`";
            return Err(TranslateError::invalid("tool_choice.type", expected));
        }
    });
    request.parallel_tools = wire.disable_parallel_tool_use.map(|it| !it);
    Ok(())
}
