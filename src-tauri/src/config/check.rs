//! Whether a value may stand in the configuration.
//!
//! Owns: [`Rule`] and its texts, the walk that finds unknown keys and their nearest known one.
//! Must not know: which keys there are beyond the table it is given, defaults.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::Model;
use super::former;
use super::keys::{KEYS, Key};

/// What a key may hold.
pub(super) enum Rule {
    Bool,
    Int {
        min: u64,
        max: u64,
    },
    /// Not empty, one line.
    Text,
    /// May be empty and have lines.
    LongText,
    Texts,
    Word(&'static [&'static str]),
    Only(&'static str),
    /// https, or http to this machine.
    Url,
    /// Of a URL, from the root.
    Path,
    /// An IP address and a port.
    Address,
    Models,
    Redirects,
    Proxies,
    Prices,
}

/// A value that may not stand where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// Where.
    pub(super) path: String,
    /// What is expected there. Does not repeat the value.
    pub(super) message: String,
}

const LONGEST_TEXT: usize = 1024;
const LONGEST_PROMPT: usize = 1024 * 1024;
const MOST_ENTRIES: usize = 10_000;
const MOST_DOLLARS: f64 = 1_000_000.0;
/// The members of a price.
const PRICES: [&str; 5] = ["input", "output", "cache_write_5m", "cache_write_1h", "cache_read"];

/// Checks a configuration or a part of one from its root: every key known, every value allowed.
pub(super) fn check(value: &Value) -> Result<(), Bad> {
    check_node(value, "")
}

/// Checks one value of a known key.
pub(super) fn check_key(path: &str, value: &Value) -> Result<(), Bad> {
    match KEYS.iter().find(|it| it.path == path) {
        Some(key) => key.rule.check(path, value),
        None => Err(unknown(path)),
    }
}

