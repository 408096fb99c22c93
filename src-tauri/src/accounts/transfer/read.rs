//! From a file's bytes to what it holds.
//!
//! Owns: which text bytes are, telling the formats apart.
//! Must not know: what is in them.

use serde_json::Value;

use super::content::Content;
use super::{droid2api, host, key_pool, own, relay};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::store::HostRow;

/// What may be needed to open a file's secrets.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Of an export of our own.
    pub passphrase: Option<Secret>,
    /// `ENCRYPTION_KEY` of claude-relay-service.
    pub relay: Option<Secret>,
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as PowerShell writes files.
#[must_use]
pub fn text_of(bytes: Vec<u8>) -> Option<Secret> {
    let units = |each: fn([u8; 2]) -> u16| -> Option<Secret> {
        let pairs = bytes.get(2..)?.chunks_exact(2).map(|it| each([it[0], it[1]]));
        String::from_utf16(&pairs.collect::<Vec<u16>>()).ok().map(Secret::new)
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] if bytes.len().is_multiple_of(2) => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] if bytes.len().is_multiple_of(2) => units(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok().map(Secret::new),
    }
}

/// Reads a file of any known format. Nothing is stored, nothing is asked.
///
/// # Errors
/// [`Error::Invalid`]: `content` when it is of no known format or not whole, `passphrase` or
/// `relay_key` when one is needed or wrong.
pub fn read(text: &Secret, keys: &Keys) -> Result<Content> {
    let text = text.expose().trim_start_matches('\u{feff}').trim();
    let file: Value = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            if let Some(content) = key_pool::read_lines(text) {
                return Ok(content);
            }
            // What serde says may repeat a secret: only the place is told.
            let (line, column) = (error.line(), error.column());
            let message = format!("it is neither JSON (line {line}, column {column}) nor keys");
            return Err(Error::invalid("content", message));
        }
    };
    if file["format"] == own::FORMAT {
        return own::read(&file, keys.passphrase.as_ref());
    }
    if key_pool::is_one(&file) {
        return Ok(key_pool::read(&file));
    }
    if droid2api::is_one(&file) {
        return Ok(droid2api::read(&file));
    }
    if let Some(rows) = host::rows(&file) {
        return Ok(host::read(rows));
    }
    if let Some(records) = relay::records(&file) {
        return relay::read(records, keys.relay.as_ref());
    }
    host::credential_file(&file).ok_or_else(|| {
        let known = "expected an export of this program, droid2api's config.json, auth.json or \
                     key_pool.json, an export of claude-relay-service, rows of ProxyCast, or keys";
        Error::invalid("content", format!("the format is not known: {known}"))
    })
}

// === impl Content ===

impl From<Vec<HostRow>> for Content {
    fn from(rows: Vec<HostRow>) -> Self {
        host::read(rows)
    }
}
