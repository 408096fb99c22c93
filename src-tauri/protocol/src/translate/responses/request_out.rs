//! The hub to a Responses body.
//!
//! Owns: the members of the body; what a request of another dialect is given that its client
//! could not ask for.
//! Must not know: what stands in `input` and `tools` (`items_out`, `tools_out`).

use super::json::{List, Object};
use super::losses::{self, Losses};
use super::pairing::{MAX_ID, digest};
use super::{INCLUDE_LOGPROBS, items_out, schema, tools_out};
use crate::dialect::Dialect;
use crate::request::{Format, Raw, Request, Sampling, Thinking, Unknown};
use crate::translate::Translated;

/// The least output limit that is taken.
const MIN_TOKENS: u64 = 16;
/// The tiers there are.
const TIERS: [&str; 5] = ["auto", "default", "flex", "priority", "scale"];

/// Writes a body.
pub(super) fn write(request: &Request) -> Translated {
    let own = request.origin == Some(Dialect::Responses);
    let mut losses = Losses::default();
    let mut out = Vec::with_capacity(4096);
    let mut body = Object::open(&mut out);
    body.text("model", &request.model);
    if let Some(stream) = request.stream {
        body.flag("stream", stream);
    }
    if let Some(text) = items_out::instructions(request) {
        let cached = request.system.first().is_some_and(|it| it.cache.is_some());
        losses.add_if(cached, losses::CACHE);
        body.text("instructions", text);
    }
    items_out::write(request, own, body.key("input"), &mut losses);
    tools_out::write(request, own, &mut body, &mut losses);
    write_sampling(request, own, &mut body, &mut losses);
    write_reasoning(request, own, &mut body, &mut losses);
    write_format(request, own, &mut body, &mut losses);
    write_names(request, own, &mut body, &mut losses);
    if !own {
        // The whole conversation comes with each request: nothing needs to stay at the provider,
        // and reasoning goes back with its proof instead.
        body.flag("store", false);
        write_include(request, &mut body);
    }
    write_rest(request, &mut body, &mut losses);
    body.close();
    Translated { body: out, losses: losses.into_vec() }
}

/// Whether the model is asked to reason.
fn reasons(request: &Request) -> bool {
    request.thinking.as_ref().is_some_and(|it| !is_off(it))
}

/// Whether reasoning is switched off: in words, or by leaving it no tokens.
fn is_off(thinking: &Thinking) -> bool {
    match (thinking.enabled, thinking.effort.as_deref()) {
        (Some(false), _) | (None, Some("none")) => true,
        (_, None) => thinking.budget == Some(0),
        (_, Some(_)) => false,
    }
}

fn write_sampling(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let Sampling { max_tokens, temperature, top_p, top_k, seed, stop, n, modalities, .. } =
        &request.sampling;
    if let Some(most) = max_tokens {
        let few = most.get().parse::<u64>().is_ok_and(|it| it < MIN_TOKENS);
        if few && !own {
            losses.add(losses::MIN_TOKENS);
            body.number("max_output_tokens", MIN_TOKENS);
        } else {
            body.json("max_output_tokens", most.get());
        }
    }
    let unsteered = reasons(request) && !own;
    for (name, value, loss) in
        [("temperature", temperature, losses::TEMPERATURE), ("top_p", top_p, losses::TOP_P)]
    {
        match value {
            Some(_) if unsteered => losses.add(loss),
            Some(value) => body.json(name, value.get()),
            None => {}
        }
    }
    if let Some(top) = &request.sampling.top_logprobs {
        body.json("top_logprobs", top.get());
    }
    let lost = |it: &Option<Raw>| it.is_some();
    losses.add_if(lost(top_k), losses::TOP_K);
    losses.add_if(lost(seed), losses::SEED);
    losses.add_if(lost(&request.sampling.frequency_penalty), losses::FREQUENCY_PENALTY);
    losses.add_if(lost(&request.sampling.presence_penalty), losses::PRESENCE_PENALTY);
    losses.add_if(!stop.is_empty(), losses::STOP);
    losses.add_if(n.as_ref().is_some_and(|it| it.get() != "1"), losses::N);
    losses.add_if(modalities.iter().any(|it| it != "text"), losses::MODALITIES);
}

fn write_reasoning(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let mut reasoning = Vec::new();
    let mut it = Object::open(&mut reasoning);
    if let Some(thinking) = &request.thinking {
        let effort = if own { thinking.effort.as_deref() } else { effort(thinking, losses) };
        if let Some(effort) = effort {
            it.text("effort", effort);
        }
        let summary = if own { thinking.show.as_deref() } else { summary(thinking) };
        if let Some(summary) = summary {
            it.text("summary", summary);
        }
    }
    write_nested(request, "reasoning.", &mut it);
    if it.any() {
        it.close();
        body.key("reasoning").extend_from_slice(&reasoning);
    }
}

