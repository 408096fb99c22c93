//! Names and ids that fit.
//!
//! Owns: how long an id may be here, and what becomes of a longer one: always the same.
//! Must not know: what the ids name.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// The longest id of a tool call that OpenAI takes.
pub(super) const MAX_CALL: usize = 40;
/// The longest `user` and `prompt_cache_key`.
pub(super) const MAX_NAME: usize = 64;

/// The id of a call, as it is where it fits.
pub(super) fn call(id: &str, own: bool) -> Cow<'_, str> {
    let id = short(id, own, MAX_CALL, "call_");
    if id.is_empty() { Cow::Borrowed("call_0") } else { id }
}

/// A text as it is where it fits, else `prefix` and as much of its hash as fits.
pub(super) fn short<'t>(text: &'t str, own: bool, most: usize, prefix: &str) -> Cow<'t, str> {
    if own || text.len() <= most {
        return Cow::Borrowed(text);
    }
    let mut made = prefix.to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        for nibble in [byte >> 4, byte & 15] {
            if made.len() < most {
                made.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
    }
    Cow::Owned(made)
}
