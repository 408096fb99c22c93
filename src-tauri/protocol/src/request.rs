//! The hub of a request: what every dialect's body means.
//!
//! Owns: [`Request`] and its parts. Values that a target copies rather than understands (schemas,
//! numbers, arguments) stay text as the client wrote them.
//! Must not know: any dialect's field names, where a request goes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::dialect::Dialect;

/// JSON text as the client wrote it: numbers such as `0.10`, schemas, arguments.
pub type Raw = Box<RawValue>;

/// One request, in no dialect.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Who wrote it, where that is told: what only its own dialect can say is written back there.
    pub origin: Option<Dialect>,
    /// The model asked for; empty where the dialect names it elsewhere (Gemini's path).
    pub model: String,
    /// What the model is told before the conversation, in order.
    pub system: Vec<Part>,
    /// The conversation, oldest first.
    pub turns: Vec<Turn>,
    /// The tools the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it must call.
    pub tool_choice: Option<ToolChoice>,
    /// False allows one call at a time.
    pub parallel_tools: Option<bool>,
    /// Numbers that steer the output.
    pub sampling: Sampling,
    /// How much the model reasons.
    pub thinking: Option<Thinking>,
    /// The form of the answer.
    pub format: Option<Format>,
    /// Streamed or whole; none is the dialect's default.
    pub stream: Option<bool>,
    /// A chat client asked for the usage chunk.
    pub include_usage: bool,
    /// The end user, as the client names them.
    pub user: Option<String>,
    /// What a provider's cache is keyed by.
    pub cache_key: Option<String>,
    /// The tier asked for.
    pub service_tier: Option<String>,
    /// Members of the body the hub has no name for.
    pub rest: Vec<Unknown>,
}

/// A member, block or item the hub has no name for, as the client wrote it. Only its own dialect
/// can say it again.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// Whose it is.
    pub dialect: Dialect,
    /// Its name: a member's key, a block's or item's type.
    pub name: String,
    /// Its value, whole.
    pub value: Raw,
}

/// What one side said, up to where the other side spoke.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What, in order. May be empty: a dialect's own rule says what becomes of that.
    pub parts: Vec<Part>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The person, and the results of tools.
    User,
    /// The model.
    Assistant,
    /// Whoever wrote the program, in the middle of the conversation.
    System,
}

/// One piece of a turn.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// A cache breakpoint is set behind it, as the client wrote it (Anthropic `cache_control`).
    pub cache: Option<Raw>,
}

/// What a piece of a turn is.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// Text.
    Text(String),
    /// What the model refused with.
    Refusal(String),
    /// A picture.
    Image {
        /// Where it is.
        source: Source,
        /// How closely to look: `low`, `high`, `auto`.
        detail: Option<String>,
    },
    /// A file to read: a PDF, a text.
    Document {
        /// Where it is.
        source: Source,
        /// Its name.
        name: Option<String>,
    },
    /// Sound.
    Audio {
        /// Where it is.
        source: Source,
    },
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// A tool's answer.
    ToolResult(ToolResult),
    /// What the model thought.
    Thinking {
        /// As far as it is shown; may be empty.
        text: String,
        /// The provider's proof, without which it may not be sent back.
        signature: Option<Signature>,
        /// The provider hid it: `text` is empty and the signature is all there is.
        redacted: bool,
    },
    /// Something the hub has no name for.
    Unknown(Unknown),
}

/// Where a picture or file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the request.
    Base64 {
        /// E.g. `image/png`.
        media_type: String,
        /// Base64 (RFC 4648 section 4).
        data: String,
    },
    /// At an address the provider fetches.
    Url {
        /// It.
        url: String,
        /// E.g. `image/png`, where the client tells.
        media_type: Option<String>,
    },
    /// With a provider, who gave it an id.
    File {
        /// The provider's dialect.
        dialect: Dialect,
        /// The id.
        id: String,
    },
    /// Plain text in the request.
    Text(String),
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// Pairs it with its result. Made from its place where the dialect has none.
    pub id: String,
    /// The dialect's own name of the item beside the id that pairs (Responses `fc_...`).
    pub item_id: Option<String>,
    /// The tool.
    pub name: String,
    /// The arguments as text: JSON for a function (byte for byte), anything for a free-text tool.
    pub arguments: String,
    /// The tool takes free text instead of JSON.
    pub free_text: bool,
    /// A provider's proof of the thought behind it (Gemini `thoughtSignature`).
    pub signature: Option<Signature>,
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: String,
    /// The tool, where the dialect tells; a target that needs it looks the call up.
    pub name: Option<String>,
    /// What it answered: text, images, documents.
    pub content: Vec<Part>,
    /// It failed.
    pub is_error: bool,
    /// The call took free text.
    pub free_text: bool,
}

/// A provider's opaque proof. Only that provider may see it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Whose it is.
    pub origin: Dialect,
    /// Byte for byte.
    pub data: String,
}

