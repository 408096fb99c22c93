//! What a pass-through request changes in the client's body, and nothing else.
//!
//! A body is checked once and never rebuilt: each rule names the members it changes, their spans
//! are cut out of the text, and every other byte stays as the client sent it (signatures, prompt
//! caches and numbers depend on that).
//!
//! Owns: `Body`, `Edits`, `Edited` and the rules that hold for every dialect; the rules of
//! one dialect are in its own file.
//! Must not know: accounts, model catalogues, headers other than `anthropic-beta`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

mod anthropic;
mod betas;
mod chat;
mod draft;
mod error;
mod gemini;
pub(crate) mod json;
mod prompt;
mod responses;
#[cfg(test)]
mod tests;

pub use betas::{INTERLEAVED_THINKING, merge_betas};
pub use error::EditError;

pub use draft::Piece;
use draft::{Draft, Object, Patch, quote};
use json::Value;

/// A client's request body, checked to be one JSON object of at most 128 levels.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
    top: Object<'a>,
}

/// What a router wants to know of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The model asked for. `None` only for Gemini, whose clients name it in the path.
    pub model: Option<String>,
    /// `stream`, where it is given.
    pub stream: Option<bool>,
    /// Whether the client asks the model to think.
    pub thinking: bool,
    /// Whether a chat client asks for the usage chunk.
    pub include_usage: bool,
    /// The output limit, where it is given as a whole number.
    pub max_tokens: Option<u64>,
}

/// What to change. The default changes nothing but what every request loses: `metadata`, and
/// `top_p` beside `temperature`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edits<'e> {
    /// The model to ask for instead. For Gemini it is added too, since Factory's path has none.
    pub model: Option<&'e str>,
    /// `true` is set; `false` only takes the place of a `stream` that is there.
    pub stream: Option<bool>,
    /// What the system prompt has to begin with; empty for nothing.
    pub system_prompt: &'e str,
    /// How much the model thinks.
    pub reasoning: Reasoning,
    /// Ask for the usage chunk of a chat stream.
    pub include_usage: bool,
}

/// How much a model thinks (seed S2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Reasoning {
    /// As the client says.
    #[default]
    Auto,
    /// What the client says about it is taken out.
    Off,
    /// 4096 tokens, or effort `low`.
    Low,
    /// 12288 tokens, or effort `medium`.
    Medium,
    /// 24576 tokens, or effort `high`.
    High,
}

/// An edited body and what else follows from the edit.
#[derive(Clone, Debug)]
pub struct Edited<'a> {
    text: &'a [u8],
    patch: Patch,
    /// Whether the model is asked to think.
    pub thinking: bool,
    /// For [`merge_betas`].
    pub add_betas: &'static [&'static str],
    /// For [`merge_betas`].
    pub remove_betas: &'static [&'static str],
    /// The usage chunk was asked for and the client did not ask: hold it back.
    pub usage_added: bool,
}

/// What a dialect's rules found out.
#[derive(Default)]
struct Notes {
    thinking: bool,
    add_betas: &'static [&'static str],
    remove_betas: &'static [&'static str],
    usage_added: bool,
}

// === impl Body ===

impl<'a> Body<'a> {
    /// Checks a body: UTF-8, JSON, an object, at most 128 levels deep.
    pub fn parse(dialect: Dialect, bytes: &'a [u8]) -> Result<Self, EditError> {
        let root = Value::parse(bytes)?;
        if !root.is_object() {
            return Err(EditError::NotAnObject { found: root.kind() });
        }
        Ok(Self { dialect, bytes, top: Object::open(root)? })
    }

    /// The protocol the body speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What a router wants to know. An error if `model` or `stream` cannot be relied on.
    pub fn facts(&self) -> Result<Facts, EditError> {
        let draft = Draft::new("", &self.top);
        let model = match self.model(&draft)? {
            None if self.dialect != Dialect::Gemini => return Err(draft.missing("model")),
            model => model.map(Cow::into_owned),
        };
        let max_tokens = match self.dialect {
            Dialect::Anthropic => self.top.peek("max_tokens"),
            Dialect::Responses => self.top.peek("max_output_tokens"),
            Dialect::Chat => {
                self.top.peek("max_completion_tokens").or_else(|| self.top.peek("max_tokens"))
            }
            Dialect::Gemini => gemini::output_limit(&self.top),
        };
        Ok(Facts {
            model,
            stream: stream(&draft)?,
            thinking: self.thinking(),
            include_usage: self.dialect == Dialect::Chat && chat::asks_usage(&self.top),
            max_tokens: max_tokens.and_then(Value::as_u64),
        })
    }

