//! Sealing with a fixed key, for the fuzz target alone: deriving one takes too long to do it often.
//!
//! Owns: nothing of the program; built only under `cfg(fuzzing)`.
//! Must not know: where keys come from.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::{Key256, Place, SealKeys};
use crate::clock::Rand;
use crate::secret::Secret;

static MASTER: LazyLock<Key256> = LazyLock::new(|| Zeroizing::new([7; 32]));
static KEYS: LazyLock<Option<SealKeys>> = LazyLock::new(|| SealKeys::new(&MASTER).ok());

/// Seals a secret; the same `seed` gives the same text.
#[must_use]
pub fn seal(id: &str, plain: &Secret, seed: u64) -> String {
    let sealed = KEYS.as_ref().and_then(|it| it.seal(place(id), plain, &Rand::seeded(seed)).ok());
    sealed.unwrap_or_default()
}

/// Opens a text of either format.
#[must_use]
pub fn open(id: &str, text: &str) -> Option<Secret> {
    KEYS.as_ref()?.open(place(id), text, || Ok(Some(MASTER.clone()))).ok()
}

fn place(id: &str) -> Place<'_> {
    Place { record: "account", id, field: "refresh token" }
}
