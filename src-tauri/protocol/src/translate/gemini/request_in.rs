//! Gemini's request into the hub.
//!
//! Owns: the members of the body and of `generationConfig`, both spellings of each.
//! Must not know: another dialect.

use serde_json::value::RawValue;

use super::json::{self, Members, flag, integer, list, number, text};
use super::{parts, schema};
use crate::dialect::Dialect;
use crate::request::{Format, Part, Request, Sampling, Thinking, Tool, ToolChoice, Unknown};
use crate::translate::TranslateError;

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Result<Request, TranslateError> {
    let body = std::str::from_utf8(body)
        .map_err(|_| TranslateError::invalid("request", "not valid UTF-8"))?;
    let mut members = Members::of(body, "request")?;
    let mut request = Request::default();
    if let Some(model) = members.take(&["model"]) {
        request.model = text(model, "model")?.trim_start_matches("models/").to_owned();
    }
    if let Some(stream) = members.take(&["stream"]) {
        request.stream = Some(flag(stream, "stream")?);
    }
    if let Some(system) = members.take(&["systemInstruction", "system_instruction"]) {
        request.system = read_system(system)?;
    }
    if let Some(tools) = members.take(&["tools"]) {
        for tool in list(tools, "tools")? {
            read_tools(tool, &mut request.tools)?;
        }
    }
    if let Some(config) = members.take(&["toolConfig", "tool_config"]) {
        read_tool_config(config, &mut request)?;
    }
    if let Some(config) = members.take(&["generationConfig", "generation_config"]) {
        read_generation(config, &mut request)?;
    }
    if let Some(contents) = members.take(&["contents"]) {
        request.turns = parts::read_turns(contents)?;
    }
    request.rest.extend(members.rest().map(|(name, value)| unknown(&name, value)));
    Ok(request)
}

/// A member nobody else has a name for.
pub(super) fn unknown(name: &str, value: &RawValue) -> Unknown {
    Unknown { dialect: Dialect::Gemini, name: name.to_owned(), value: value.to_owned() }
}

/// Text, `{parts}` or a list of parts.
fn read_system(system: &RawValue) -> Result<Vec<Part>, TranslateError> {
    if system.get().starts_with('"') {
        return Ok(vec![Part::text(text(system, "systemInstruction")?)]);
    }
    if system.get().starts_with('[') {
        return parts::read_parts(system, &mut parts::Calls::default());
    }
    let mut members = Members::of(system.get(), "systemInstruction")?;
    match members.take(&["parts"]) {
        Some(found) => parts::read_parts(found, &mut parts::Calls::default()),
        None => Ok(Vec::new()),
    }
}

fn read_tools(tool: &RawValue, tools: &mut Vec<Tool>) -> Result<(), TranslateError> {
    let mut members = Members::of(tool.get(), "tools")?;
    if let Some(declarations) = members.take(&["functionDeclarations", "function_declarations"]) {
        for declaration in list(declarations, "tools.functionDeclarations")? {
            tools.push(read_function(declaration)?);
        }
    }
    for (name, value) in members.rest() {
        let settings = unknown(&name, value);
        tools.push(match name.as_ref() {
            "googleSearch" | "google_search" => Tool::WebSearch { settings },
            _ => Tool::BuiltIn(settings),
        });
    }
    Ok(())
}

fn read_function(declaration: &RawValue) -> Result<Tool, TranslateError> {
    let field = "tools.functionDeclarations";
    let mut members = Members::of(declaration.get(), field)?;
    let Some(name) = members.take(&["name"]) else {
        return Err(TranslateError::invalid(format!("{field}.name"), "missing"));
    };
    let schema = members.take(&["parametersJsonSchema", "parameters_json_schema"]);
    let own = members.take(&["parameters"]);
    Ok(Tool::Function {
        name: text(name, "tools.functionDeclarations.name")?,
        description: members
            .take(&["description"])
            .map(|it| text(it, "tools.functionDeclarations.description"))
            .transpose()?,
        schema: schema
            .map(ToOwned::to_owned)
            .or_else(|| own.map(|it| schema::json_schema(it.get()))),
        strict: None,
        cache: None,
        namespace: None,
    })
}

fn read_tool_config(config: &RawValue, request: &mut Request) -> Result<(), TranslateError> {
    let mut members = Members::of(config.get(), "toolConfig")?;
    if let Some(calling) = members.take(&["functionCallingConfig", "function_calling_config"]) {
        let field = "toolConfig.functionCallingConfig";
        let mut calling = Members::of(calling.get(), field)?;
        let mode = match calling.take(&["mode"]) {
            Some(mode) => text(mode, "toolConfig.functionCallingConfig.mode")?,
            None => String::new(),
        };
        let names = calling.take(&["allowedFunctionNames", "allowed_function_names"]);
        let names: Vec<String> = match names {
            Some(names) => serde_json::from_str(names.get()).map_err(|_| {
                let field = "toolConfig.functionCallingConfig.allowedFunctionNames";
                TranslateError::invalid(field, "expected a list of strings")
            })?,
            None => Vec::new(),
        };
        request.tool_choice = choice(&mode.to_ascii_uppercase(), names);
    }
    request
        .rest
        .extend(members.rest().map(|(name, value)| unknown(&format!("toolConfig.{name}"), value)));
    Ok(())
}

