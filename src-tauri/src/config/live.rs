//! The configuration in force, shared by all who read it.
//!
//! Owns: [`Live`]: swapping a checked configuration in, after it was saved.
//! Must not know: who has to be told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::Value;

use super::{Config, Origin};
use crate::error::{Error, Result};

/// The configuration in force. Clones are the same one.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    config: RwLock<Arc<Config>>,
    origin: Origin,
    /// Held by whoever changes it.
    changing: Mutex<()>,
}

// === impl Live ===

impl Live {
    /// Begins with what was read at the start.
    #[must_use]
    pub fn new(config: Config, origin: Origin) -> Self {
        Self(Arc::new(Shared {
            config: RwLock::new(Arc::new(config)),
            origin,
            changing: Mutex::default(),
        }))
    }

    /// The configuration now. Hold it for one request, not longer.
    #[must_use]
    pub fn get(&self) -> Arc<Config> {
        Arc::clone(&self.0.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where it was read and where changes go.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// Checks a change, keeps it, and puts it in force, in this order. With an `expected` revision
    /// only if the configuration still is at it.
    ///
    /// # Errors
    /// [`Error::Stale`]; as [`Config::merged`] and [`Origin::save`]. Nothing has changed then.
    pub fn update(&self, patch: &Value, expected: Option<u64>) -> Result<()> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.get();
        let current = before.revision();
        if expected.is_some_and(|it| it != current) {
            let (what, id) = ("configuration", "config".to_owned());
            return Err(Error::Stale { what, id, current });
        }
        let changed = before.merged(patch)?;
        self.0.origin.save(&before, patch)?;
        *self.0.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(changed);
        Ok(())
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.0.origin).finish()
    }
}
