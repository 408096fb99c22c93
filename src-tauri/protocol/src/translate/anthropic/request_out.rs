//! The hub to a Messages body.
//!
//! Owns: the members of the body, the defaults the provider wants.
//! Must not know: another dialect.

use super::Losses;
use super::blocks::{Block, Pen, What, write_content};
use super::breakpoints::Breakpoints;
use super::conversation::{self, Conversation, plain};
use super::extras::{self, Extras};
use super::json::{Arr, Obj, string};
use super::request_in::Read;
use super::schema;
use super::thinking::{self, Model, Plan};
use super::tools;
use crate::dialect::Dialect;
use crate::request::{Format, PartKind, Raw, Request, Role, Thinking};
use crate::translate::Translated;

/// Writes a body.
pub(super) fn write(request: &Request) -> Read<Translated> {
    let mut losses = Losses::default();
    let extras = Extras::of(request);
    let model = Model::of(&request.model);
    let conversation = conversation::plan(request, model, &extras, &mut losses);
    let shape = conversation.shape(tools::is_forced(request));
    let max_tokens = whole_number(request.sampling.max_tokens.as_ref());
    losses.add_if(
        max_tokens.is_none() && request.sampling.max_tokens.is_some(),
        "max_tokens",
        "a limit that is no whole number is replaced by the default",
    );
    let max_tokens = max_tokens.unwrap_or_else(|| model.max_tokens());
    let thoughts = thinking::plan(request.thinking.as_ref(), model, shape, max_tokens, &mut losses);
    let mut breakpoints = Breakpoints::count(request);

    let mut body = Vec::with_capacity(4096);
    let mut object = Obj::new(&mut body);
    object.str("model", &request.model).u64("max_tokens", max_tokens);
    if let Some(stream) = request.stream {
        object.json("stream", if stream { "true" } else { "false" });
    }
    write_sampling(request, thoughts.is_on(), &mut object, &mut losses);
    write_metadata(request, &mut object);
    write_tier(request, &mut object, &mut losses);
    if request.rest.iter().all(|it| it.dialect != Dialect::Anthropic || it.name != "thinking") {
        thoughts.write(&mut object);
    }
    let asked = write_output_config(request, model, &thoughts, &mut object, &mut losses);
    tools::write(request, &conversation.called, &mut object, &mut breakpoints, &mut losses)?;
    let mut pen = Pen { extras: &extras, breakpoints: &mut breakpoints, losses: &mut losses };
    write_system(request, &conversation, asked, &mut object, &mut pen);
    write_messages(&conversation, &mut object, &mut pen);
    write_rest(request, &mut object, &mut losses);
    object.end();
    let left_out = breakpoints.total > breakpoints.room;
    losses.add_if(left_out, "cache_control", "of more than four, the first and last two stay");
    Ok(Translated { body, losses: losses.0 })
}

fn write_sampling(request: &Request, thinks: bool, object: &mut Obj<'_>, losses: &mut Losses) {
    let sampling = &request.sampling;
    let beside = "the provider refuses it beside thinking";
    if let Some(raw) = &sampling.temperature {
        match number(raw) {
            Some(it) if thinks && it != 1.0 => losses.add("temperature", beside),
            Some(it) if it > 1.0 => {
                losses.add("temperature", "at most 1 here");
                object.json("temperature", "1");
            }
            _ => {
                object.raw("temperature", raw);
            }
        }
    }
    if let Some(raw) = &sampling.top_p {
        if thinks && number(raw).is_none_or(|it| it < 0.95) {
            losses.add("top_p", beside);
        } else {
            object.raw("top_p", raw);
        }
    }
    if let Some(raw) = &sampling.top_k {
        if thinks {
            losses.add("top_k", beside);
        } else {
            object.raw("top_k", raw);
        }
    }
    let (stop, blank): (Vec<&String>, Vec<&String>) =
        sampling.stop.iter().partition(|it| !it.trim().is_empty());
    losses.add_if(!blank.is_empty(), "stop", "the provider refuses stop strings of white space");
    if !stop.is_empty() {
        let mut array = Arr::new(object.key("stop_sequences"));
        for it in stop {
            string(array.next(), it);
        }
        array.end();
    }
    let none = "the provider has no such setting";
    let says = |raw: &Option<Raw>, default: f64| {
        raw.as_ref().is_some_and(|it| number(it) != Some(default))
    };
    losses.add_if(sampling.seed.is_some(), "seed", none);
    losses.add_if(says(&sampling.frequency_penalty, 0.0), "frequency_penalty", none);
    losses.add_if(says(&sampling.presence_penalty, 0.0), "presence_penalty", none);
    losses.add_if(says(&sampling.n, 1.0), "n", "the provider gives one answer");
    losses.add_if(sampling.logprobs == Some(true), "logprobs", none);
    losses.add_if(sampling.top_logprobs.is_some(), "top_logprobs", none);
    let writes_only = sampling.modalities.iter().all(|it| it == "text");
    losses.add_if(!writes_only, "modalities", "the provider answers in text");
    losses.add_if(request.cache_key.is_some(), "prompt_cache_key", none);
}

