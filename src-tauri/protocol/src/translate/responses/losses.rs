//! What a Responses body cannot say, by rule.
//!
//! Owns: the rules of `docs/translation/responses.md`, each told once a request.
//! Must not know: any value.

use crate::request::Loss;

/// The losses of one request.
#[derive(Default)]
pub(super) struct Losses(Vec<Loss>);

macro_rules! losses {
    ($($name:ident = $field:literal, $rule:literal;)*) => {
        $(pub(super) const $name: Loss = Loss { field: $field, rule: $rule };)*
    };
}

losses! {
    TOP_K = "top_k", "no such parameter";
    SEED = "seed", "no such parameter";
    FREQUENCY_PENALTY = "frequency_penalty", "no such parameter";
    PRESENCE_PENALTY = "presence_penalty", "no such parameter";
    STOP = "stop", "no stop strings";
    N = "n", "one answer a request";
    MODALITIES = "modalities", "text only";
    MIN_TOKENS = "max_tokens", "raised to 16, the least that is taken";
    TEMPERATURE = "temperature", "not taken by a model that reasons";
    TOP_P = "top_p", "not taken by a model that reasons";
    BUDGET = "thinking.budget", "told as the nearest effort";
    SERVICE_TIER = "service_tier", "a tier of another provider";
    USER = "user", "hashed: at most 64 characters are taken";
    CACHE = "cache_control", "the provider finds what to cache itself";
    THINKING = "thinking", "only reasoning with this provider's own proof goes back";
    SIGNATURE = "signature", "another provider's proof";
    OUTPUT_MEDIA = "image", "the model's own turn holds text only";
    FILE = "file", "a file's id means something to its own provider only";
    AUDIO = "audio", "base64 sound of a kind with a name only, in messages only";
    UNKNOWN_PART = "content", "a block of another dialect";
    NESTED = "rest", "a member inside an item that the hub has no name for";
    REST = "rest", "a member of another dialect";
    ORPHAN_RESULT = "tool_result", "without its call it is told as text of the user";
    UNANSWERED_CALL = "tool_call", "a call without a result is told to have none";
    BUILT_IN = "tools", "a built-in tool of another provider";
    WEB_SEARCH = "tools.web_search", "settings this provider's search has no place for";
    STRICT = "tools.strict", "the schema is not what strict asks for";
    SCHEMA = "tools.schema", "no alternatives at the top of a schema";
    FORMAT_STRICT = "format.strict", "the schema is not what strict asks for";
    TOOL_CHOICE = "tool_choice", "names a tool that is not there";
}

// === impl Losses ===

impl Losses {
    /// Notes a loss, once.
    pub(super) fn add(&mut self, loss: Loss) {
        if !self.0.contains(&loss) {
            self.0.push(loss);
        }
    }

    /// Notes a loss where something is there to lose.
    pub(super) fn add_if(&mut self, lost: bool, loss: Loss) {
        if lost {
            self.add(loss);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Loss> {
        self.0
    }
}
