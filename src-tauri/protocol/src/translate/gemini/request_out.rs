//! The hub's request as Gemini's.
//!
//! Owns: the members of the body and of `generationConfig`, and what has no place there.
//! Must not know: another dialect; how a conversation is laid out (`turns`).

use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::json::raw;
use super::turns::{Content, PartOut, contents, system_parts};
use crate::dialect::Dialect;
use crate::request::{Format, Loss, Raw, Request, Sampling, Thinking, Tool, ToolChoice, Unknown};
use crate::translate::{TranslateError, Translated};

/// Most stop strings Gemini takes.
const MOST_STOPS: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<SystemOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Raw>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    tool_config: Map<String, Value>,
    #[serde(skip_serializing_if = "GenerationOut::is_empty")]
    generation_config: GenerationOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Serialize)]
struct SystemOut<'a> {
    parts: Vec<PartOut<'a>>,
    role: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_modalities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Value>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// Members of the own dialect that the hub has no name for, where they were.
#[derive(Default)]
struct Rest<'a>(Vec<(&'a str, &'a RawValue)>);

/// Writes a body.
pub(super) fn write(request: &Request) -> Result<Translated, TranslateError> {
    let own = request.origin == Some(Dialect::Gemini);
    let mut losses = Vec::new();
    let mut tool_config = Map::new();
    if let Some(choice) = &request.tool_choice {
        tool_config.insert("functionCallingConfig".to_owned(), choice_out(choice));
    }
    for (name, value) in named(&request.rest, "toolConfig.") {
        let value = serde_json::from_str(value.get()).unwrap_or(Value::Null);
        tool_config.insert(name.to_owned(), value);
    }
    let system = system_parts(&request.system, own, &mut losses);
    let body = Body {
        model: &request.model,
        contents: contents(&request.turns, own, &mut losses),
        system_instruction: (!system.is_empty())
            .then_some(SystemOut { parts: system, role: "user" }),
        tools: tools_out(&request.tools, &mut losses),
        tool_config,
        generation_config: generation(request, &mut losses),
        stream: request.stream,
        rest: top_level(&request.rest, &mut losses),
    };
    told(request, &mut losses);
    let mut seen = HashSet::new();
    losses.retain(|it| seen.insert(*it));
    let body = serde_json::to_vec(&body)
        .map_err(|_| TranslateError::invalid("request", "cannot be written as JSON"))?;
    Ok(Translated { body, losses })
}

/// What has no place in Gemini's body at all.
fn told(request: &Request, losses: &mut Vec<Loss>) {
    let dropped = [
        (request.user.is_some(), "user", "Gemini takes no user id"),
        (request.cache_key.is_some(), "cache_key", "Gemini's cache is named, not keyed"),
        (request.service_tier.is_some(), "service_tier", "Gemini has no tiers"),
        (
            request.parallel_tools == Some(false),
            "parallel_tools",
            "Gemini cannot be held to one call",
        ),
    ];
    let dropped = dropped.into_iter().filter(|(there, ..)| *there);
    losses.extend(dropped.map(|(_, field, rule)| Loss { field, rule }));
}

fn top_level<'a>(rest: &'a [Unknown], losses: &mut Vec<Loss>) -> Rest<'a> {
    let mut own = Vec::new();
    for unknown in rest {
        if unknown.dialect != Dialect::Gemini {
            losses.push(Loss { field: "rest", rule: "a member of another dialect" });
        } else if !unknown.name.contains('.') {
            own.push((unknown.name.as_str(), &*unknown.value));
        }
    }
    Rest(own)
}

fn named<'a>(rest: &'a [Unknown], prefix: &str) -> Vec<(&'a str, &'a RawValue)> {
    let own = rest.iter().filter(|it| it.dialect == Dialect::Gemini);
    own.filter_map(|it| Some((it.name.strip_prefix(prefix)?, &*it.value))).collect()
}