fn write_metadata(request: &Request, object: &mut Obj<'_>) {
    let kept = extras::own(request, "metadata");
    if request.user.is_none() && kept.is_none() {
        return;
    }
    let mut metadata = Obj::new(object.key("metadata"));
    if let Some(user) = &request.user {
        metadata.str("user_id", user);
    }
    metadata.splice(kept).end();
}

fn write_tier(request: &Request, object: &mut Obj<'_>, losses: &mut Losses) {
    match request.service_tier.as_deref() {
        None => {}
        Some(tier @ ("auto" | "standard_only")) => {
            object.str("service_tier", tier);
        }
        Some("default") => {
            object.str("service_tier", "standard_only");
        }
        Some(_) => losses.add("service_tier", "the provider has no such tier"),
    }
}

/// Writes `output_config`. A form the model has no word for is given back, to be asked for in
/// the system prompt.
fn write_output_config(
    request: &Request,
    model: Model,
    thoughts: &Plan<'_>,
    object: &mut Obj<'_>,
    losses: &mut Losses,
) -> Option<String> {
    let told = "asked for in the system prompt";
    let (schema, asked) = match &request.format {
        None | Some(Format::Text) => (None, None),
        Some(Format::Json) => {
            losses.add("response_format", told);
            let text = "Answer with one JSON object and nothing else.";
            (None, Some(text.to_owned()))
        }
        Some(Format::Schema { name, description, schema, .. }) => {
            let lost = name.is_some() || description.is_some();
            losses.add_if(lost, "response_format.name", "the provider takes the schema alone");
            if model.takes_schemas() {
                (Some(schema), None)
            } else {
                losses.add("response_format", told);
                let text =
                    "Answer with one JSON value that fits this JSON Schema, and nothing else:";
                (None, Some(format!("{text}\n{}", schema.get())))
            }
        }
    };
    let kept = extras::own(request, "output_config");
    let wants = |it: &Thinking| {
        it.enabled != Some(false) && it.effort.as_deref().is_some_and(|it| it != "none")
    };
    let lost = request.thinking.as_ref().is_some_and(wants)
        && thoughts.effort().is_none()
        && !thoughts.is_on();
    losses.add_if(lost, "effort", "the model reasons without one here");
    if schema.is_some() || thoughts.effort().is_some() || kept.is_some() {
        let mut config = Obj::new(object.key("output_config"));
        if let Some(effort) = thoughts.effort() {
            config.str("effort", effort);
        }
        if let Some(schema) = schema {
            let mut format = Obj::new(config.key("format"));
            format.str("type", "json_schema");
            schema::write_answer(schema, format.key("schema"));
            format.end();
        }
        config.splice(kept).end();
    }
    asked
}

fn write_system<'r>(
    request: &'r Request,
    conversation: &Conversation<'r>,
    asked: Option<String>,
    object: &mut Obj<'_>,
    pen: &mut Pen<'_, 'r>,
) {
    let mut blocks: Vec<Block<'r>> = Vec::new();
    for (at, part) in request.system.iter().enumerate() {
        let what = match &part.kind {
            PartKind::Text(_) | PartKind::Refusal(_) | PartKind::Unknown(_) => {
                plain(part, pen.losses)
            }
            _ => {
                pen.losses.add("system", "the system prompt holds text only");
                None
            }
        };
        let Some(what) = what else { continue };
        let extras = pen.extras.at(|| format!("system[{at}]"));
        blocks.push(Block { cache: part.cache.as_deref(), extras, ..Block::new(what) });
    }
    blocks.retain(|it| !matches!(&it.what, What::Text(text) if text.trim().is_empty()));
    let asked = asked.map(|it| Block::new(What::Text(it.into())));
    let all: Vec<&Block<'r>> =
        blocks.iter().chain(&conversation.system).chain(asked.as_ref()).collect();
    if !all.is_empty() {
        write_content(&all, object.key("system"), pen);
    }
}

fn write_messages<'r>(
    conversation: &Conversation<'r>,
    object: &mut Obj<'_>,
    pen: &mut Pen<'_, 'r>,
) {
    let mut array = Arr::new(object.key("messages"));
    for message in &conversation.messages {
        let mut object = Obj::new(array.next());
        object.str(
            "role",
            match message.role {
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::System => "system",
            },
        );
        write_content(&message.blocks, object.key("content"), pen);
        object.splice(message.extras).end();
    }
    array.end();
}

fn write_rest(request: &Request, object: &mut Obj<'_>, losses: &mut Losses) {
    for it in &request.rest {
        if it.dialect != Dialect::Anthropic {
            losses.add("body", "a member that only its own provider knows is left out");
        } else if !extras::is_path(&it.name)
            && !matches!(it.name.as_str(), "metadata" | "output_config")
        {
            object.raw(&it.name, &it.value);
        }
    }
}

fn number(raw: &Raw) -> Option<f64> {
    raw.get().parse().ok()
}

fn whole_number(raw: Option<&Raw>) -> Option<u64> {
    let text = raw?.get();
    // `1024.0` is how some clients write it.
    text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
}
