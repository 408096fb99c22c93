//! Params of a call, and errors that name the field.
//!
//! Owns: reading params into a type, and what a wrong one is called.
//! Must not know: methods. Never repeats a value it was given: it may be a secret.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// Reads params. Absent ones are an empty object.
///
/// # Errors
/// [`Error::Invalid`] with the path of the field and what is expected there.
pub fn parse<T: DeserializeOwned>(params: Option<&str>) -> Result<T> {
    let text = params.unwrap_or("{}");
    if text.starts_with('[') {
        return Err(Error::invalid("params", "expected an object, these methods take no list"));
    }
    serde_json::from_str(text).or_else(|_| explain(text))
}

/// For a field that may be left out: hosts write what is not there as null, too.
///
/// # Errors
/// What the value's own type refuses.
pub fn or_default<'de, T, D>(deserializer: D) -> std::result::Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a moment that may be left out.
///
/// # Errors
/// [`Error::Invalid`] with the name of the field.
pub fn moment(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let read = Timestamp::from_rfc3339(text);
    read.map(Some)
        .ok_or_else(|| Error::invalid(field, "expected a time such as 2026-11-21T00:00:00Z"))
}

/// Reads it again, slower, to learn where it went wrong.
fn explain<T: DeserializeOwned>(text: &str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "params".to_owned() } else { path };
        Error::invalid(field, without_values(&error.into_inner().to_string()))
    })
}

/// Takes out of serde's text what repeats the input: `invalid type: string "fk-...", expected a
/// map` becomes `expected a map`.
pub fn without_values(text: &str) -> String {
    let text = text.split(" at line ").next().unwrap_or_default();
    if let Some((_, expected)) = text.split_once(", expected ") {
        return format!("expected {expected}");
    }
    for known in ["missing field", "duplicate field", "recursion limit exceeded", "expected "] {
        if text.starts_with(known) {
            return text.to_owned();
        }
    }
    if text.starts_with("unknown field") {
        return "unknown field".to_owned();
    }
    "not acceptable".to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Shape {
        name: String,
        #[serde(default)]
        keys: Vec<String>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        raw: Box<serde_json::value::RawValue>,
        n: u8,
    }

    #[test]
    fn errors_name_the_field_and_never_the_value() {
        for (text, field, message) in [
            ("{}", "params", "missing field `name`"),
            (r#"{"name":7}"#, "name", "expected a string"),
            (r#"{"name":"a","keys":["b",{"fk-canary":1}]}"#, "keys[1]", "expected a string"),
            (r#"{"name":"a","keys":"fk-canary"}"#, "keys", "expected a sequence"),
            (r#"{"name":"a","fk-canary":1}"#, "fk-canary", "expected one of `name`"),
            (r#"{"name":"a","inner":{"raw":{},"n":-1}}"#, "inner.n", "expected u8"),
            (r#"["fk-canary"]"#, "params", "object"),
        ] {
            let Err(Error::Invalid { field: at, message: says }) = parse::<Shape>(Some(text))
            else {
                panic!("{text} was accepted");
            };
            assert!(says.contains(message), "{text}: {says}");
            assert!(!says.contains("canary"), "{says}");
            if field != "fk-canary" {
                assert_eq!(at, field, "{text}");
            }
        }
    }
}
