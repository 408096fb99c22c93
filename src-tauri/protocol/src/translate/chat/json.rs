//! JSON text, written as it comes.
//!
//! Owns: commas, quotes and escapes.
//! Must not know: what any member means.

use crate::translate::json;
pub(super) use crate::translate::json::string;

/// An object or an array that is being written.
pub(super) struct Open<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
    close: u8,
}

/// The inside of a string, for one that is put together from several texts. There is a byte
/// before it, since a string has begun.
pub(super) fn inner(out: &mut Vec<u8>, text: &str) {
    let Some(before) = out.pop() else { return };
    let at = out.len();
    string(out, text);
    out.pop();
    if let Some(quote) = out.get_mut(at) {
        *quote = before;
    }
}

/// A string with its quotes, on its own.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

// === impl Open ===

impl<'o> Open<'o> {
    pub(super) fn object(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true, close: b'}' }
    }

    pub(super) fn array(out: &'o mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, empty: true, close: b']' }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.empty
    }

    /// Where the next element of an array goes.
    pub(super) fn item(&mut self) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out
    }

    /// Where the value of a member goes.
    pub(super) fn key(&mut self, name: &str) -> &mut Vec<u8> {
        json::name(self.item(), name);
        self.out
    }

    /// A member that is a string.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        string(self.key(name), value);
    }

    /// A member whose value is JSON text already.
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        self.key(name).extend_from_slice(value.as_bytes());
    }

    pub(super) fn close(self) {
        self.out.push(self.close);
    }
}
