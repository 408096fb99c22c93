//! Lists of models and counts of tokens as Gemini gives them.
//!
//! Owns: their shapes.
//! Must not know: another dialect.

use serde_json::{Value, json};

use crate::translate::ModelEntry;

/// The answer to `GET /v1beta/models`.
#[must_use]
pub fn models(list: &[ModelEntry]) -> Vec<u8> {
    let models: Vec<Value> = list.iter().map(shown).collect();
    json!({ "models": models }).to_string().into_bytes()
}

/// The answer to `GET /v1beta/models/{model}`.
#[must_use]
pub fn model(entry: &ModelEntry) -> Vec<u8> {
    shown(entry).to_string().into_bytes()
}

/// The answer to `POST /v1beta/models/{model}:countTokens`.
#[must_use]
pub fn count_tokens(n_tokens: u64) -> Vec<u8> {
    json!({ "totalTokens": n_tokens }).to_string().into_bytes()
}

fn shown(entry: &ModelEntry) -> Value {
    json!({
        "name": format!("models/{}", entry.id),
        "baseModelId": entry.id,
        "displayName": entry.display_name,
        "inputTokenLimit": entry.context_length,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}
