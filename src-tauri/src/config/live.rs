//! The configuration in force, shared by all who read it.
//!
//! Owns: [`Live`]: swapping a checked configuration in, after it was saved here or by another process.
//! Must not know: who has to be told.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::env::Env;
use super::{Config, Origin};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// What one process saves the others see within a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The configuration in force. Clones are the same one.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    config: RwLock<Arc<Config>>,
    origin: Origin,
    /// None where it was never read from anywhere.
    source: Option<Source>,
    /// What its files looked like when they were read. Held by whoever changes it.
    seen: Mutex<Vec<Stamp>>,
    looked_at: AtomicI64,
}

/// What it is read with.
struct Source {
    env: Arc<dyn Env>,
    exe_dir: Option<PathBuf>,
}

/// When a file was written and how long it is; none where there is none. A save puts another file
/// in its place, so that two different ones never look the same for long.
type Stamp = Option<(SystemTime, u64)>;

// === impl Live ===

impl Live {
    /// Begins with what was read elsewhere, and changes by [`Live::update`] alone.
    #[must_use]
    pub fn new(config: Config, origin: Origin) -> Self {
        Self::begin(config, origin, None)
    }

    /// Reads it as [`Config::load`] does; from then on it can be followed.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(env: Arc<dyn Env>, exe_dir: Option<PathBuf>) -> Result<Self> {
        let (config, origin) = Config::load(&*env, exe_dir.as_deref())?;
        Ok(Self::begin(config, origin, Some(Source { env, exe_dir })))
    }

    fn begin(config: Config, origin: Origin, source: Option<Source>) -> Self {
        Self(Arc::new(Shared {
            config: RwLock::new(Arc::new(config)),
            origin,
            source,
            // The first look reads them once more: they may have changed since.
            seen: Mutex::default(),
            looked_at: AtomicI64::new(i64::MIN),
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

    /// Takes over what another process saved, if it is time to look. Answers whether another
    /// configuration is in force now: then whoever holds a part of it has to be told.
    ///
    /// A file that cannot be used is told in the log, and what was in force stays.
    #[must_use]
    pub fn follow(&self, now: Timestamp) -> bool {
        let looked = Timestamp(self.0.looked_at.load(Ordering::Relaxed));
        // A clock that was set back must not stop the looking.
        if now >= looked && now.since(looked) < LOOK_EVERY {
            return false;
        }
        // One looks, the others go on with what is known.
        let Ok(mut seen) = self.0.seen.try_lock() else { return false };
        self.0.looked_at.store(now.0, Ordering::Relaxed);
        self.reread(&mut seen).unwrap_or_else(|error| {
            log::warn!("the configuration stays as it was: {error}");
            false
        })
    }

    /// Reads the files again if they look different.
    fn reread(&self, seen: &mut Vec<Stamp>) -> Result<bool> {
        let Some(Source { env, exe_dir }) = &self.0.source else { return Ok(false) };
        let stamps = self.stamps();
        if *seen == stamps {
            return Ok(false);
        }
        // Before it is read: what is broken is told once, not with every look.
        *seen = stamps;
        let (config, _) = Config::load(&**env, exe_dir.as_deref())?;
        let is_another = *self.get() != config;
        if is_another {
            self.put(config);
        }
        Ok(is_another)
    }

    fn stamps(&self) -> Vec<Stamp> {
        let Origin { files, user_file } = &self.0.origin;
        let stamp = |path: &PathBuf| {
            let data = path.metadata().ok()?;
            Some((data.modified().ok()?, data.len()))
        };
        files.iter().chain(user_file).map(stamp).collect()
    }

    fn put(&self, config: Config) {
        *self.0.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// Checks a change, keeps it, and puts it in force, in this order. With an `expected` revision
    /// only if the configuration still is at it, also for what other processes saved.
    ///
    /// # Errors
    /// [`Error::Stale`]; when the files cannot be read; as [`Config::merged`] and [`Origin::save`].
    /// Nothing has changed then.
    pub fn update(&self, patch: &Value, expected: Option<u64>) -> Result<()> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Until it is saved, so that of two processes each goes on from what the other saved.
        let _lock = self.0.origin.lock()?;
        // Two files written within one tick of the clock look the same.
        seen.clear();
        self.reread(&mut seen)?;
        let before = self.get();
        let current = before.revision();
        if expected.is_some_and(|it| it != current) {
            let (what, id) = ("configuration", "config".to_owned());
            return Err(Error::Stale { what, id, current });
        }
        let changed = before.merged(patch)?;
        self.0.origin.save(&before, patch)?;
        self.put(changed);
        *seen = self.stamps();
        Ok(())
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.0.origin).finish()
    }
}
