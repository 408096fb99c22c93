//! Bytes as a base64 string, for `#[serde(with = ...)]`.
//!
//! Owns: the spelling of raw bytes in a saved state.
//! Must not know: whose bytes they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize as _, Deserializer, Serializer, de};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    STANDARD_NO_PAD.decode(text.as_bytes()).map_err(|_| de::Error::custom("not base64"))
}
