//! A translator's state as bytes, for a host that starts one process a chunk.
//!
//! Owns: the size limit of a saved translation, and JSON text in it.
//! Must not know: what the state means.

use super::pair::StreamTranslator;
use crate::decode::{CarryError, carry};

/// The most bytes [`StreamTranslator::restore`] takes: what a decoder holds, and an answer that a
/// Responses client is told again in the end.
pub const MAX_CARRY_BYTES: usize = crate::decode::MAX_CARRY_BYTES + 192 * 1024 * 1024;

// === impl StreamTranslator ===

impl StreamTranslator {
    /// The state as JSON text, with both dialects and the client's wish in it. Holds what of the
    /// answer the client's grammar holds back, and with a Responses client the answer so far.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        carry::to_bytes(self)
    }

    /// The translator that [`StreamTranslator::save`] wrote.
    ///
    /// # Errors
    /// [`CarryError`]; the bytes may come from anyone.
    pub fn restore(saved: &[u8]) -> Result<Self, CarryError> {
        let translator: Self = carry::from_bytes(saved, MAX_CARRY_BYTES)?;
        if translator.is_plausible() { Ok(translator) } else { Err(CarryError::Damaged) }
    }
}

/// JSON text in a buffer of bytes, saved as text.
pub(super) mod json_text {
    use serde::{Deserialize as _, Deserializer, Serializer, ser};

    pub(in crate::translate) fn serialize<S: Serializer>(
        json: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(json).map_err(ser::Error::custom)?;
        serializer.serialize_str(text)
    }

    pub(in crate::translate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

/// A list of such.
pub(super) mod json_texts {
    use serde::{Deserialize as _, Deserializer, Serializer, ser};

    pub(in crate::translate) fn serialize<S: Serializer>(
        list: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Result<Vec<&str>, _> = list.iter().map(|it| std::str::from_utf8(it)).collect();
        serializer.collect_seq(texts.map_err(ser::Error::custom)?)
    }

    pub(in crate::translate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        Ok(texts.into_iter().map(String::into_bytes).collect())
    }
}
