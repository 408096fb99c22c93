//! The four protocols and the four places Factory takes them.
//!
//! Owns: [`Dialect`], [`Endpoint`] and their spellings. The only file that names more than one
//! dialect's code.
//! Must not know: accounts, models, HTTP.

use serde::{Deserialize, Serialize};

/// A wire protocol. A client speaks one, an endpoint speaks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Anthropic Messages, `POST /v1/messages`.
    Anthropic,
    /// OpenAI Responses, `POST /v1/responses`.
    #[serde(alias = "openai_responses")]
    Responses,
    /// OpenAI Chat Completions, `POST /v1/chat/completions`.
    #[serde(alias = "openai_chat", alias = "openai_compat", alias = "qwen")]
    Chat,
    /// Gemini `generateContent`.
    #[serde(alias = "google")]
    Gemini,
}

/// Where Factory takes a request (seed S0 §1.5; `google` from the CLI's own configuration).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// `/a/v1/messages`, speaks [`Dialect::Anthropic`].
    Anthropic,
    /// `/o/v1/responses`, speaks [`Dialect::Responses`].
    #[serde(alias = "open_ai", alias = "responses")]
    OpenAi,
    /// `/o/v1/chat/completions`, speaks [`Dialect::Chat`].
    #[serde(alias = "chat", alias = "common")]
    Comm,
    /// `/g/v1/generate`, speaks [`Dialect::Gemini`].
    #[serde(alias = "gemini")]
    Google,
}

// === impl Dialect ===

impl Dialect {
    /// Every dialect, in the order of the documents.
    pub const ALL: [Self; 4] = [Self::Anthropic, Self::Responses, Self::Chat, Self::Gemini];

    /// The spelling used in RPC params, file names and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Responses => "responses",
            Self::Chat => "chat",
            Self::Gemini => "gemini",
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// Every endpoint, in the order of the documents.
    pub const ALL: [Self; 4] = [Self::Anthropic, Self::OpenAi, Self::Comm, Self::Google];

    /// The spelling used in configuration, RPC and the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Comm => "comm",
            Self::Google => "google",
        }
    }

    /// The endpoint of a spelling, as [`Endpoint::as_str`] gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// The protocol spoken there.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Anthropic => Dialect::Anthropic,
            Self::OpenAi => Dialect::Responses,
            Self::Comm => Dialect::Chat,
            Self::Google => Dialect::Gemini,
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
