//! The models there are, as each dialect lists them.
//!
//! Owns: which names are listed.
//! Must not know: accounts: a name is listed whether or not one serves it now.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::response::Response;
use droid_protocol::dialect::Dialect;
use droid_protocol::translate::{ModelEntry, anthropic, chat, gemini, responses};

use super::json;
use crate::client_keys::{self, ClientKey};
use crate::config::{Config, Model};
use crate::gateway::error::Refusal;
use crate::gateway::shared::Shared;
use crate::models;

/// 2025-01-01: nobody tells when a model was made whose name does not.
const MADE: i64 = 1_735_689_600;

/// All of them that the client's key may ask for.
pub(super) fn list(shared: &Shared, client: Dialect, key: Option<&ClientKey>) -> Response {
    let mut list = entries(&shared.app.config.get());
    list.retain(|it| key.is_none_or(|key| client_keys::may_ask(&key.models, &it.id)));
    json(match client {
        Dialect::Anthropic => Body::from(anthropic::models(&list)),
        Dialect::Responses => Body::from(responses::models(&list)),
        Dialect::Chat => Body::from(chat::models(&list)),
        Dialect::Gemini => Body::from(gemini::models(&list)),
    })
}

/// One of them. Any name that routes is one: the list holds only those with a name for people.
pub(super) fn one(
    shared: &Shared,
    client: Dialect,
    id: &str,
    key: Option<&ClientKey>,
) -> Result<Response, Refusal> {
    if key.is_some_and(|key| !client_keys::may_ask(&key.models, id)) {
        return Err(Refusal::NoModel);
    }
    let config = shared.app.config.get();
    let listed = entries(&config).into_iter().find(|it| it.id == id);
    let entry = match listed {
        Some(entry) => entry,
        None if models::supports(&config, id) => ModelEntry {
            id: id.to_owned(),
            display_name: id.to_owned(),
            created: made(id),
            context_length: 0,
        },
        None => return Err(Refusal::NoModel),
    };
    Ok(json(match client {
        Dialect::Anthropic => Body::from(anthropic::model(&entry)),
        Dialect::Responses => Body::from(responses::model(&entry)),
        Dialect::Chat => Body::from(chat::model(&entry)),
        Dialect::Gemini => Body::from(gemini::model(&entry)),
    }))
}

/// The catalogue, its aliases, and the names that redirects lead away from.
fn entries(config: &Config) -> Vec<ModelEntry> {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    let mut add = |id: &str, model: Option<&Model>| {
        if seen.insert(id.to_owned()) {
            entries.push(ModelEntry {
                id: id.to_owned(),
                display_name: model
                    .map(|it| it.name.as_str())
                    .filter(|it| !it.is_empty())
                    .unwrap_or(id)
                    .to_owned(),
                created: made(model.map_or(id, |it| it.id.as_str())),
                context_length: model.map_or(0, |it| it.context_length),
            });
        }
    };
    for model in &config.models {
        add(&model.id, Some(model));
        for alias in &model.aliases {
            add(alias, Some(model));
        }
    }
    for (name, target) in config.model_redirects.iter().filter(|(name, _)| !name.contains('*')) {
        let model = config.models.iter().find(|it| it.id == *target);
        add(name, model);
    }
    entries
}

/// The day that a name ends in, as `claude-sonnet-4-20250514` and `gpt-5-2025-08-07` do, in seconds.
fn made(id: &str) -> i64 {
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let day = digits.len().checked_sub(8).and_then(|at| digits.get(at..));
    let day = day.filter(|it| it.starts_with("20"));
    day.and_then(|it| chrono::NaiveDate::parse_from_str(it, "%Y%m%d").ok())
        .and_then(|it| it.and_hms_opt(0, 0, 0))
        .map_or(MADE, |it| it.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_made_when_their_name_says_so_in_seconds() {
        assert_eq!(made("claude-sonnet-4-20250514"), 1_747_180_800);
        assert_eq!(made("gpt-5-2025-08-07"), 1_754_524_800);
        assert_eq!(made("glm-4.6"), MADE);
    }

    #[test]
    fn the_list_holds_ids_aliases_and_redirects_once() {
        let mut config = Config::default();
        config.models[0].aliases = vec!["opus".to_owned(), "opus".to_owned()];
        let ids: Vec<String> = entries(&config).into_iter().map(|it| it.id).collect();
        for id in ["claude-opus-4-1-20250805", "opus", "gpt-5"] {
            assert_eq!(ids.iter().filter(|it| *it == id).count(), 1, "{id}");
        }
        assert!(!ids.iter().any(|it| it.contains('*')));
    }
}
