//! Codex: `~/.codex/config.toml`, a model provider of its own.
//!
//! Owns: the provider's table, and which keys of the top level choose it.
//! Must not know: files.

use toml_edit::{DocumentMut, Item, Table, value};

use super::Target;
use crate::cli::failure::{Failure, Result};
use crate::secret::Secret;

const PROVIDERS: &str = "model_providers";
const NAME: &str = "droid-provider";
const CHOICE: &str = "model_provider";
const MODEL: &str = "model";
const KEY: &str = "experimental_bearer_token";
/// Asked for where nobody names a model: Codex would choose one that is not served.
const USUAL_MODEL: &str = "gpt-5-codex";

pub(super) fn applied(before: &str, target: &Target<'_>) -> Result<String> {
    let mut all = read(before)?;
    let model = target.model.map(str::to_owned);
    let model = model.or_else(|| {
        // A person's own choice of a model stays, if it is one of the provider's already.
        let is_ours = all.get(CHOICE).and_then(Item::as_str) == Some(NAME);
        all.get(MODEL).and_then(Item::as_str).filter(|_| is_ours).map(str::to_owned)
    });
    put(&mut all, CHOICE, value(NAME));
    put(&mut all, MODEL, value(model.unwrap_or_else(|| USUAL_MODEL.to_owned())));
    let providers = all.entry(PROVIDERS).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Some(providers) = providers.as_table_like_mut() else {
        return Err(Failure::new("failed", "`model_providers` is no table: left alone"));
    };
    let mut ours = Table::new();
    ours.insert("name", value("droid-provider gateway"));
    ours.insert("base_url", value(format!("{}/v1", target.url)));
    ours.insert("wire_api", value("responses"));
    ours.insert(KEY, value(target.key.expose()));
    providers.insert(NAME, Item::Table(ours));
    Ok(all.to_string())
}

pub(super) fn undone(now: &str, before: &str) -> Result<String> {
    let mut all = read(now)?;
    let former = read(before).unwrap_or_default();
    for name in [CHOICE, MODEL] {
        match former.get(name) {
            Some(item) => put(&mut all, name, item.clone()),
            None => drop(all.remove(name)),
        }
    }
    let mut is_empty = false;
    if let Some(providers) = all.get_mut(PROVIDERS).and_then(Item::as_table_like_mut) {
        providers.remove(NAME);
        is_empty = providers.is_empty();
    }
    if is_empty && former.get(PROVIDERS).is_none() {
        all.remove(PROVIDERS);
    }
    Ok(all.to_string())
}

pub(super) fn points_at(text: &str) -> Option<String> {
    let all = read(text).ok()?;
    let ours = all.get(PROVIDERS)?.get(NAME)?;
    Some(ours.get("base_url")?.as_str()?.to_owned())
}

pub(super) fn key(text: &str) -> Option<Secret> {
    let all = read(text).ok()?;
    all.get(PROVIDERS)?.get(NAME)?.get(KEY)?.as_str().map(Secret::new)
}

/// Sets a value and keeps the comment that stands before it.
fn put(all: &mut DocumentMut, name: &str, item: Item) {
    match all.get_mut(name) {
        Some(Item::Value(present)) => {
            let decor = present.decor().clone();
            if let Item::Value(mut new) = item {
                *new.decor_mut() = decor;
                *present = new;
            }
        }
        _ => {
            all.insert(name, item);
        }
    }
}

fn read(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|_| {
        Failure::new("failed", "the settings file is no TOML and was left alone")
            .hint("mend it, or write the settings yourself: --print shows them")
    })
}
