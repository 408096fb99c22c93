//! A request of the hub to this dialect.
//!
//! Owns: the members of the body, what of another dialect has no place among them.
//! Must not know: which client asked, where the request goes.

use super::json::{Open, string};
use crate::dialect::Dialect;
use crate::request::{Format, Loss, Raw, Request, Thinking, Unknown};
use crate::translate::Translated;

mod content;
mod ids;
mod messages;
mod schema;
mod tools;

/// The most stop strings.
const MAX_STOPS: usize = 4;

/// What the request asks for, apart from its messages.
struct Writer<'r> {
    request: &'r Request,
    target: Target,
    losses: Losses,
}

/// What the server takes.
#[derive(Clone, Copy)]
struct Target {
    /// A client of this dialect wrote the request: what it wrote goes back as it was.
    own: bool,
    /// All of the dialect, as OpenAI has it. Other servers lack its newer members: they take
    /// `max_tokens`, functions and text in one piece.
    native: bool,
    /// `reasoning_content` of earlier answers.
    takes_thoughts: bool,
}

/// What was left out, each once.
#[derive(Default)]
struct Losses(Vec<Loss>);

/// Writes a body.
pub(super) fn write(request: &Request) -> Translated {
    let own = request.origin == Some(Dialect::Chat);
    let openai = is_openai(&request.model);
    let target = Target { own, native: own || openai, takes_thoughts: own || !openai };
    let mut writer = Writer { request, target, losses: Losses::default() };
    let mut out = Vec::with_capacity(4096);
    let mut body = Open::object(&mut out);
    body.text("model", &request.model);
    messages::write(body.key("messages"), request, target, &mut writer.losses);
    tools::write(&mut body, request, target, &mut writer.losses);
    writer.sampling(&mut body);
    writer.thinking(&mut body);
    writer.format(&mut body);
    writer.rest(&mut body);
    writer.stream(&mut body);
    body.close();
    Translated { body: out, losses: writer.losses.0 }
}

/// Whether the answer is to be JSON of any kind.
const fn wants_json(request: &Request) -> bool {
    matches!(request.format, Some(Format::Json))
}

/// Whether a model is OpenAI's own.
fn is_openai(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default();
    ["gpt-", "chatgpt-", "codex-", "o1", "o3", "o4"].iter().any(|it| name.starts_with(it))
        && !name.starts_with("gpt-oss")
}

// === impl Losses ===

impl Losses {
    fn add(&mut self, field: &'static str, rule: &'static str) {
        let loss = Loss { field, rule };
        if !self.0.contains(&loss) {
            self.0.push(loss);
        }
    }
}

// === impl Writer ===

