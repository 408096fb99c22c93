//! How much the model reasons.
//!
//! Owns: `thinking` and `output_config`, the table between effort and budget, which models take
//! which, and what thinking rules out beside it.
//! Must not know: how a conversation is written.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Losses;
use super::json::Obj;
use super::request_in::{Read, typed, unknown, unknown_members};
use super::wire::Members;
use crate::request::{Format, Request, Thinking};

/// The least the provider reasons with.
const LEAST: u64 = 1024;

/// What a model of the provider takes, told from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    claude: bool,
    version: Option<(u32, u32)>,
    opus: bool,
}

/// What of the conversation decides whether thinking may be on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    /// The last turn is the model's, to be continued.
    pub(super) ends_with_assistant: bool,
    /// The last turn answers calls that were made without a thought that may be sent.
    pub(super) answers_unthought: bool,
    /// A tool must be called.
    pub(super) forced: bool,
}

/// What goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan<'r> {
    mode: Mode,
    show: Option<&'r str>,
    effort: Option<&'r str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Unsaid,
    Off,
    Adaptive,
    Budget(u64),
}

// === Reading ===

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    budget_tokens: Option<u64>,
    display: Option<String>,
}

pub(super) fn read(request: &mut Request, value: &RawValue) -> Read<()> {
    let wire: Wire = typed("thinking", value, "an object with a `type`")?;
    let thinking = request.thinking.get_or_insert_default();
    match wire.kind.as_str() {
        "enabled" | "adaptive" => thinking.enabled = Some(true),
        "disabled" => thinking.enabled = Some(false),
        // A mode the hub has no word for goes back as it came.
        _ => unknown(request, "thinking", value),
    }
    if let Some(thinking) = &mut request.thinking {
        thinking.budget = wire.budget_tokens;
        thinking.show = wire.display;
    }
    Ok(())
}

pub(super) fn read_output_config(request: &mut Request, value: &RawValue) -> Read<()> {
    let members: Members<'_> = typed("output_config", value, "an object")?;
    let mut rest = Members::default();
    for (key, value) in members.0 {
        match &*key {
            _ if value.get() == "null" => {}
            "effort" => {
                let effort = typed("output_config.effort", value, "a string")?;
                request.thinking.get_or_insert_default().effort = Some(effort);
            }
            "format" => match schema_of(value) {
                Some(schema) => {
                    let schema = schema.to_owned();
                    request.format = Some(Format::Schema {
                        name: None,
                        description: None,
                        schema,
                        strict: None,
                    });
                }
                None => rest.0.push((key, value)),
            },
            _ => rest.0.push((key, value)),
        }
    }
    unknown_members(request, "output_config", &rest);
    Ok(())
}

fn schema_of(format: &RawValue) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(rename = "type")]
        kind: String,
        #[serde(borrow)]
        schema: &'a RawValue,
    }
    let wire: Wire<'_> = serde_json::from_str(format.get()).ok()?;
    (wire.kind == "json_schema").then_some(wire.schema)
}

// === impl Model ===

impl Model {
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some((_, after)) = name.split_once("claude") else {
            return Self { claude: false, version: None, opus: false };
        };
        // Dates and revisions are longer or behind a letter: `claude-opus-4-5-20251101-v1:0`.
        let mut numbers = after
            .split(['-', '.', '@', '/'])
            .filter(|it| it.len() <= 2)
            .filter_map(|it| it.parse::<u32>().ok());
        let version = numbers.next().map(|major| (major, numbers.next().unwrap_or(0)));
        Self { claude: true, version, opus: after.contains("opus") }
    }

    /// Thinks as it sees fit and takes an effort, and system turns in the middle.
    pub(super) fn is_adaptive(self) -> bool {
        self.claude && self.version.is_none_or(|it| it >= (4, 6))
    }

    /// Answers in a schema and has strict tools.
    pub(super) fn takes_schemas(self) -> bool {
        !self.claude || self.version.is_none_or(|it| it >= (4, 5) || (it == (4, 1) && self.opus))
    }

    fn takes_effort(self) -> bool {
        self.is_adaptive() || (self.opus && self.version == Some((4, 5)))
    }

    /// The limit where the client gives none: the provider wants one.
    pub(super) fn max_tokens(self) -> u64 {
        match self.version {
            Some((3, 0)) if self.claude => 4096,
            Some((..=3, ..=5)) if self.claude => 8192,
            _ => 32_000,
        }
    }
}

