//! A decoder's state as bytes, for a host that starts one process a chunk.
//!
//! Owns: the version and the size limit of a saved state, and what is checked on the way back in.
//! Must not know: what the state means.

use serde::{Deserialize, Serialize};

use super::StreamDecoder;
use crate::wire::sse::MAX_EVENT_BYTES;

/// The most bytes [`StreamDecoder::restore`] takes: one unfinished event in base64 and
/// room for the names of the open blocks.
pub const MAX_CARRY_BYTES: usize = MAX_EVENT_BYTES / 3 * 4 + 8 * 1024 * 1024;

/// Why a saved state was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// More bytes than any state has.
    #[error("the saved state is larger than {MAX_CARRY_BYTES} bytes")]
    TooLarge,
    /// Not a state this program wrote.
    #[error("the saved state is damaged or was not written by this program")]
    Damaged,
    /// Written by another version.
    #[error("the saved state has version {0}, this program reads version {VERSION}")]
    Version(u32),
}

const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize)]
struct Out<'a> {
    v: u32,
    s: &'a StreamDecoder,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    #[serde(rename = "v")]
    _version: u32,
    s: StreamDecoder,
}

// === impl StreamDecoder ===

impl StreamDecoder {
    /// The state as JSON text. Holds the dialect; holds pieces of the response only where an
    /// event is cut off.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        // Serialising plain structs to a Vec cannot fail; an empty state is refused by `restore`.
        serde_json::to_vec(&Out { v: VERSION, s: self }).unwrap_or_default()
    }

    /// The decoder that [`StreamDecoder::save`] wrote.
    ///
    /// # Errors
    /// [`CarryError`]; the bytes may come from anyone.
    pub fn restore(saved: &[u8]) -> Result<Self, CarryError> {
        if saved.len() > MAX_CARRY_BYTES {
            return Err(CarryError::TooLarge);
        }
        let Version { v } = serde_json::from_slice(saved).map_err(|_| CarryError::Damaged)?;
        if v != VERSION {
            return Err(CarryError::Version(v));
        }
        let In { s, .. } = serde_json::from_slice(saved).map_err(|_| CarryError::Damaged)?;
        if !s.machine.message().is_plausible() {
            return Err(CarryError::Damaged);
        }
        Ok(s)
    }
}
