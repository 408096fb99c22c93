//! From any dialect to any dialect, through the hub.
//!
//! Owns: [`RequestCodec`] and [`Encoder`], what every dialect gives; the helpers they share.
//! Must not know: two dialects at once; only `dialect.rs` and [`pair`] bring them together.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::event::{End, Event};
use crate::request::{Loss, Request, Tool};

/// One file a dialect; each with `request_in`, `request_out`, `stream`, `whole`, `extra`.
pub mod anthropic;
pub mod chat;
pub mod gemini;
pub mod responses;

mod data_url;
mod json;

/// A translator's state as bytes.
pub mod carry;

/// A decoder and an encoder joined: bytes of one dialect in, bytes of another out.
pub mod pair;

/// Bytes of one dialect passed on as they are.
pub mod passed;

/// Why a request cannot be translated. Texts name fields, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslateError {
    /// The body is no request of its dialect.
    #[error("{field}: {message}")]
    Invalid {
        /// The member, with its path.
        field: String,
        /// What is expected there.
        message: String,
    },
    /// The target cannot do what the request is about.
    #[error("{field}: {message}")]
    Unsupported {
        /// The member, with its path.
        field: String,
        /// Why, and what the client can do.
        message: String,
    },
}

/// What a streamed answer is written as. Told every event in order, then once how it ended.
pub trait Encoder: Send {
    /// Writes what follows from one event. Nothing is held back but what the dialect's grammar
    /// forces, as `docs/translation.md` lists.
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>);

    /// The bytes are over. `Done` ends the answer as the dialect ends one (if the events have not
    /// already); `Truncated` and `Failed` write the dialect's own error, never a clean end. Writes
    /// nothing when the end was written already.
    fn on_end(&mut self, end: End, out: &mut Vec<u8>);
}

/// What a whole answer is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The HTTP status the client gets.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// A translated request.
#[derive(Clone, Debug)]
pub struct Translated {
    /// The body for the target.
    pub body: Vec<u8>,
    /// What the target has no place for.
    pub losses: Vec<Loss>,
}

/// What the encoders of a client's stream need to know of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientWish {
    /// The model's name as the client asked for it: answers carry it where upstream's is empty.
    pub model: String,
    /// Who answers: whose the signatures are.
    pub upstream: Option<Dialect>,
    /// A chat client asked for the usage chunk.
    pub include_usage: bool,
    /// Names of tools that take free text (Responses custom tools): their calls go out as such.
    pub free_text_tools: Vec<String>,
    /// Names of tools that are in a group, each with its group (Responses namespaces).
    pub namespaces: Vec<(String, String)>,
    /// Seconds since the Unix epoch, for dialects whose answers carry a time.
    pub created: i64,
    /// What the request is called, for dialects whose errors tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A model as the lists of every dialect show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// What a request asks for.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Tokens of context.
    pub context_length: u64,
}

// === impl ClientWish ===

impl ClientWish {
    /// What a request says about how its answer is to be written. `created` is the time in seconds
    /// since the Unix epoch.
    #[must_use]
    pub fn of(request: &Request, upstream: Dialect, created: i64) -> Self {
        let mut free_text_tools = Vec::new();
        let mut namespaces = Vec::new();
        for tool in &request.tools {
            let (name, namespace) = match tool {
                Tool::Function { name, namespace, .. } => (name, namespace),
                Tool::FreeText { name, namespace, .. } => {
                    free_text_tools.push(name.clone());
                    (name, namespace)
                }
                Tool::WebSearch { .. } | Tool::BuiltIn(_) => continue,
            };
            if let Some(namespace) = namespace {
                namespaces.push((name.clone(), namespace.clone()));
            }
        }
        Self {
            model: request.model.clone(),
            upstream: Some(upstream),
            include_usage: request.include_usage,
            free_text_tools,
            namespaces,
            created,
            request_id: None,
        }
    }
}

// === impl TranslateError ===

impl TranslateError {
    /// Names a member that is not as its dialect has it.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}

/// Reads and writes requests of one dialect.
pub trait RequestCodec {
    /// Reads a body.
    ///
    /// # Errors
    /// [`TranslateError::Invalid`] names the member.
    fn read(body: &[u8]) -> Result<Request, TranslateError>;

    /// Writes a body.
    ///
    /// # Errors
    /// [`TranslateError::Unsupported`] where dropping would change what is asked for.
    fn write(request: &Request) -> Result<Translated, TranslateError>;
}
