//! What a path asks, and in which dialect.
//!
//! Owns: the routes of design section 6.2 as one match.
//! Must not know: bodies, keys' worth.

use axum::http::{HeaderMap, Method, Uri};
use droid_protocol::dialect::{Dialect, Endpoint};
use url::form_urlencoded;

use super::text;

/// A path, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// What its client speaks, also where there is no such path.
    pub(super) dialect: Dialect,
    /// What it asks; none if there is no such path.
    pub(super) asked: Option<Asked>,
    /// The endpoint, where the path insists.
    pub(super) endpoint: Option<Endpoint>,
    /// The model, where the path names it.
    pub(super) model: Option<String>,
    /// Streamed or whole, where the path says so.
    pub(super) stream: Option<bool>,
    /// A stream as one JSON array.
    pub(super) array: bool,
    /// A key in the query.
    pub(super) key: Option<String>,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// An answer of a model.
    Generate,
    /// How many tokens a request has.
    Count,
    /// The models there are.
    Models,
    /// One of them.
    Model(String),
}

// === impl Asked ===

impl Asked {
    pub(super) const fn method(&self) -> Method {
        match self {
            Self::Generate | Self::Count => Method::POST,
            Self::Models | Self::Model(_) => Method::GET,
        }
    }
}

// === impl Path ===

impl Path {
    /// Reads an address. Where the path alone does not tell the dialect, a header does that only
    /// one of them sends.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let (endpoint, path) = prefix(uri.path());
        let guess = match endpoint {
            Some(Endpoint::Anthropic) => Dialect::Anthropic,
            Some(Endpoint::OpenAi) => Dialect::Responses,
            Some(Endpoint::Comm | Endpoint::Google) => Dialect::Chat,
            None if text(headers, "anthropic-version").is_some() => Dialect::Anthropic,
            None if text(headers, "x-goog-api-key").is_some() => Dialect::Gemini,
            None => Dialect::Chat,
        };
        let query = |name: &str| {
            let query = uri.query().unwrap_or_default().as_bytes();
            let mut members = form_urlencoded::parse(query);
            members.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let empty = Self {
            dialect: guess,
            asked: None,
            endpoint,
            model: None,
            stream: None,
            array: false,
            key: None,
        };
        let of = |dialect, asked| Self { dialect, asked: Some(asked), ..empty.clone() };
        let is_gemini = path.starts_with("/v1beta/") || guess == Dialect::Gemini;
        let mut found = match path {
            "/v1/messages" => of(Dialect::Anthropic, Asked::Generate),
            "/v1/messages/count_tokens" => of(Dialect::Anthropic, Asked::Count),
            "/v1/responses" => of(Dialect::Responses, Asked::Generate),
            "/v1/responses/input_tokens" => of(Dialect::Responses, Asked::Count),
            "/v1/chat/completions" => of(Dialect::Chat, Asked::Generate),
            "/v1/models" | "/v1beta/models" => {
                of(if is_gemini { Dialect::Gemini } else { guess }, Asked::Models)
            }
            _ => match path.strip_prefix("/v1/models/").or(path.strip_prefix("/v1beta/models/")) {
                Some(rest) => match rest.rsplit_once(':') {
                    Some((model, action)) => empty.gemini(model, action, &query),
                    None => {
                        let dialect = if is_gemini { Dialect::Gemini } else { guess };
                        of(dialect, Asked::Model(decoded(rest)))
                    }
                },
                None => empty,
            },
        };
        if found.dialect == Dialect::Gemini || path.starts_with("/v1beta/") {
            found.dialect = Dialect::Gemini;
            found.key = query("key");
        }
        found
    }

    /// A call of Gemini's, whose action stands behind the model.
    fn gemini(self, model: &str, action: &str, query: &dyn Fn(&str) -> Option<String>) -> Self {
        let (asked, stream) = match action {
            "generateContent" => (Some(Asked::Generate), Some(false)),
            "streamGenerateContent" => (Some(Asked::Generate), Some(true)),
            "countTokens" => (Some(Asked::Count), None),
            _ => (None, None),
        };
        let array = stream == Some(true) && query("alt").as_deref() != Some("sse");
        let model = Some(decoded(model));
        Self { dialect: Dialect::Gemini, asked, model, stream, array, ..self }
    }
}

