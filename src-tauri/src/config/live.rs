//! The configuration in force, shared by all who read it.
//!
//! Owns: [`Live`]: swapping a checked configuration in, after it was saved.
//! Must not know: who has to be told.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{Config, Origin};
use crate::error::Result;

/// The configuration in force. Clones are the same one.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    config: RwLock<Arc<Config>>,
    origin: Origin,
}

// === impl Live ===

impl Live {
    /// Begins with what was read at the start.
    #[must_use]
    pub fn new(config: Config, origin: Origin) -> Self {
        Self(Arc::new(Shared { config: RwLock::new(Arc::new(config)), origin }))
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

    /// Checks a change, keeps it, and puts it in force, in this order.
    ///
    /// # Errors
    /// As [`Config::merged`] and [`Origin::save`]; nothing has changed then.
    pub fn update(&self, patch: &Value) -> Result<()> {
        let before = self.get();
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
