//! JSON written straight into the bytes that go out.
//!
//! Owns: commas, quotes and brackets.
//! Must not know: the names of any members.

use crate::translate::json;

/// An object that is being written.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    any: bool,
}

/// A list that is being written.
pub(super) struct List<'o> {
    out: &'o mut Vec<u8>,
    any: bool,
}

// === impl Object ===

impl<'o> Object<'o> {
    /// Opens it.
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, any: false }
    }

    /// Writes a member's name; its value is what is written next.
    pub(super) fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if std::mem::replace(&mut self.any, true) {
            self.out.push(b',');
        }
        json::name(self.out, name);
        self.out
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        json::string(self.key(name), text);
    }

    /// A member whose value is JSON already.
    pub(super) fn json(&mut self, name: &str, json: &str) {
        self.key(name).extend_from_slice(json.as_bytes());
    }

    pub(super) fn number(&mut self, name: &str, number: impl serde::Serialize) {
        json::number(self.key(name), number);
    }

    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.json(name, if flag { "true" } else { "false" });
    }

    pub(super) fn object(&mut self, name: &str) -> Object<'_> {
        Object::open(self.key(name))
    }

    pub(super) fn list(&mut self, name: &str) -> List<'_> {
        List::open(self.key(name))
    }

    /// Whether anything was written.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }

    /// Closes it and the event whose data it is.
    pub(super) fn close_event(self) {
        self.out.extend_from_slice(b"}\n\n");
    }
}

// === impl List ===

impl<'o> List<'o> {
    /// Opens it.
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, any: false }
    }

    /// Where the next item is written.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        if std::mem::replace(&mut self.any, true) {
            self.out.push(b',');
        }
        self.out
    }

    pub(super) fn object(&mut self) -> Object<'_> {
        Object::open(self.next())
    }

    /// Whether anything was written.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    pub(super) fn close(self) {
        self.out.push(b']');
    }
}