/// The endpoint that a path of seed S0 §13.3 insists on, and the path behind it.
fn prefix(path: &str) -> (Option<Endpoint>, &str) {
    for (prefix, endpoint) in [
        ("/droid/claude", Endpoint::Anthropic),
        ("/droid/openai", Endpoint::OpenAi),
        ("/droid/comm", Endpoint::Comm),
    ] {
        if let Some(rest) = path.strip_prefix(prefix).filter(|it| it.starts_with('/')) {
            return (Some(endpoint), rest);
        }
    }
    (None, path)
}

/// A segment without its percent signs.
fn decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    // A plus sign means itself in a path.
    let segment = segment.replace('+', "%2B");
    let mut pairs = form_urlencoded::parse(segment.as_bytes());
    pairs.next().map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(uri: &str, headers: &[(&'static str, &'static str)]) -> Path {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, axum::http::HeaderValue::from_static(value));
        }
        Path::of(&uri.parse().expect("a URI"), &map)
    }

    #[test]
    fn every_route_is_read() {
        for (uri, dialect, asked) in [
            ("/v1/messages?beta=true", Dialect::Anthropic, Some(Asked::Generate)),
            ("/v1/messages/count_tokens", Dialect::Anthropic, Some(Asked::Count)),
            ("/v1/responses", Dialect::Responses, Some(Asked::Generate)),
            ("/v1/chat/completions", Dialect::Chat, Some(Asked::Generate)),
            ("/v1/models", Dialect::Chat, Some(Asked::Models)),
            ("/v1/models/glm-4.6", Dialect::Chat, Some(Asked::Model("glm-4.6".to_owned()))),
            ("/v1beta/models", Dialect::Gemini, Some(Asked::Models)),
            ("/v1beta/models/g%2Fx", Dialect::Gemini, Some(Asked::Model("g/x".to_owned()))),
            ("/v1/models/g:generateContent", Dialect::Gemini, Some(Asked::Generate)),
            ("/v1beta/models/g:countTokens", Dialect::Gemini, Some(Asked::Count)),
            ("/v1beta/models/g:embedContent", Dialect::Gemini, None),
            ("/v1/embeddings", Dialect::Chat, None),
            ("/droid/claude/v1/messages", Dialect::Anthropic, Some(Asked::Generate)),
            ("/droid/openai/v1/responses", Dialect::Responses, Some(Asked::Generate)),
            ("/droid/comm/v1/chat/completions", Dialect::Chat, Some(Asked::Generate)),
            ("/droid/claude/v1/models", Dialect::Anthropic, Some(Asked::Models)),
            ("/droid/claudette/v1/messages", Dialect::Chat, None),
        ] {
            let read = path(uri, &[]);
            assert_eq!((read.dialect, read.asked), (dialect, asked), "{uri}");
        }
        assert_eq!(path("/droid/comm/v1/models", &[]).endpoint, Some(Endpoint::Comm));
        let anthropic = path("/v1/models", &[("anthropic-version", "2023-06-01")]);
        assert_eq!(anthropic.dialect, Dialect::Anthropic);
        assert_eq!(path("/v1/models", &[("x-goog-api-key", "k")]).dialect, Dialect::Gemini);
    }

    #[test]
    fn geminis_path_says_the_model_the_stream_and_its_form() {
        let events = path("/v1beta/models/g:streamGenerateContent?alt=sse&key=k", &[]);
        assert_eq!(events.model.as_deref(), Some("g"));
        assert_eq!((events.stream, events.array), (Some(true), false));
        assert_eq!(events.key.as_deref(), Some("k"));
        let array = path("/v1/models/g:streamGenerateContent", &[]);
        assert_eq!((array.stream, array.array), (Some(true), true));
        let whole = path("/v1/models/g:generateContent?alt=sse", &[]);
        assert_eq!((whole.stream, whole.array), (Some(false), false));
        assert_eq!(path("/v1/chat/completions?key=k", &[]).key, None);
    }
}