    /// Makes the edits. Applying them to their own result changes nothing.
    pub fn apply(&self, edits: &Edits<'_>) -> Result<Edited<'a>, EditError> {
        let mut draft = Draft::new("", &self.top);
        let mut patch = Patch::default();

        // Looked at even if not changed: two answers to "which model" must never reach upstream.
        let model = self.model(&draft)?;
        if let Some(wanted) = edits.model
            && model.as_deref() != Some(wanted)
        {
            draft.set("model", quote(wanted))?;
        }
        let mut streams = stream(&draft)?;
        if let Some(wanted) = edits.stream
            && (wanted || streams.is_some())
        {
            draft.set("stream", wanted.to_string())?;
            streams = Some(wanted);
        }
        // Factory refuses it, and the session id in it has been read by now.
        draft.remove("metadata")?;
        if self.dialect != Dialect::Gemini && self.top.peek("temperature").is_some() {
            draft.remove("top_p")?;
        }

        let notes = match self.dialect {
            Dialect::Anthropic => anthropic::edit(&mut draft, &self.top, edits, &mut patch)?,
            Dialect::Responses => responses::edit(&mut draft, edits, &mut patch)?,
            Dialect::Chat => {
                let usage_added = edits.include_usage
                    && streams == Some(true)
                    && chat::ask_usage(&mut draft, &mut patch)?;
                Notes { usage_added, ..chat::edit(&mut draft, edits, &mut patch)? }
            }
            Dialect::Gemini => gemini::edit(&mut draft, edits, &mut patch)?,
        };
        draft.write(&mut patch);
        let thinking = match edits.reasoning {
            Reasoning::Auto => self.thinking(),
            Reasoning::Off => false,
            Reasoning::Low | Reasoning::Medium | Reasoning::High => notes.thinking,
        };
        Ok(Edited {
            text: self.bytes,
            patch: patch.finish(),
            thinking,
            add_betas: notes.add_betas,
            remove_betas: notes.remove_betas,
            usage_added: notes.usage_added,
        })
    }

    /// The first member of that name that is not null.
    pub(crate) fn peek(&self, key: &str) -> Option<Value<'a>> {
        self.top.peek(key)
    }

    fn thinking(&self) -> bool {
        match self.dialect {
            Dialect::Anthropic => anthropic::thinks(&self.top),
            Dialect::Responses => responses::thinks(&self.top),
            Dialect::Chat => chat::thinks(&self.top),
            Dialect::Gemini => gemini::thinks(&self.top),
        }
    }

    fn model(&self, draft: &Draft<'_, 'a>) -> Result<Option<Cow<'a, str>>, EditError> {
        let Some(value) = draft.find("model")? else { return Ok(None) };
        match value.as_str() {
            Some(model) if !model.is_empty() => Ok(Some(model)),
            _ => Err(draft.mistyped("model", "a non-empty string", value)),
        }
    }
}

// === impl Reasoning ===

impl Reasoning {
    /// Tokens to think with, for dialects that count them.
    #[must_use]
    pub const fn budget(self) -> Option<u64> {
        match self {
            Self::Auto | Self::Off => None,
            Self::Low => Some(4096),
            Self::Medium => Some(12288),
            Self::High => Some(24576),
        }
    }

    /// The word for it, for dialects that name it.
    #[must_use]
    pub const fn effort(self) -> Option<&'static str> {
        match self {
            Self::Auto | Self::Off => None,
            Self::Low => Some("low"),
            Self::Medium => Some("medium"),
            Self::High => Some("high"),
        }
    }
}

// === impl Edited ===

impl<'a> Edited<'a> {
    /// Whether any byte of the body changed.
    #[must_use]
    pub const fn changed(&self) -> bool {
        !self.patch.is_empty()
    }

    /// The body to send, one piece behind the other; none of them is empty.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.patch.pieces(self.text.len())
    }

    /// The body to send in one piece; borrowed if nothing changed.
    #[must_use]
    pub fn body(&self) -> Cow<'a, [u8]> {
        if !self.changed() {
            return Cow::Borrowed(self.text);
        }
        let mut body = Vec::with_capacity(self.text.len() + self.patch.n_added());
        for piece in self.pieces() {
            body.extend_from_slice(match &piece {
                Piece::Kept(span) => self.text.get(span.clone()).unwrap_or_default(),
                Piece::New(with) => with.as_bytes(),
            });
        }
        Cow::Owned(body)
    }
}

fn stream(draft: &Draft<'_, '_>) -> Result<Option<bool>, EditError> {
    let Some(value) = draft.find("stream")? else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| draft.mistyped("stream", "true or false", value))
}
