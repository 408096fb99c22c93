//! Secrets at rest.
//!
//! Owns: the sealed text. Written: `v2:iv:ciphertext:mac` in hex, AES-256-CBC with PKCS7 and a
//! random IV, then HMAC-SHA-256 over the place it belongs to, the IV and the ciphertext. Read for
//! ever: `iv:ciphertext` of seed S0 §8, which has no MAC.
//! Must not know: where keys come from, tables.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::secret::Secret;

const VERSION: &str = "v2";
const OLD_SALT: &[u8] = b"droid-account-salt";

/// Bytes of every key here.
pub(super) type Key256 = Zeroizing<[u8; 32]>;

/// The two independent keys of one master secret.
pub(super) struct SealKeys {
    encryption: Key256,
    authentication: Key256,
}

/// The record and field a sealed text belongs to. It opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// `account`, `key`, `login`, `meta`.
    pub(super) record: &'static str,
    /// The record's id.
    pub(super) id: &'a str,
    /// What the secret is, e.g. `refresh token`. Part of what is authenticated: never change one.
    pub(super) field: &'static str,
}

/// Opens a text of the old format (seed S0 §8): key by scrypt from the passphrase and a fixed salt.
///
/// # Errors
/// `Damaged` when it is not of that format or the passphrase is another one. The format has no MAC,
/// so a wrong passphrase is noticed by padding and by control characters only.
pub fn open_old(passphrase: &Secret, record: &str, text: &str) -> Result<Secret> {
    let damaged = || Error::Damaged { field: "secret", record: record.to_owned() };
    open_old_with(&old_key(passphrase)?, text).ok_or_else(damaged)
}

/// The key of the old format.
pub(super) fn old_key(passphrase: &Secret) -> Result<Key256> {
    stretch(passphrase, OLD_SALT)
}

/// The key of claude-relay-service: as the former format's, with the N of Node's `scryptSync`.
pub(super) fn relay_key(passphrase: &Secret) -> Result<Key256> {
    stretch_by(14, passphrase, OLD_SALT)
}

/// scrypt with N = 2^15, r = 8, p = 1. Takes some 60 ms.
pub(super) fn stretch(passphrase: &Secret, salt: &[u8]) -> Result<Key256> {
    stretch_by(15, passphrase, salt)
}

fn stretch_by(log_n: u8, passphrase: &Secret, salt: &[u8]) -> Result<Key256> {
    let failed = |what: &str| Error::Internal(format!("scrypt failed: {what}"));
    let params = scrypt::Params::new(log_n, 8, 1).map_err(|_| failed("parameters"))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.expose().as_bytes(), salt, &params, key.as_mut_slice())
        .map_err(|_| failed("output length"))?;
    Ok(key)
}

// === impl SealKeys ===

impl SealKeys {
    /// Derives both keys.
    pub(super) fn new(master: &Key256) -> Result<Self> {
        let hkdf = Hkdf::<Sha256>::new(None, master.as_slice());
        let derive = |info: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            hkdf.expand(info, key.as_mut_slice())
                .map_err(|_| Error::Internal("key derivation failed".to_owned()))?;
            Ok::<_, Error>(key)
        };
        Ok(Self {
            encryption: derive(b"droid-provider v2 encryption")?,
            authentication: derive(b"droid-provider v2 authentication")?,
        })
    }

    /// Seals a text for its place. Empty stays empty.
    pub(super) fn seal(
        &self,
        place: Place<'_>,
        plain: &Secret,
        entropy: &dyn Entropy,
    ) -> Result<String> {
        if plain.is_empty() {
            return Ok(String::new());
        }
        let mut iv = [0; 16];
        entropy.fill(&mut iv);
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(self.encryption.as_slice(), &iv)
            .map_err(|_| Error::Internal("key length".to_owned()))?;
        let ciphertext = cipher.encrypt_padded_vec::<Pkcs7>(plain.expose().as_bytes());
        let mac = self.mac(place, &iv, &ciphertext)?.finalize().into_bytes();
        let [iv, ciphertext, mac] = [hex::encode(iv), hex::encode(ciphertext), hex::encode(mac)];
        Ok(format!("{VERSION}:{iv}:{ciphertext}:{mac}"))
    }

    /// Opens a sealed text. `old` gives the key of the old format when a text needs it.
    ///
    /// # Errors
    /// `Damaged` when one bit of it, or its place, is not as it was sealed.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        sealed: &str,
        old: impl FnOnce() -> Result<Option<Key256>>,
    ) -> Result<Secret> {
        if sealed.is_empty() {
            return Ok(Secret::new(""));
        }
        let opened = match sealed.strip_prefix("v2:") {
            Some(rest) => self.open_current(place, rest)?,
            None => old()?.and_then(|key| open_old_with(&key, sealed)),
        };
        opened.ok_or_else(|| place.damaged())
    }

    fn open_current(&self, place: Place<'_>, rest: &str) -> Result<Option<Secret>> {
        let mut parts = rest.split(':').map(unhex);
        let (Some(Some(iv)), Some(Some(ciphertext)), Some(Some(mac)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        if self.mac(place, &iv, &ciphertext)?.verify_slice(&mac).is_err() {
            return Ok(None);
        }
        Ok(decrypt(&self.encryption, &iv, &ciphertext))
    }

    /// Each part is preceded by its length, so that no two lists of parts give the same bytes.
    fn mac(&self, place: Place<'_>, iv: &[u8], ciphertext: &[u8]) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.authentication.as_slice())
            .map_err(|_| Error::Internal("key length".to_owned()))?;
        let place = [place.record.as_bytes(), place.id.as_bytes(), place.field.as_bytes()];
        for part in [VERSION.as_bytes()].into_iter().chain(place).chain([iv, ciphertext]) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(mac)
    }
}

// === impl Place ===

impl Place<'_> {
    /// The error of a text that does not open.
    pub(super) fn damaged(&self) -> Error {
        Error::Damaged { field: self.field, record: format!("{} `{}`", self.record, self.id) }
    }
}

pub(super) fn open_old_with(key: &Key256, text: &str) -> Option<Secret> {
    let (iv, ciphertext) = text.split_once(':')?;
    let plain = decrypt(key, &unhex(iv)?, &unhex(ciphertext)?)?;
    // Without a MAC this is what can be checked: tokens, keys and URLs have no control characters.
    (!plain.expose().chars().any(char::is_control)).then_some(plain)
}

fn decrypt(key: &Key256, iv: &[u8], ciphertext: &[u8]) -> Option<Secret> {
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key.as_slice(), iv).ok()?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(ciphertext).ok()?;
    match String::from_utf8(plain) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

/// Hex in the one spelling that is written: any other is an alteration.
fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|it| it.is_ascii_uppercase()) {
        return None;
    }
    hex::decode(text).ok()
}

#[cfg(fuzzing)]
pub mod fuzzing;

#[cfg(test)]
mod tests;
