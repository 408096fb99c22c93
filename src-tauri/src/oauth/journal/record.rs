//! The format of a journal file.
//!
//! Owns: its bytes: magic, state, fingerprint; then, once there is an answer, its time, length,
//! sealed bytes, and a digest over everything before, so that a torn write is never an answer.
//! Must not know: files, what is sealed.

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;

const MAGIC: &[u8; 8] = b"droidrj1";
const STARTED: u8 = b'S';
const ANSWERED: u8 = b'A';
/// A SHA-256 in hex.
const FINGERPRINT: usize = 64;
/// Length of what is before an answer.
pub(super) const HEADER: usize = MAGIC.len() + 1 + FINGERPRINT;
const DIGEST: usize = 32;

/// A file's content, checked but not opened.
pub(super) struct Record<'a> {
    /// Fingerprint of the refresh token.
    pub(super) spent: &'a str,
    /// Only when it is whole.
    pub(super) answer: Option<(Timestamp, &'a [u8])>,
}

/// A refresh token is about to be spent.
pub(super) fn started(spent: &str) -> Vec<u8> {
    header(STARTED, spent)
}

/// Its answer is there. Lengths are 32-bit: an answer has at most 1 MiB.
pub(super) fn answered(spent: &str, at: Timestamp, sealed: &[u8]) -> Vec<u8> {
    let mut record = header(ANSWERED, spent);
    record.extend_from_slice(&at.0.to_le_bytes());
    record.extend_from_slice(&u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_le_bytes());
    record.extend_from_slice(sealed);
    let digest = Sha256::digest(&record);
    record.extend_from_slice(&digest);
    record
}

// === impl Record ===

impl<'a> Record<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (header, body) = bytes.split_at_checked(HEADER)?;
        let header = header.strip_prefix(MAGIC)?;
        let (state, spent) = header.split_first()?;
        let spent = std::str::from_utf8(spent).ok()?;
        let is_hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        if !spent.bytes().all(is_hex) {
            return None;
        }
        let answer = if *state == ANSWERED { Self::answer(bytes, body) } else { None };
        Some(Self { spent, answer })
    }

    fn answer(bytes: &'a [u8], body: &'a [u8]) -> Option<(Timestamp, &'a [u8])> {
        let (at, body) = body.split_first_chunk::<8>()?;
        let (n_sealed, body) = body.split_first_chunk::<4>()?;
        let (sealed, rest) =
            body.split_at_checked(usize::try_from(u32::from_le_bytes(*n_sealed)).ok()?)?;
        let digest = rest.get(..DIGEST)?;
        let signed = bytes.get(..HEADER + 12 + sealed.len())?;
        let whole = Sha256::digest(signed).as_slice() == digest;
        whole.then(|| (Timestamp(i64::from_le_bytes(*at)), sealed))
    }
}

fn header(state: u8, spent: &str) -> Vec<u8> {
    let mut header = Vec::with_capacity(8 * 1024);
    header.extend_from_slice(MAGIC);
    header.push(state);
    header.extend_from_slice(spent.as_bytes());
    header.resize(HEADER, b'0');
    header
}