/// A tool the model may use.
#[derive(Clone, Debug)]
pub enum Tool {
    /// A function of the client's.
    Function {
        /// Its name.
        name: String,
        /// What it does.
        description: Option<String>,
        /// JSON Schema of its arguments; none takes none.
        schema: Option<Raw>,
        /// Arguments must fit the schema exactly.
        strict: Option<bool>,
        /// A cache breakpoint behind it.
        cache: Option<Raw>,
        /// The group it is in (Responses namespaces).
        namespace: Option<String>,
    },
    /// A tool of the client's that takes free text.
    FreeText {
        /// Its name.
        name: String,
        /// What it does.
        description: Option<String>,
        /// The grammar of the text, as the client wrote it.
        format: Option<Raw>,
        /// The group it is in.
        namespace: Option<String>,
    },
    /// A search of the web that the provider does.
    WebSearch {
        /// Its settings, as the client wrote them.
        settings: Unknown,
    },
    /// Any other tool of a provider's.
    BuiltIn(Unknown),
}

/// Which tool must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// None may be called.
    None,
    /// At least one must be.
    Any,
    /// This one must be.
    One(String),
    /// One of these; the model decides whether any (`required` false) or which.
    Among {
        /// Their names.
        names: Vec<String>,
        /// At least one must be called.
        required: bool,
    },
}

/// Numbers that steer the output, as the client wrote them.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the providers' own names")]
pub struct Sampling {
    pub max_tokens: Option<Raw>,
    pub temperature: Option<Raw>,
    pub top_p: Option<Raw>,
    pub top_k: Option<Raw>,
    pub seed: Option<Raw>,
    pub frequency_penalty: Option<Raw>,
    pub presence_penalty: Option<Raw>,
    /// Strings that end the output.
    pub stop: Vec<String>,
    /// How many answers.
    pub n: Option<Raw>,
    /// Tell the probability of tokens.
    pub logprobs: Option<bool>,
    /// Of how many alternatives.
    pub top_logprobs: Option<Raw>,
    /// `text`, `audio`, `image`; empty is the provider's default.
    pub modalities: Vec<String>,
}

/// How much the model reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thinking {
    /// False switches it off; true asks for it; none leaves it to the provider.
    pub enabled: Option<bool>,
    /// Tokens to reason with.
    pub budget: Option<u64>,
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`.
    pub effort: Option<String>,
    /// Show it, or a summary of it (Responses `summary`, Anthropic `display`, Gemini
    /// `includeThoughts`), in the dialect's own word.
    pub show: Option<String>,
}

/// The form of the answer.
#[derive(Clone, Debug)]
pub enum Format {
    /// Any text.
    Text,
    /// Any JSON.
    Json,
    /// JSON of a schema.
    Schema {
        /// The schema's name; made up where the dialect has none.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Raw,
        /// It must fit exactly.
        strict: Option<bool>,
    },
}

// === impl Request ===

impl Request {
    /// Takes the thoughts of earlier turns out, with the proofs that go with them.
    pub fn forget_thoughts(&mut self) {
        for part in self.turns.iter_mut().flat_map(|it| &mut it.parts) {
            if let PartKind::ToolCall(call) = &mut part.kind {
                call.signature = None;
            }
        }
        for turn in &mut self.turns {
            turn.parts.retain(|it| !matches!(it.kind, PartKind::Thinking { .. }));
        }
    }
}

// === impl Part ===

impl Part {
    /// A piece without a cache breakpoint.
    #[must_use]
    pub const fn new(kind: PartKind) -> Self {
        Self { kind, cache: None }
    }

    /// Text without a cache breakpoint.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartKind::Text(text.into()))
    }
}

// === impl Signature ===

/// What marks a signature of another provider in a client's dialect.
const FOREIGN: &str = "dp1.";

impl Signature {
    /// The text a client of `client` is given: its own provider's as it is, another's marked with
    /// whose it is, so that it finds its way back and nowhere else.
    #[must_use]
    pub fn to_client(&self, client: Dialect) -> String {
        if self.origin == client {
            return self.data.clone();
        }
        [FOREIGN, self.origin.as_str(), ".", &self.data].concat()
    }

    /// Reads what a client of `client` sends back.
    #[must_use]
    pub fn from_client(client: Dialect, text: &str) -> Self {
        let foreign = text.strip_prefix(FOREIGN).and_then(|rest| {
            let (origin, data) = rest.split_once('.')?;
            let origin = Dialect::ALL.into_iter().find(|it| it.as_str() == origin)?;
            Some(Self { origin, data: data.to_owned() })
        });
        foreign.unwrap_or_else(|| Self { origin: client, data: text.to_owned() })
    }

    /// Whether a body that goes to `target` may hold a proof of another provider, as
    /// [`Signature::to_client`] marks it. Only looks for the mark: a text may have it too.
    #[must_use]
    pub fn may_be_foreign_in(target: Dialect, body: &[u8]) -> bool {
        memchr::memmem::find_iter(body, FOREIGN).any(|at| {
            let rest = body.get(at + FOREIGN.len()..).unwrap_or_default();
            Dialect::ALL.into_iter().filter(|it| *it != target).any(|it| {
                rest.strip_prefix(it.as_str().as_bytes()).is_some_and(|it| it.starts_with(b"."))
            })
        })
    }

    /// The proof as its own provider wrote it; none for any other target.
    #[must_use]
    pub fn for_target(&self, target: Dialect) -> Option<&str> {
        (self.origin == target).then_some(self.data.as_str())
    }
}

// === impl Role ===

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        })
    }
}

/// What a translation left out, for `docs/translation.md` and for whoever wants to tell the
/// client. Names a rule, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loss {
    /// The source field as its dialect spells it, e.g. `top_k`.
    pub field: &'static str,
    /// Why the target has no place for it.
    pub rule: &'static str,
}