impl Writer<'_> {
    fn sampling(&mut self, body: &mut Open<'_>) {
        let sampling = &self.request.sampling;
        // The new name too where the client wrote both.
        let new = is_openai(&self.request.model) || self.has_rest("max_tokens");
        let limit = if new { "max_completion_tokens" } else { "max_tokens" };
        number(body, limit, sampling.max_tokens.as_ref());
        number(body, "temperature", sampling.temperature.as_ref());
        number(body, "top_p", sampling.top_p.as_ref());
        if self.target.own {
            number(body, "top_k", sampling.top_k.as_ref());
        } else if sampling.top_k.is_some() {
            self.losses.add("top_k", "this dialect has no such limit");
        }
        number(body, "seed", sampling.seed.as_ref());
        number(body, "frequency_penalty", sampling.frequency_penalty.as_ref());
        number(body, "presence_penalty", sampling.presence_penalty.as_ref());
        number(body, "n", sampling.n.as_ref());
        // Alternatives are only told where probabilities are.
        let wanted = sampling.top_logprobs.is_some() && !self.target.own;
        if let Some(logprobs) = sampling.logprobs.or(wanted.then_some(true)) {
            body.raw("logprobs", flag(logprobs));
        }
        number(body, "top_logprobs", sampling.top_logprobs.as_ref());
        self.stops(body);
        self.modalities(body);
    }

    fn stops(&mut self, body: &mut Open<'_>) {
        let all = &self.request.sampling.stop;
        if all.is_empty() {
            return;
        }
        let most = if self.target.own { all.len() } else { MAX_STOPS };
        if all.len() > most {
            self.losses.add("stop", "at most 4 stop strings");
        }
        list(body.key("stop"), all.iter().take(most).map(String::as_str));
    }

    fn modalities(&mut self, body: &mut Open<'_>) {
        let all = &self.request.sampling.modalities;
        if self.target.own && !all.is_empty() {
            list(body.key("modalities"), all.iter().map(String::as_str));
        } else if all.iter().any(|it| it != "text") {
            self.losses.add("modalities", "answers in sound need settings only this dialect has");
        }
    }

    fn thinking(&mut self, body: &mut Open<'_>) {
        // Whole among the rest, where it said more than the hub has names for.
        let told = self.has_rest("reasoning") || self.has_rest("thinking");
        let Some(thinking) = self.request.thinking.as_ref().filter(|_| !told) else { return };
        let Thinking { enabled, budget, effort, show } = thinking;
        if self.target.own {
            if let Some(effort) = effort {
                body.text("reasoning_effort", effort);
            }
            if enabled.is_some() || budget.is_some() {
                let mut object = Open::object(body.key("thinking"));
                if let Some(enabled) = enabled {
                    object.text("type", if *enabled { "enabled" } else { "disabled" });
                }
                if let Some(budget) = budget {
                    object.raw("budget_tokens", &budget.to_string());
                }
                object.close();
            }
            return;
        }
        if let Some(effort) = effort_of(thinking) {
            body.text("reasoning_effort", effort);
        }
        if budget.is_some() {
            self.losses.add("thinking budget", "told as an effort: <= 8192 low, <= 18432 medium");
        }
        if show.is_some() {
            self.losses.add("thinking display", "servers of this dialect show what they show");
        }
    }

    fn format(&mut self, body: &mut Open<'_>) {
        let Some(format) = &self.request.format else { return };
        let own = self.target.own;
        let mut object = Open::object(body.key("response_format"));
        match format {
            Format::Text => object.text("type", "text"),
            Format::Json => object.text("type", "json_object"),
            Format::Schema { name, description, schema, strict } => {
                object.text("type", "json_schema");
                let mut inner = Open::object(object.key("json_schema"));
                inner.text("name", &schema::name(name.as_deref(), own));
                if let Some(description) = description {
                    inner.text("description", description);
                }
                inner.raw("schema", schema.get());
                schema::strict(&mut inner, *strict, Some(schema), own, &mut self.losses);
                inner.close();
            }
        }
        object.close();
    }

    fn rest(&mut self, body: &mut Open<'_>) {
        let request = self.request;
        if let Some(user) = &request.user {
            body.text("user", &ids::short(user, self.target.own, ids::MAX_NAME, ""));
        }
        if let Some(key) = &request.cache_key {
            body.text("prompt_cache_key", &ids::short(key, self.target.own, ids::MAX_NAME, ""));
        }
        match request.service_tier.as_deref() {
            Some(tier) if self.target.own => body.text("service_tier", tier),
            Some(tier @ ("auto" | "default" | "flex" | "priority" | "scale")) => {
                body.text("service_tier", tier);
            }
            Some("standard_only") => body.text("service_tier", "default"),
            Some(_) => self.losses.add("service_tier", "no tier of this dialect"),
            None => {}
        }
        for Unknown { dialect, name, value } in &request.rest {
            if *dialect != Dialect::Chat {
                self.losses.add("unknown members", "only their own dialect can say them");
            } else if name.contains(['[', '.']) {
                if !name.starts_with("stream_options.") {
                    self.losses.add("unknown members", "members of a member are not kept");
                }
            } else {
                body.raw(name, value.get());
            }
        }
    }

    fn stream(&mut self, body: &mut Open<'_>) {
        let request = self.request;
        if let Some(stream) = request.stream {
            body.raw("stream", flag(stream));
        }
        // The counts of a stream come only when asked for, and someone keeps the books.
        let counts =
            if self.target.own { request.include_usage } else { request.stream == Some(true) };
        let prefix = "stream_options.";
        let own = |it: &&Unknown| it.dialect == Dialect::Chat && it.name.starts_with(prefix);
        let mut rest = request.rest.iter().filter(own).peekable();
        if !counts && rest.peek().is_none() {
            return;
        }
        let mut options = Open::object(body.key("stream_options"));
        if counts {
            options.raw("include_usage", "true");
        }
        for it in rest {
            options.raw(it.name.strip_prefix(prefix).unwrap_or_default(), it.value.get());
        }
        options.close();
    }

    fn has_rest(&self, name: &str) -> bool {
        self.request.rest.iter().any(|it| it.dialect == Dialect::Chat && it.name == name)
    }
}

/// An effort's word for what another dialect says in other ways.
fn effort_of(thinking: &Thinking) -> Option<&str> {
    if thinking.enabled == Some(false) {
        return Some("none");
    }
    let of_budget = |budget| match budget {
        0 => "none",
        1..=8192 => "low",
        8193..=18432 => "medium",
        _ => "high",
    };
    thinking.effort.as_deref().or_else(|| thinking.budget.map(of_budget))
}

fn number(body: &mut Open<'_>, name: &str, value: Option<&Raw>) {
    if let Some(value) = value {
        body.raw(name, value.get());
    }
}

fn list<'t>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
    let mut array = Open::array(out);
    for text in texts {
        string(array.item(), text);
    }
    array.close();
}

const fn flag(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}