fn choice_out(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Any => json!({ "mode": "ANY" }),
        ToolChoice::One(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
        ToolChoice::Among { names, required: true } => {
            json!({ "mode": "ANY", "allowedFunctionNames": names })
        }
        ToolChoice::Among { names, required: false } => {
            json!({ "mode": "VALIDATED", "allowedFunctionNames": names })
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionsOut<'a> {
    function_declarations: Vec<FunctionOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionOut<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

/// All functions in one entry, as the SDK sends them; each tool of the provider's in its own.
fn tools_out(tools: &[Tool], losses: &mut Vec<Loss>) -> Vec<Raw> {
    let wrapped = free_text_schema();
    let mut functions = Vec::new();
    let mut others = Vec::new();
    for tool in tools {
        match tool {
            Tool::Function { name, description, schema, strict, cache, namespace } => {
                if *strict == Some(true) {
                    losses.push(Loss { field: "tools.strict", rule: "Gemini has no strict tools" });
                }
                if cache.is_some() {
                    losses.push(Loss { field: "tools.cache", rule: "Gemini has no breakpoints" });
                }
                if namespace.is_some() {
                    let rule = "Gemini's tools have no groups";
                    losses.push(Loss { field: "tools.namespace", rule });
                }
                functions.push(FunctionOut {
                    name,
                    description: description.as_deref(),
                    parameters_json_schema: schema.as_deref(),
                });
            }
            Tool::FreeText { name, description, format, .. } => {
                if format.is_some() {
                    let rule = "Gemini's tools take JSON: the grammar of a free text is not told";
                    losses.push(Loss { field: "tools.format", rule });
                }
                functions.push(FunctionOut {
                    name,
                    description: description.as_deref(),
                    parameters_json_schema: Some(&wrapped),
                });
            }
            Tool::WebSearch { settings } if settings.dialect != Dialect::Gemini => {
                others.push(raw(&json!({ "googleSearch": {} })));
            }
            Tool::WebSearch { settings: own } | Tool::BuiltIn(own)
                if own.dialect == Dialect::Gemini =>
            {
                others.push(raw(&Rest(vec![(own.name.as_str(), &*own.value)])));
            }
            Tool::WebSearch { .. } | Tool::BuiltIn(_) => {
                losses.push(Loss { field: "tools", rule: "a tool only its own provider runs" });
            }
        }
    }
    let mut out = Vec::new();
    if !functions.is_empty() {
        out.push(raw(&FunctionsOut { function_declarations: functions }));
    }
    out.extend(others);
    out
}

fn free_text_schema() -> Raw {
    raw(&json!({
        "type": "object",
        "properties": { "input": { "type": "string" } },
        "required": ["input"],
    }))
}

fn generation<'a>(request: &'a Request, losses: &mut Vec<Loss>) -> GenerationOut<'a> {
    let Sampling {
        max_tokens,
        temperature,
        top_p,
        top_k,
        seed,
        frequency_penalty,
        presence_penalty,
        stop,
        n,
        logprobs,
        top_logprobs,
        modalities,
    } = &request.sampling;
    if stop.len() > MOST_STOPS {
        losses.push(Loss { field: "stop", rule: "Gemini takes five stop strings: the first ones" });
    }
    let (response_mime_type, response_json_schema) = match &request.format {
        None => (None, None),
        Some(Format::Text) => (Some("text/plain"), None),
        Some(Format::Json) => (Some("application/json"), None),
        Some(Format::Schema { schema, strict, name, description }) => {
            if name.is_some() || description.is_some() || strict.is_some() {
                let rule = "Gemini's schemas have no name and are always held to";
                losses.push(Loss { field: "format.name", rule });
            }
            (Some("application/json"), Some(&**schema))
        }
    };
    GenerationOut {
        max_output_tokens: max_tokens.as_deref(),
        temperature: temperature.as_deref(),
        top_p: top_p.as_deref(),
        top_k: top_k.as_deref(),
        seed: seed.as_deref(),
        frequency_penalty: frequency_penalty.as_deref(),
        presence_penalty: presence_penalty.as_deref(),
        candidate_count: n.as_deref(),
        response_logprobs: *logprobs,
        logprobs: top_logprobs.as_deref(),
        stop_sequences: stop.get(..MOST_STOPS).unwrap_or(stop),
        response_modalities: modalities.iter().map(|it| it.to_ascii_uppercase()).collect(),
        response_mime_type,
        response_json_schema,
        thinking_config: request.thinking.as_ref().and_then(thinking_out),
        rest: Rest(named(&request.rest, "generationConfig.")),
    }
}

/// A budget wins over a level: Gemini refuses both together.
fn thinking_out(thinking: &Thinking) -> Option<Value> {
    let mut config = Map::new();
    let effort = thinking.effort.as_deref();
    if thinking.enabled == Some(false) || effort == Some("none") {
        config.insert("thinkingBudget".to_owned(), json!(0));
    } else if let Some(budget) = thinking.budget {
        config.insert("thinkingBudget".to_owned(), json!(budget));
    } else if let Some(effort) = effort {
        let level = match effort {
            "minimal" => "MINIMAL",
            "low" => "LOW",
            "medium" => "MEDIUM",
            "xhigh" | "max" => "XHIGH",
            _ => "HIGH",
        };
        config.insert("thinkingLevel".to_owned(), json!(level));
    }
    let show = match thinking.show.as_deref() {
        Some("none" | "omitted" | "hidden") => Some(false),
        Some(_) => Some(true),
        None => (thinking.enabled == Some(true)).then_some(true),
    };
    if let Some(show) = show {
        config.insert("includeThoughts".to_owned(), json!(show));
    }
    (!config.is_empty()).then_some(Value::Object(config))
}

// === impl GenerationOut ===

impl GenerationOut<'_> {
    fn is_empty(&self) -> bool {
        serde_json::to_string(self).is_ok_and(|it| it == "{}")
    }
}

// === impl Rest ===

impl Serialize for Rest<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, *value)))
    }
}