// === Writing ===

/// Decides how the model reasons; `max_tokens` is the limit on all it writes.
pub(super) fn plan<'r>(
    wanted: Option<&'r Thinking>,
    model: Model,
    shape: Shape,
    max_tokens: u64,
    losses: &mut Losses,
) -> Plan<'r> {
    let Some(wanted) = wanted else { return Plan::default() };
    let effort = wanted.effort.as_deref().filter(|it| !it.is_empty());
    if wanted.enabled == Some(false) || effort == Some("none") {
        let effort = effort.filter(|it| *it != "none" && model.takes_effort());
        return Plan { mode: Mode::Off, show: None, effort: effort.map(spelled) };
    }
    let budget = wanted.budget.filter(|it| *it > 0);
    let mut mode = match (budget, wanted.enabled, effort) {
        (Some(budget), ..) => Mode::Budget(budget.max(LEAST)),
        (None, Some(true), _) if model.is_adaptive() => Mode::Adaptive,
        (None, Some(true), effort) => Mode::Budget(budget_of(effort.unwrap_or("medium"))),
        (None, _, Some(effort)) if !model.takes_effort() => Mode::Budget(budget_of(effort)),
        (None, ..) => Mode::Unsaid,
    };
    if let Mode::Budget(budget) = mode
        && budget >= max_tokens
    {
        // The client's limit counts, and some of it is for the answer.
        let room = max_tokens - max_tokens / 4;
        losses.add("thinking.budget", "lowered below the output limit");
        mode = if room >= LEAST && room < max_tokens { Mode::Budget(room) } else { Mode::Unsaid };
    }
    let unthought = shape.answers_unthought && matches!(mode, Mode::Budget(_));
    let on = matches!(mode, Mode::Budget(_) | Mode::Adaptive);
    if on && (shape.forced || shape.ends_with_assistant || unthought) {
        losses.add(
            "thinking",
            "the provider refuses it with a forced tool, a turn to continue, or answers to calls \
             that were made without it",
        );
        mode = Mode::Unsaid;
    }
    let effort = effort.filter(|_| model.takes_effort()).map(spelled);
    let thinks = matches!(mode, Mode::Budget(_) | Mode::Adaptive);
    let show = wanted.show.as_deref().and_then(shown).filter(|_| thinks);
    Plan { mode, show, effort }
}

impl Plan<'_> {
    /// Whether the model thinks before it answers.
    pub(super) const fn is_on(&self) -> bool {
        matches!(self.mode, Mode::Budget(_) | Mode::Adaptive)
    }

    pub(super) const fn effort(&self) -> Option<&str> {
        self.effort
    }

    /// Writes `thinking`, where there is anything to say.
    pub(super) fn write(&self, body: &mut Obj<'_>) {
        let kind = match self.mode {
            Mode::Unsaid => return,
            Mode::Off => "disabled",
            Mode::Adaptive => "adaptive",
            Mode::Budget(_) => "enabled",
        };
        let mut object = Obj::new(body.key("thinking"));
        object.str("type", kind);
        if let Mode::Budget(budget) = self.mode {
            object.u64("budget_tokens", budget);
        }
        if let Some(show) = self.show {
            object.str("display", show);
        }
        object.end();
    }
}

/// Tokens for an effort; the three in the middle are those the pass-through sets.
fn budget_of(effort: &str) -> u64 {
    match effort {
        "minimal" => LEAST,
        "low" => 4096,
        "high" => 24_576,
        "xhigh" | "max" => 28_672,
        _ => 12_288,
    }
}

/// An effort in the provider's words.
fn spelled(effort: &str) -> &str {
    if effort == "minimal" { "low" } else { effort }
}

/// What is shown, in the provider's words: anything but "omitted" elsewhere asks for a summary.
fn shown(word: &str) -> Option<&'static str> {
    match word {
        "summarized" | "auto" | "concise" | "detailed" | "true" => Some("summarized"),
        "omitted" | "none" | "false" => Some("omitted"),
        _ => None,
    }
}
