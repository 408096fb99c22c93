//! Texts sealed with a passphrase of their own, to be carried elsewhere; and texts that another
//! program sealed.
//!
//! Owns: [`Envelope`], [`RelayKey`].
//! Must not know: what the texts are, files.

use serde::{Deserialize, Serialize};

use super::seal::{Key256, Place, SealKeys, open_old_with, relay_key, stretch};
use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// A sealed text and what is needed, beside the passphrase, to open it: scrypt with N = 2^15, r = 8,
/// p = 1, then AES-256-CBC and HMAC-SHA-256 as for secrets at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Hex, 16 bytes.
    pub salt: String,
    /// `v2:iv:ciphertext:mac`.
    pub sealed: String,
}

/// The key that claude-relay-service seals with, stretched once for many texts.
pub struct RelayKey(Key256);

// === impl Envelope ===

impl Envelope {
    /// Seals a text. Takes some 60 ms.
    ///
    /// # Errors
    /// Only for a defect.
    pub fn seal(passphrase: &Secret, plain: &Secret, entropy: &dyn Entropy) -> Result<Self> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let keys = SealKeys::new(&stretch(passphrase, &salt)?)?;
        let salt = hex::encode(salt);
        let sealed = keys.seal(place(&salt), plain, entropy)?;
        Ok(Self { salt, sealed })
    }

    /// Opens it. Takes some 60 ms.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `passphrase` when it is another one, or the text was altered.
    pub fn open(&self, passphrase: &Secret) -> Result<Secret> {
        let wrong =
            || Error::invalid("passphrase", "it does not open this file, or the file was altered");
        let salt = hex::decode(&self.salt).map_err(|_| wrong())?;
        let keys = SealKeys::new(&stretch(passphrase, &salt)?)?;
        match keys.open(place(&self.salt), &self.sealed, || Ok(None)) {
            Ok(plain) if !plain.is_empty() => Ok(plain),
            Ok(_) | Err(Error::Damaged { .. }) => Err(wrong()),
            Err(error) => Err(error),
        }
    }
}

// === impl RelayKey ===

impl RelayKey {
    /// Stretches its `ENCRYPTION_KEY`. Takes some 30 ms.
    ///
    /// # Errors
    /// Only for a defect.
    pub fn new(passphrase: &Secret) -> Result<Self> {
        Ok(Self(relay_key(passphrase)?))
    }

    /// Opens `iv:ciphertext`; none when it is not of that format or the key is another one.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<Secret> {
        open_old_with(&self.0, text)
    }
}

/// The salt is part of what is authenticated.
fn place(salt: &str) -> Place<'_> {
    Place { record: "export", id: salt, field: "content" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Rand;

    #[test]
    fn only_the_passphrase_opens_it_and_only_unaltered() {
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("battery staple"));
        let plain = Secret::new("{\"accounts\": []}");
        let envelope = Envelope::seal(&right, &plain, &Rand::seeded(1)).unwrap();
        assert!(!envelope.sealed.contains("accounts"));
        assert_eq!(envelope.open(&right).unwrap(), plain);
        let cut = envelope.sealed[..envelope.sealed.len() - 2].to_owned();
        let salted = Envelope { salt: "00".repeat(16), ..envelope.clone() };
        let altered = Envelope { sealed: cut, ..envelope.clone() };
        let odd = Envelope { salt: "xyz".to_owned(), ..envelope.clone() };
        for (envelope, passphrase) in
            [(&envelope, &wrong), (&altered, &right), (&salted, &right), (&odd, &right)]
        {
            let error = envelope.open(passphrase).unwrap_err();
            assert!(matches!(error, Error::Invalid { field, .. } if field == "passphrase"));
        }
    }
}
