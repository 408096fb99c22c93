//! Text that must not be seen.
//!
//! Owns: [`Secret`] (tokens, keys, passphrases) and [`Personal`] (emails, names).
//! Must not know: what the text is for.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A token, key or passphrase. Debug shows `****`; there is no Display and no Serialize; the
/// memory is overwritten when it is dropped. [`Secret::expose`] is the only way in, easy to search
/// for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Something personal: an email, a person's name. Answers may carry it, logs must not: Debug shows
/// `****`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, description = "Something personal.")]
pub struct Personal(pub String);

// === impl Secret ===

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every call of this is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// SHA-256 in hex: tells whether two secrets are the same one (seed S0 §3.2 dedupes by it).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }

    /// What a person may see of it: `…` and the last four characters, or only `…` where the
    /// secret is so short that four characters would give much of it away.
    #[must_use]
    pub fn tail(&self) -> String {
        const SHOWN: usize = 4;
        const SHORTEST: usize = 16;
        let n_chars = self.0.chars().count();
        if n_chars < SHORTEST {
            return "…".to_owned();
        }
        std::iter::once('…').chain(self.0.chars().skip(n_chars - SHOWN)).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

// === impl Personal ===

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("fk-canary")), "****");
        assert_eq!(format!("{:?}", Personal("a@example.com".to_owned())), "****");
    }

    #[test]
    fn tail_never_shows_a_short_secret() {
        assert_eq!(Secret::new("fk-short").tail(), "…");
        assert_eq!(Secret::new("fk-0123456789abcdef").tail(), "…cdef");
        assert_eq!(Secret::new("密钥密钥密钥密钥密钥密钥密钥密钥").tail(), "…密钥密钥");
    }
}
