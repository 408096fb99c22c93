//! Factory's Droid: `~/.factory/config.json`, own models under `custom_models`.
//!
//! Owns: how an own model is described there.
//! Must not know: files.

use serde_json::{Value, json};

use super::Target;
use super::json::{self, Object};
use crate::cli::failure::Result;
use crate::secret::Secret;

const MODELS: &str = "custom_models";
/// What our entries are recognised by.
const MARK: &str = "(droid-provider)";
/// Offered where nobody names one.
const USUAL: [&str; 2] = ["claude-sonnet-4-5-20250929", "gpt-5-codex"];

pub(super) fn applied(before: &str, target: &Target<'_>) -> Result<String> {
    let mut all = Object::read(before)?;
    let mut models = json::elements(all.raw(MODELS).unwrap_or("[]"))?;
    models.retain(|it| !is_ours(it));
    let wanted = target.model.map_or_else(|| USUAL.to_vec(), |it| vec![it]);
    models.extend(wanted.into_iter().map(|model| entry(model, target)));
    all.set(MODELS, json::list(&models, 1));
    Ok(all.file())
}

pub(super) fn undone(now: &str, before: &str) -> Result<String> {
    let mut all = Object::read(now)?;
    let former = Object::read(before).unwrap_or_default();
    let mut models = json::elements(all.raw(MODELS).unwrap_or("[]"))?;
    models.retain(|it| !is_ours(it));
    match former.raw(MODELS) {
        Some(text) if json::elements(text).is_ok_and(|it| it == models) => all.set(MODELS, text),
        None if models.is_empty() => all.remove(MODELS),
        _ => all.set(MODELS, json::list(&models, 1)),
    }
    Ok(if all == former { before.to_owned() } else { all.file() })
}

pub(super) fn points_at(text: &str) -> Option<String> {
    Some(ours(text)?["base_url"].as_str()?.to_owned())
}

pub(super) fn key(text: &str) -> Option<Secret> {
    ours(text)?["api_key"].as_str().map(Secret::new)
}

/// The first of our entries.
fn ours(text: &str) -> Option<Value> {
    let models = json::elements(Object::read(text).ok()?.raw(MODELS)?).ok()?;
    serde_json::from_str(models.iter().find(|it| is_ours(it))?).ok()
}

fn entry(model: &str, target: &Target<'_>) -> String {
    let (provider, path) = match model {
        it if it.starts_with("claude") => ("anthropic", ""),
        it if it.starts_with("gpt") || it.starts_with('o') => ("openai", "/v1"),
        _ => ("generic-chat-completion-api", "/v1"),
    };
    let mut entry = Object::default();
    for (name, text) in [
        ("model_display_name", format!("{model} {MARK}")),
        ("model", model.to_owned()),
        ("base_url", format!("{}{path}", target.url)),
        ("api_key", target.key.expose().to_owned()),
        ("provider", provider.to_owned()),
    ] {
        entry.set(name, json!(text).to_string());
    }
    entry.text(2)
}

fn is_ours(entry: &str) -> bool {
    let entry: Value = serde_json::from_str(entry).unwrap_or_default();
    entry["model_display_name"].as_str().is_some_and(|it| it.ends_with(MARK))
}