fn choice(mode: &str, mut names: Vec<String>) -> Option<ToolChoice> {
    Some(match mode {
        "NONE" => ToolChoice::None,
        "ANY" if names.is_empty() => ToolChoice::Any,
        "ANY" if names.len() == 1 => ToolChoice::One(names.remove(0)),
        "ANY" => ToolChoice::Among { names, required: true },
        "VALIDATED" if !names.is_empty() => ToolChoice::Among { names, required: false },
        "AUTO" | "VALIDATED" => ToolChoice::Auto,
        _ => return None,
    })
}

fn read_generation(config: &RawValue, request: &mut Request) -> Result<(), TranslateError> {
    let mut members = Members::of(config.get(), "generationConfig")?;
    let sampling = &mut request.sampling;
    for (names, slot) in numbers(sampling) {
        if let Some(value) = members.take(names) {
            *slot = Some(number(value, &format!("generationConfig.{}", names[0]))?);
        }
    }
    if let Some(stop) = members.take(&["stopSequences", "stop_sequences"]) {
        for stop in list(stop, "generationConfig.stopSequences")? {
            sampling.stop.push(text(stop, "generationConfig.stopSequences")?);
        }
    }
    if let Some(wanted) = members.take(&["responseLogprobs", "response_logprobs"]) {
        sampling.logprobs = Some(flag(wanted, "generationConfig.responseLogprobs")?);
    }
    if let Some(modalities) = members.take(&["responseModalities", "response_modalities"]) {
        for modality in list(modalities, "generationConfig.responseModalities")? {
            let modality = text(modality, "generationConfig.responseModalities")?;
            sampling.modalities.push(modality.to_ascii_lowercase());
        }
    }
    if let Some(thinking) = members.take(&["thinkingConfig", "thinking_config"]) {
        request.thinking = Some(read_thinking(thinking)?);
    }
    request.format = read_format(&mut members)?;
    let rest = members.rest().map(|(name, it)| unknown(&format!("generationConfig.{name}"), it));
    request.rest.extend(rest);
    Ok(())
}

type Slot<'a> = (&'static [&'static str], &'a mut Option<crate::request::Raw>);

fn numbers(sampling: &mut Sampling) -> [Slot<'_>; 9] {
    [
        (&["maxOutputTokens", "max_output_tokens"], &mut sampling.max_tokens),
        (&["temperature"], &mut sampling.temperature),
        (&["topP", "top_p"], &mut sampling.top_p),
        (&["topK", "top_k"], &mut sampling.top_k),
        (&["seed"], &mut sampling.seed),
        (&["frequencyPenalty", "frequency_penalty"], &mut sampling.frequency_penalty),
        (&["presencePenalty", "presence_penalty"], &mut sampling.presence_penalty),
        (&["candidateCount", "candidate_count"], &mut sampling.n),
        (&["logprobs"], &mut sampling.top_logprobs),
    ]
}

fn read_thinking(config: &RawValue) -> Result<Thinking, TranslateError> {
    let mut members = Members::of(config.get(), "generationConfig.thinkingConfig")?;
    let mut thinking = Thinking::default();
    if let Some(budget) = members.take(&["thinkingBudget", "thinking_budget"]) {
        let field = "generationConfig.thinkingConfig.thinkingBudget";
        // -1 leaves the budget to the model.
        match integer(budget, field)? {
            0 => thinking.enabled = Some(false),
            budget => thinking.budget = u64::try_from(budget).ok(),
        }
    }
    if let Some(level) = members.take(&["thinkingLevel", "thinking_level"]) {
        let level = text(level, "generationConfig.thinkingConfig.thinkingLevel")?;
        thinking.effort = Some(level.to_ascii_lowercase());
    }
    if let Some(show) = members.take(&["includeThoughts", "include_thoughts"]) {
        let show = flag(show, "generationConfig.thinkingConfig.includeThoughts")?;
        thinking.show = Some(if show { "auto" } else { "none" }.to_owned());
    }
    Ok(thinking)
}

fn read_format(members: &mut Members<'_>) -> Result<Option<Format>, TranslateError> {
    let mime = members
        .take(&["responseMimeType", "response_mime_type"])
        .map(|it| text(it, "generationConfig.responseMimeType"))
        .transpose()?;
    let schema = members.take(&["responseJsonSchema", "response_json_schema"]);
    let own = members.take(&["responseSchema", "response_schema"]);
    let schema =
        schema.map(ToOwned::to_owned).or_else(|| own.map(|it| schema::json_schema(it.get())));
    Ok(match (schema, mime.as_deref()) {
        (Some(schema), _) => {
            Some(Format::Schema { name: None, description: None, schema, strict: None })
        }
        (None, Some("application/json")) => Some(Format::Json),
        (None, Some("text/plain")) => Some(Format::Text),
        (None, Some(other)) => {
            // `text/x.enum` and the like: nobody else has them.
            let name = "generationConfig.responseMimeType";
            return Err(TranslateError::Unsupported {
                field: name.to_owned(),
                message: format!("`{}` is only understood by Gemini itself", json::word(other)),
            });
        }
        (None, None) => None,
    })
}
