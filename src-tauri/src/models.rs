//! From a model's name to where it goes.
//!
//! Owns: redirects, aliases, the endpoint and provider of a name (seed S0 §1.4, §6, design 6.4).
//! Must not know: accounts, requests.

use droid_protocol::dialect::Endpoint;

use crate::config::{Config, Model, Reasoning};

/// Where a model's requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name upstream knows.
    pub model: String,
    /// The endpoint that serves it.
    pub endpoint: Endpoint,
    /// `x-api-provider`.
    pub provider: String,
    /// The level forced on it.
    pub reasoning: Reasoning,
}

/// A named set of models, for the host's tiers (seed S1 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Which ids belong to it.
    pub pattern: &'static str,
}

/// The families, most specific first.
pub const FAMILIES: [Family; 7] = [
    Family { name: "opus", pattern: "claude-opus-*" },
    Family { name: "sonnet", pattern: "claude-sonnet-*" },
    Family { name: "haiku", pattern: "claude-*haiku*" },
    Family { name: "claude", pattern: "claude-*" },
    Family { name: "gpt", pattern: "gpt-*" },
    Family { name: "gemini", pattern: "gemini-*" },
    Family { name: "glm", pattern: "glm-*" },
];

/// Routes a model. Every name routes: what the catalogue does not know goes by its name.
#[must_use]
pub fn route(config: &Config, asked: &str) -> Route {
    let name = resolve(config, asked);
    let entry = find(config, name);
    let model = entry.map_or(name, |it| it.id.as_str());
    let endpoint = entry.map_or_else(|| endpoint_by_name(model), |it| it.endpoint);
    let provider = entry
        .and_then(|it| it.provider.clone())
        .unwrap_or_else(|| provider_by_name(endpoint, model).to_owned());
    Route {
        model: model.to_owned(),
        endpoint,
        provider,
        reasoning: entry.map_or(Reasoning::Auto, |it| it.reasoning),
    }
}

/// Whether a name is one of ours: in the catalogue, redirected, or of a family Factory serves.
#[must_use]
pub fn supports(config: &Config, asked: &str) -> bool {
    let name = resolve(config, asked);
    name != asked
        || find(config, name).is_some()
        || FAMILIES.iter().any(|it| fits(it.pattern, &name.to_ascii_lowercase()))
        || is_openai_reasoner(&name.to_ascii_lowercase())
}

/// The family of a model, `other` if none.
#[must_use]
pub fn family(model: &str) -> &'static str {
    let model = model.to_ascii_lowercase();
    FAMILIES.iter().find(|it| fits(it.pattern, &model)).map_or("other", |it| it.name)
}

/// `x-api-provider` of a name (seed S0 §6.1 and `infer_provider_from_model`).
#[must_use]
pub fn provider_by_name(endpoint: Endpoint, model: &str) -> &'static str {
    let model = model.to_ascii_lowercase();
    match endpoint {
        Endpoint::Anthropic => "anthropic",
        Endpoint::OpenAi if model.contains("-max") => "openai",
        Endpoint::OpenAi => "azure_openai",
        Endpoint::Google => "google",
        Endpoint::Comm if model.contains("gemini") => "google",
        Endpoint::Comm if model.contains("claude") => "anthropic",
        Endpoint::Comm if model.contains("gpt") => "azure_openai",
        Endpoint::Comm if model.contains("glm") => "fireworks",
        Endpoint::Comm => "baseten",
    }
}

/// Applies the redirects once. An exact one always holds; one with `*` only for names the
/// catalogue lacks, so that adding a model to the catalogue is enough to stop a redirect.
fn resolve<'a>(config: &'a Config, asked: &'a str) -> &'a str {
    if let Some(target) = config.model_redirects.get(asked) {
        return target;
    }
    if find(config, asked).is_some() {
        return asked;
    }
    let lower = asked.to_ascii_lowercase();
    config
        .model_redirects
        .iter()
        .find(|(pattern, _)| pattern.contains('*') && fits(pattern, &lower))
        .map_or(asked, |(_, target)| target)
}

fn find<'a>(config: &'a Config, name: &str) -> Option<&'a Model> {
    config.models.iter().find(|it| it.id == name || it.aliases.iter().any(|alias| alias == name))
}

fn endpoint_by_name(model: &str) -> Endpoint {
    let model = model.to_ascii_lowercase();
    if model.starts_with("claude") {
        Endpoint::Anthropic
    } else if model.starts_with("gpt") || is_openai_reasoner(&model) {
        Endpoint::OpenAi
    } else {
        Endpoint::Comm
    }
}

/// `o1`, `o3-mini`, `codex-...`.
fn is_openai_reasoner(model: &str) -> bool {
    model.starts_with("codex")
        || model.strip_prefix('o').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether `*` in a pattern can stand for something that makes it the text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_route_by_catalogue_redirect_and_shape() {
        let config = Config::default();
        for (asked, model, endpoint, provider) in [
            ("claude-opus-4-1-20250805", "claude-opus-4-1-20250805", "anthropic", "anthropic"),
            ("claude-haiku-4-5", "claude-sonnet-4-20250514", "anthropic", "anthropic"),
            ("gpt-5", "gpt-5-2025-08-07", "openai", "azure_openai"),
            ("gpt-5.1-codex-max", "gpt-5.1-codex-max", "openai", "openai"),
            ("o3-mini", "o3-mini", "openai", "azure_openai"),
            ("gemini-3-pro", "gemini-3-pro", "comm", "google"),
            ("glm-5", "glm-5", "comm", "fireworks"),
            ("kimi-k2", "kimi-k2", "comm", "baseten"),
        ] {
            let route = route(&config, asked);
            assert_eq!(
                (route.model.as_str(), route.endpoint.as_str(), route.provider.as_str()),
                (model, endpoint, provider),
                "{asked}"
            );
        }
    }

    #[test]
    fn a_catalogued_haiku_is_not_redirected() {
        let mut config = Config::default();
        let mut haiku = config.models[0].clone();
        haiku.id = "claude-haiku-4-5".to_owned();
        haiku.aliases = vec!["haiku".to_owned()];
        config.models.push(haiku);
        assert_eq!(route(&config, "claude-haiku-4-5").model, "claude-haiku-4-5");
        assert_eq!(route(&config, "haiku").model, "claude-haiku-4-5");
        assert_eq!(route(&config, "claude-3-haiku-x").model, "claude-sonnet-4-20250514");
    }

    #[test]
    fn support_is_by_catalogue_family_or_redirect() {
        let config = Config::default();
        for (model, supported) in [
            ("claude-anything", true),
            ("gpt-5", true),
            ("o4-mini", true),
            ("glm-4.6", true),
            ("llama-3", false),
            ("", false),
        ] {
            assert_eq!(supports(&config, model), supported, "{model}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, does) in [
            ("*haiku*", "claude-3-haiku", true),
            ("a*b", "ab", true),
            ("a*b", "acbd", false),
            ("a*b*c", "aXbYc", true),
            ("exact", "exactly", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), does, "{pattern} {text}");
        }
    }
}
