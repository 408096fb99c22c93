//! Sealing outside of the store's thread.
//!
//! Owns: [`StoreSealer`], which seals what has to be safe before the store can be asked.
//! Must not know: what is sealed, where the keys come from.

use std::sync::{Arc, PoisonError};

use zeroize::Zeroizing;

use super::keyring::Published;
use super::seal::{Place, SealKeys};
use crate::clock::Entropy;
use crate::error::{Error, Result};
use crate::ports::Sealer;
use crate::secret::Secret;

/// Seals with the keys the store has loaded: whoever read a secret of it before can seal at once.
pub struct StoreSealer {
    pub(super) published: Published,
    pub(super) entropy: Arc<dyn Entropy>,
}

// === impl StoreSealer ===

impl StoreSealer {
    fn keys(&self) -> Result<Arc<SealKeys>> {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.clone().ok_or_else(|| Error::Internal("no key was loaded yet".to_owned()))
    }
}

impl Sealer for StoreSealer {
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        // What is no text is no answer either; it is kept as well as it can be.
        let plain = Secret::new(String::from_utf8_lossy(plain));
        let sealed = self.keys()?.seal(place(context), &plain, self.entropy.as_ref())?;
        Ok(sealed.into_bytes())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let text = std::str::from_utf8(sealed).map_err(|_| place(context).damaged())?;
        let opened = self.keys()?.open(place(context), text, || Ok(None))?;
        Ok(Zeroizing::new(opened.expose().as_bytes().to_vec()))
    }
}

fn place(context: &str) -> Place<'_> {
    Place { record: "answer", id: context, field: "sign-in answer" }
}