fn check_node(value: &Value, path: &str) -> Result<(), Bad> {
    if let Some(key) = KEYS.iter().find(|it| it.path == path) {
        return key.rule.check(path, value);
    }
    let is_section = |path: &str| {
        path.is_empty()
            || KEYS
                .iter()
                .any(|it| it.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    };
    if !is_section(path) {
        return Err(unknown(path));
    }
    let Value::Object(entries) = value else {
        return Err(bad(path, "an object is expected"));
    };
    for (name, value) in entries {
        // A dot in a name would make it look like a path.
        if name.contains('.') {
            return Err(unknown(&join(path, name)));
        }
        check_node(value, &join(path, name))?;
    }
    Ok(())
}

// === impl Rule ===

impl Rule {
    fn check(&self, path: &str, value: &Value) -> Result<(), Bad> {
        match self {
            Self::Bool => expect(value.is_boolean(), path, "true or false is expected"),
            Self::Int { min, max } => {
                let fits = value.as_u64().is_some_and(|it| (*min..=*max).contains(&it));
                expect(fits, path, &format!("a whole number from {min} to {max} is expected"))
            }
            Self::Text => expect(is_text(value), path, "one line of text is expected"),
            Self::LongText => {
                let fits = value.as_str().is_some_and(|it| it.len() <= LONGEST_PROMPT);
                expect(fits, path, "text of at most 1 MiB is expected")
            }
            Self::Texts => {
                let fits = value.as_array().is_some_and(|it| it.iter().all(is_text));
                expect(fits, path, "a list of texts is expected")
            }
            Self::Word(words) => {
                let fits = value.as_str().is_some_and(|it| words.contains(&it));
                expect(fits, path, &format!("one of {} is expected", words.join(", ")))
            }
            Self::Only(word) => {
                let message = format!("only `{word}` is supported");
                expect(value.as_str() == Some(word), path, &message)
            }
            Self::Url => {
                let fits = value.as_str().is_some_and(is_safe_url);
                expect(fits, path, "an https URL is expected (http only to this machine)")
            }
            Self::Path => {
                let fits = value.as_str().is_some_and(|it| {
                    it.starts_with('/') && !it.contains(['?', '#', ' ']) && is_text(value)
                });
                expect(fits, path, "a path that begins with / is expected")
            }
            Self::Address => {
                let fits = value.as_str().is_some_and(|it| it.parse::<SocketAddr>().is_ok());
                expect(fits, path, "an IP address and a port are expected, as 127.0.0.1:8787")
            }
            Self::Models => check_models(path, value),
            Self::Redirects => check_redirects(path, value),
            Self::Proxies => check_proxies(path, value),
            Self::Prices => check_prices(path, value),
        }
    }

    /// The JSON Schema of what it allows.
    pub(super) fn schema(&self) -> Map<String, Value> {
        let schema = match self {
            Self::Bool => json!({"type": "boolean"}),
            Self::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Self::Text => json!({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}),
            Self::LongText => json!({"type": "string", "maxLength": LONGEST_PROMPT}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Only(word) => json!({"type": "string", "const": word}),
            Self::Url => json!({"type": "string", "format": "uri"}),
            Self::Path => json!({"type": "string", "pattern": "^/"}),
            Self::Address => json!({"type": "string", "pattern": ":[0-9]+$"}),
            Self::Models => json!({"type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["id", "type"],
                "properties": {
                    "id": {"type": "string"},
                    "name": {"type": "string"},
                    "type": {"type": "string", "enum": ["anthropic", "openai", "comm", "google"]},
                    "provider": {"type": "string"},
                    "reasoning": {"type": "string", "enum": ["auto", "off", "low", "medium", "high"]},
                    "aliases": {"type": "array", "items": {"type": "string"}},
                    "context_length": {"type": "integer", "minimum": 1},
                    "supports_vision": {"type": "boolean"},
                    "supports_tools": {"type": "boolean"},
                },
            }}),
            Self::Redirects => {
                json!({"type": "object", "additionalProperties": {"type": "string"}})
            }
            Self::Proxies => json!({"type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["url"],
                "properties": {"name": {"type": "string"}, "url": {"type": "string"}},
            }}),
            Self::Prices => {
                let price = json!({"type": "number", "minimum": 0, "maximum": MOST_DOLLARS});
                let prices: Map<String, Value> =
                    PRICES.iter().map(|it| ((*it).to_owned(), price.clone())).collect();
                json!({"type": "object", "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["input", "output"],
                    "properties": prices,
                }})
            }
        };
        match schema {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }
}

fn check_models(path: &str, value: &Value) -> Result<(), Bad> {
    let models: Vec<Model> = serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = match error.path().to_string() {
            it if it == "." => path.to_owned(),
            it => format!("{path}{it}"),
        };
        bad(&inner, &error.into_inner().to_string())
    })?;
    expect(models.len() <= MOST_ENTRIES, path, "at most 10000 models are expected")?;
    let mut names = BTreeSet::new();
    for (index, model) in models.iter().enumerate() {
        for name in std::iter::once(&model.id).chain(&model.aliases) {
            let here = format!("{path}[{index}]");
            expect(is_line(name), &here, "ids and aliases are texts of one line")?;
            expect(names.insert(name), &here, "this id or alias is given twice")?;
        }
    }
    Ok(())
}

fn check_redirects(path: &str, value: &Value) -> Result<(), Bad> {
    let Value::Object(entries) = value else { return Err(bad(path, "an object is expected")) };
    for (from, to) in entries {
        let inside = from.trim_start_matches('*').trim_end_matches('*');
        let fits = is_line(from) && !inside.is_empty() && !inside.contains('*');
        expect(fits, path, "names are a model, with * only at its beginning or end")?;
        expect(is_text(to), &join(path, from), "the name of a model is expected")?;
    }
    Ok(())
}

