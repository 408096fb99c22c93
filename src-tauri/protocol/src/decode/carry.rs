//! A decoder's state as bytes, for a host that starts one process a chunk.
//!
//! Owns: the version and the size limit of a saved state, and what is checked on the way back in.
//! Must not know: what the state means.

use serde::de::DeserializeOwned;
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
    #[error("the saved state is larger than any that this program writes")]
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
struct Out<'a, T> {
    v: u32,
    s: &'a T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In<T> {
    #[serde(rename = "v")]
    _version: u32,
    s: T,
}

/// A state as JSON text.
pub(crate) fn to_bytes<T: Serialize>(state: &T) -> Vec<u8> {
    // Serialising plain structs to a Vec cannot fail; an empty state is refused on the way in.
    serde_json::to_vec(&Out { v: VERSION, s: state }).unwrap_or_default()
}

/// The state that [`to_bytes`] wrote, if it is no longer than `most` bytes.
pub(crate) fn from_bytes<T: DeserializeOwned>(saved: &[u8], most: usize) -> Result<T, CarryError> {
    if saved.len() > most {
        return Err(CarryError::TooLarge);
    }
    let Version { v } = serde_json::from_slice(saved).map_err(|_| CarryError::Damaged)?;
    if v != VERSION {
        return Err(CarryError::Version(v));
    }
    let In { s, .. } = serde_json::from_slice(saved).map_err(|_| CarryError::Damaged)?;
    Ok(s)
}

// === impl StreamDecoder ===

impl StreamDecoder {
    /// The state as JSON text. Holds the dialect; holds pieces of the response only where an
    /// event is cut off.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// The decoder that [`StreamDecoder::save`] wrote.
    ///
    /// # Errors
    /// [`CarryError`]; the bytes may come from anyone.
    pub fn restore(saved: &[u8]) -> Result<Self, CarryError> {
        let decoder: Self = from_bytes(saved, MAX_CARRY_BYTES)?;
        if decoder.is_plausible() { Ok(decoder) } else { Err(CarryError::Damaged) }
    }

    /// Whether a state that came from outside can be one of ours.
    pub(crate) fn is_plausible(&self) -> bool {
        self.machine.message().is_plausible()
    }
}
