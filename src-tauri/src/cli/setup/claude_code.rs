//! Claude Code: `~/.claude/settings.json`, variables under `env`.
//!
//! Owns: which variables they are.
//! Must not know: files.

use serde_json::Value;

use super::Target;
use super::json::Object;
use crate::cli::failure::Result;
use crate::secret::Secret;

const ENV: &str = "env";
const URL: &str = "ANTHROPIC_BASE_URL";
const KEY: &str = "ANTHROPIC_AUTH_TOKEN";
const MODEL: &str = "ANTHROPIC_MODEL";
/// Would be used before the token.
const OTHER_KEY: &str = "ANTHROPIC_API_KEY";

pub(super) fn applied(before: &str, target: &Target<'_>) -> Result<String> {
    let mut all = Object::read(before)?;
    let mut env = all.object(ENV)?;
    let mut set = |name: &str, text: &str| env.set(name, Value::from(text).to_string());
    set(URL, target.url);
    set(KEY, target.key.expose());
    if let Some(model) = target.model {
        set(MODEL, model);
    }
    env.remove(OTHER_KEY);
    all.set(ENV, env.text(1));
    Ok(all.file())
}

pub(super) fn undone(now: &str, before: &str) -> Result<String> {
    let mut all = Object::read(now)?;
    let mut env = all.object(ENV)?;
    let former = Object::read(before).unwrap_or_default();
    let former_env = former.object(ENV).unwrap_or_default();
    for name in [URL, KEY, MODEL, OTHER_KEY] {
        match former_env.raw(name) {
            Some(text) => env.set(name, text),
            None => env.remove(name),
        }
    }
    if env.is_empty() && former.raw(ENV).is_none() {
        all.remove(ENV);
    } else if let (true, Some(text)) = (env == former_env, former.raw(ENV)) {
        all.set(ENV, text);
    } else {
        all.set(ENV, env.text(1));
    }
    Ok(if all == former { before.to_owned() } else { all.file() })
}

pub(super) fn points_at(text: &str) -> Option<String> {
    let env = Object::read(text).ok()?.object(ENV).ok()?;
    let is_ours = env.get(KEY)?.as_str()?.starts_with("dpk_");
    env.get(URL)?.as_str().filter(|_| is_ours).map(str::to_owned)
}

pub(super) fn key(text: &str) -> Option<Secret> {
    let env = Object::read(text).ok()?.object(ENV).ok()?;
    env.get(KEY)?.as_str().map(Secret::new)
}