fn check_proxies(path: &str, value: &Value) -> Result<(), Bad> {
    let Value::Array(entries) = value else { return Err(bad(path, "a list is expected")) };
    for (index, entry) in entries.iter().enumerate() {
        let here = format!("{path}[{index}]");
        let Value::Object(entry) = entry else {
            return Err(bad(&here, "an object with name and url is expected"));
        };
        let unknown = entry.keys().find(|it| !matches!(it.as_str(), "name" | "url"));
        if let Some(name) = unknown {
            return Err(bad(&join(&here, name), "there is no such key: name and url are expected"));
        }
        let name_fits = entry.get("name").is_none_or(Value::is_string);
        expect(name_fits, &join(&here, "name"), "text is expected")?;
        let url = entry.get("url").and_then(Value::as_str).unwrap_or_default();
        let message = "an http, https or socks5 URL with a host is expected";
        expect(is_proxy_url(url), &join(&here, "url"), message)?;
    }
    Ok(())
}

fn check_prices(path: &str, value: &Value) -> Result<(), Bad> {
    let Value::Object(entries) = value else { return Err(bad(path, "an object is expected")) };
    expect(entries.len() <= MOST_ENTRIES, path, "at most 10000 prices are expected")?;
    for (model, prices) in entries {
        expect(is_line(model), path, "names are a model, with * for anything")?;
        let here = join(path, model);
        let Value::Object(prices) = prices else {
            return Err(bad(&here, "an object with input and output is expected"));
        };
        for (name, price) in prices {
            let known = PRICES.contains(&name.as_str());
            expect(
                known,
                &join(&here, name),
                &format!("one of {} is expected", PRICES.join(", ")),
            )?;
            let fits = price.as_f64().is_some_and(|it| (0.0..=MOST_DOLLARS).contains(&it));
            expect(fits, &join(&here, name), "dollars for a million tokens are expected")?;
        }
        let has = |name: &str| prices.contains_key(name);
        expect(has("input") && has("output"), &here, "input and output are expected")?;
    }
    Ok(())
}

fn is_proxy_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|it| {
        matches!(it.scheme(), "http" | "https" | "socks5" | "socks5h") && it.has_host()
    })
}

/// Tokens go there: nobody between may read them.
fn is_safe_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    is_plain && url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && is_loopback)
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(is_line)
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

fn unknown(path: &str) -> Bad {
    if let Some(instead) = former::of_key(path) {
        return bad(path, &former::no_such_key(instead));
    }
    let message = match nearest(path) {
        Some(known) => format!("there is no such key; did you mean `{known}`?"),
        None => "there is no such key".to_owned(),
    };
    bad(path, &message)
}

/// A known key or section that was probably meant: one whose path differs by a few letters, else one
/// of the same name elsewhere.
fn nearest(path: &str) -> Option<&'static str> {
    const FEW: usize = 3;
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let by = |distance: &dyn Fn(&str) -> usize| {
        let near = known_paths().into_iter().map(|known| (distance(known), known));
        near.filter(|(distance, _)| *distance <= FEW).min().map(|(_, known)| known)
    };
    let name = last(path);
    by(&|known| edit_distance(known, path)).or_else(|| {
        by(&|known| edit_distance(&last(known), &name) + usize::from(name.len() <= FEW))
    })
}

fn known_paths() -> BTreeSet<&'static str> {
    let of_key = |key: &Key| {
        let path = key.path;
        let sections = path.match_indices('.').filter_map(move |(end, _)| path.get(..end));
        sections.chain(std::iter::once(path))
    };
    KEYS.iter().flat_map(of_key).collect()
}

/// Levenshtein's: letters to insert, delete or replace.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (n_left, left) in left.chars().enumerate() {
        let mut corner = n_left;
        let mut beside = n_left + 1;
        let mut next = vec![beside];
        for (right, above) in right.iter().zip(row.iter().skip(1)) {
            beside = (beside + 1).min(above + 1).min(corner + usize::from(left != *right));
            next.push(beside);
            corner = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn expect(fits: bool, path: &str, message: &str) -> Result<(), Bad> {
    if fits { Ok(()) } else { Err(bad(path, message)) }
}

fn bad(path: &str, message: &str) -> Bad {
    Bad { path: path.to_owned(), message: message.to_owned() }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