/// The word for how much to reason. Tokens are told as the effort that spends about as many.
fn effort<'t>(thinking: &'t Thinking, losses: &mut Losses) -> Option<&'t str> {
    if is_off(thinking) {
        return Some("none");
    }
    if let Some(effort) = &thinking.effort {
        return Some(effort);
    }
    let budget = thinking.budget?;
    losses.add(losses::BUDGET);
    Some(match budget {
        0..=4096 => "low",
        4097..=12288 => "medium",
        _ => "high",
    })
}

/// Reasoning is shown unless the client does not want it: here it is hidden unless asked for.
fn summary(thinking: &Thinking) -> Option<&str> {
    if is_off(thinking) {
        return None;
    }
    match thinking.show.as_deref() {
        Some("omitted" | "false" | "none" | "hidden") => None,
        Some(word @ ("auto" | "concise" | "detailed")) => Some(word),
        _ => Some("auto"),
    }
}

fn write_format(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let mut text = Vec::new();
    let mut it = Object::open(&mut text);
    if let Some(format) = &request.format {
        let mut inner = it.object("format");
        match format {
            Format::Text => inner.text("type", "text"),
            Format::Json => inner.text("type", "json_object"),
            Format::Schema { name, description, schema, strict } => {
                inner.text("type", "json_schema");
                inner.text("name", name.as_deref().unwrap_or("answer"));
                if let Some(description) = description {
                    inner.text("description", description);
                }
                inner.json("schema", schema.get());
                match strict {
                    strict if !own => {
                        inner.flag("strict", format_strict(schema, *strict, losses));
                    }
                    Some(strict) => inner.flag("strict", *strict),
                    None => {}
                }
            }
        }
        write_nested(request, "text.format.", &mut inner);
        inner.close();
    }
    write_nested(request, "text.", &mut it);
    if it.any() {
        it.close();
        body.key("text").extend_from_slice(&text);
    }
}

/// Elsewhere an answer fits its schema without being told to; here only a schema of a strict kind
/// can be kept to.
fn format_strict(schema: &Raw, strict: Option<bool>, losses: &mut Losses) -> bool {
    if strict == Some(false) {
        return false;
    }
    let fits = schema::look(schema.get()).strict;
    losses.add_if(!fits && strict == Some(true), losses::FORMAT_STRICT);
    fits
}

fn write_names(request: &Request, own: bool, body: &mut Object<'_>, losses: &mut Losses) {
    if let Some(user) = &request.user {
        let both = request.rest.iter().any(|it| is_own(it) && it.name == "safety_identifier");
        let name = if both { "user" } else { "safety_identifier" };
        losses.add_if(user.len() > MAX_ID, losses::USER);
        write_short(name, user, body);
    }
    if let Some(key) = &request.cache_key {
        write_short("prompt_cache_key", key, body);
    }
    if let Some(tier) = &request.service_tier {
        if own || TIERS.contains(&tier.as_str()) {
            body.text("service_tier", tier);
        } else {
            losses.add(losses::SERVICE_TIER);
        }
    }
}

/// Names are told apart, never read: one that is too long goes out as its hash.
fn write_short(member: &str, name: &str, body: &mut Object<'_>) {
    if name.len() > MAX_ID {
        body.text(member, &digest(name));
    } else {
        body.text(member, name);
    }
}

fn write_include(request: &Request, body: &mut Object<'_>) {
    let logprobs = request.sampling.logprobs == Some(true);
    // A model that does not reason refuses the proof of it.
    if !reasons(request) && !logprobs {
        return;
    }
    let mut list: List<'_> = body.list("include");
    if reasons(request) {
        crate::translate::json::string(list.next(), "reasoning.encrypted_content");
    }
    if logprobs {
        crate::translate::json::string(list.next(), INCLUDE_LOGPROBS);
    }
    list.close();
}

/// Writes back the members without a name in the hub.
fn write_rest(request: &Request, body: &mut Object<'_>, losses: &mut Losses) {
    for unknown in &request.rest {
        let name = unknown.name.as_str();
        if !is_own(unknown) {
            losses.add(losses::REST);
        } else if name.contains("[]") {
            losses.add(losses::NESTED);
        } else if !is_nested(name) {
            body.json(name, unknown.value.get());
        }
    }
}

/// Writes back those of an inner object.
fn write_nested(request: &Request, path: &str, it: &mut Object<'_>) {
    for unknown in request.rest.iter().filter(|it| is_own(it)) {
        if let Some(name) = unknown.name.strip_prefix(path).filter(|it| !it.contains('.')) {
            it.json(name, unknown.value.get());
        }
    }
}

/// Whether a member stands inside `reasoning` or `text`. Names of a client's own may hold dots.
fn is_nested(name: &str) -> bool {
    name.starts_with("reasoning.") || name.starts_with("text.")
}

fn is_own(unknown: &Unknown) -> bool {
    unknown.dialect == Dialect::Responses
}
