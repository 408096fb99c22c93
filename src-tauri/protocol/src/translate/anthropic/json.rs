//! JSON written straight into the bytes that leave.
//!
//! Owns: commas, escapes, and whether a text is JSON that can stand where it is put.
//! Must not know: field names.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::translate::json::name;
pub(super) use crate::translate::json::{number, string};

/// An object being written; [`Obj::end`] closes it.
pub(super) struct Obj<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

/// An array being written; [`Arr::end`] closes it.
pub(super) struct Arr<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

/// Whether a text is one JSON object.
pub(super) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The members of an object as they stand between its braces; none where it has none.
pub(super) fn inside(object: &str) -> Option<&str> {
    let inside = object.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    (!inside.is_empty()).then_some(inside)
}

// === impl Obj ===

impl<'o> Obj<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes a key and gives the place of its value.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.comma();
        name(self.out, key);
        self.out
    }

    pub(super) fn str(&mut self, key: &str, value: &str) -> &mut Self {
        string(self.key(key), value);
        self
    }

    pub(super) fn u64(&mut self, key: &str, value: u64) -> &mut Self {
        number(self.key(key), value);
        self
    }

    /// Writes a member whose value is JSON text.
    pub(super) fn json(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key).extend_from_slice(value.as_bytes());
        self
    }

    pub(super) fn raw(&mut self, key: &str, value: &RawValue) -> &mut Self {
        self.json(key, value.get())
    }

    pub(super) fn raw_opt(&mut self, key: &str, value: Option<&RawValue>) -> &mut Self {
        if let Some(value) = value {
            self.raw(key, value);
        }
        self
    }

    /// Writes the members of another object.
    pub(super) fn splice(&mut self, object: Option<&str>) -> &mut Self {
        if let Some(members) = object.and_then(inside) {
            self.comma();
            self.out.extend_from_slice(members.as_bytes());
        }
        self
    }

    pub(super) fn end(&mut self) {
        self.out.push(b'}');
    }

    /// Where the object is written; only for what follows its end.
    pub(super) const fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }
}

// === impl Arr ===

impl<'o> Arr<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, first: true }
    }

    /// The place of the next element.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.out
    }

    pub(super) fn end(&mut self) {
        self.out.push(b']');
    }
}
