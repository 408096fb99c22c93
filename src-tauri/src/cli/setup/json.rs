//! Settings that are JSON, edited as text: what is not ours keeps its order and its form.
//!
//! Owns: objects and lists whose members are texts.
//! Must not know: any client.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::failure::{Failure, Result};

const STEP: &str = "  ";

/// An object, its members in their order, each value as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object(Vec<(String, String)>);

// === impl Object ===

impl Object {
    /// The object a file holds; an empty file holds an empty one.
    ///
    /// # Errors
    /// When it is no JSON object: a file that cannot be understood is left alone.
    pub(super) fn read(text: &str) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|_| {
            Failure::new("failed", "the settings file is no JSON object and was left alone")
                .hint("mend it, or write the settings yourself: --print shows them")
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A member's text.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, text)| text.as_str())
    }

    /// A member's value.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// The object at a member; an empty one if there is none.
    ///
    /// # Errors
    /// When something else is there.
    pub(super) fn object(&self, name: &str) -> Result<Self> {
        let Some(text) = self.raw(name) else { return Ok(Self::default()) };
        serde_json::from_str(text).map_err(|_| {
            let message = format!("`{name}` in the settings file is no object: left alone");
            Failure::new("failed", message)
        })
    }

    /// Sets a member, in its place if it is there.
    pub(super) fn set(&mut self, name: &str, text: impl Into<String>) {
        match self.0.iter_mut().find(|(it, _)| it == name) {
            Some((_, present)) => *present = text.into(),
            None => self.0.push((name.to_owned(), text.into())),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(it, _)| it != name);
    }

    /// As text, its own members on lines of their own.
    pub(super) fn text(&self, depth: usize) -> String {
        let member =
            |(name, text): &(String, String)| format!("{}: {text}", Value::from(name.as_str()));
        braced(self.0.iter().map(member), depth, ['{', '}'])
    }

    /// As a file.
    pub(super) fn file(&self) -> String {
        self.text(0) + "\n"
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, raw)) = map.next_entry::<String, Box<RawValue>>()? {
                    object.set(&name, raw.get());
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A list's elements as they were written.
///
/// # Errors
/// When it is no list.
pub(super) fn elements(text: &str) -> Result<Vec<String>> {
    let elements: Vec<Box<RawValue>> = serde_json::from_str(text)
        .map_err(|_| Failure::new("failed", "a list was expected in the settings: left alone"))?;
    Ok(elements.iter().map(|it| it.get().to_owned()).collect())
}

/// A list as text.
pub(super) fn list(elements: &[String], depth: usize) -> String {
    braced(elements.iter().cloned(), depth, ['[', ']'])
}

fn braced(parts: impl Iterator<Item = String>, depth: usize, [open, close]: [char; 2]) -> String {
    let inner = STEP.repeat(depth + 1);
    let parts: Vec<String> = parts.map(|it| format!("{inner}{it}")).collect();
    if parts.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open}\n{}\n{}{close}", parts.join(",\n"), STEP.repeat(depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_form_of_what_is_not_ours_stay() {
        let text = "{\n  \"z\": [1,   2],\n  \"a\": {\"y\": 1.50, \"x\": null}\n}\n";
        let mut object = Object::read(text).unwrap();
        assert_eq!(object.file(), text);
        object.set("m", "true");
        object.remove("m");
        assert_eq!(object.file(), text);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "{", "null", "{\"a\":1} x", "// note\n{}"] {
            assert_eq!(Object::read(text).unwrap_err().kind, "failed", "{text}");
        }
        assert!(Object::read(" ").unwrap().is_empty());
    }
}
