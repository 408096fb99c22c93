//! The keys of the gateway's clients: who asks, and whether there is still room for it.
//!
//! Owns: [`ClientKeys`]: telling a key, admitting a request, counting what it used, in memory, and
//! keeping that in step with the store and with other processes.
//! Must not know: HTTP, SQL, how a request is answered.

mod admission;
mod change;
mod counts;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use self::admission::Admission;
pub use self::change::{KeyPatch, Made};
use self::counts::Counts;
use crate::clock::{Clock, Entropy, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{ClientKeyId, OwnerId};
use crate::pool::Binding;
use crate::secret::Secret;
use crate::store::Store;
pub use crate::store::{ClientKey, ClientLimits, Spent};

/// The client keys. One a process; clones are the same.
#[derive(Clone)]
pub struct ClientKeys(Arc<Inner>);

/// What they are made of.
#[derive(Clone)]
pub struct Parts {
    /// The records.
    pub store: Store,
    /// This process, which counts for itself.
    pub owner: OwnerId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// `API_ACCESS_KEY`: one more key, without limits, that is not stored.
    pub environment: Option<Secret>,
}

struct Inner {
    parts: Parts,
    state: Mutex<State>,
    /// Held while the store is looked at.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: HashMap<ClientKeyId, Known>,
    /// By SHA-256 of the key.
    by_hash: HashMap<Hash, ClientKeyId>,
    revision: u64,
    data_version: Option<i64>,
    looked_at: Option<Timestamp>,
    /// Looks at the store that were begun...
    looks: u64,
    /// ...and the number of the last one that went well.
    looked: u64,
}

/// A key and what it does now.
struct Known {
    key: Arc<ClientKey>,
    live: Arc<Live>,
}

/// What a key does now, in this process.
#[derive(Default)]
struct Live {
    in_flight: AtomicU32,
    counts: Mutex<Counts>,
}

type Hash = [u8; 32];

/// The id of the key from the environment.
pub const ENVIRONMENT: &str = "API_ACCESS_KEY";

/// What another process wrote is seen within a second (design section 3).
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The longest window there may be.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

// === impl ClientKeys ===

impl ClientKeys {
    /// Knows the environment's key alone until [`ClientKeys::catch_up`] was called.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let mut state = State::default();
        if let Some(secret) = &parts.environment {
            state.put(environments_key(secret));
        }
        Self(Arc::new(Inner {
            parts,
            state: Mutex::new(state),
            looking: tokio::sync::Mutex::default(),
        }))
    }

    /// The key that this text is, whether or not it may be used now: that is asked of
    /// [`ClientKeys::check`].
    #[must_use]
    pub fn verify(&self, given: &Secret) -> Option<Arc<ClientKey>> {
        let hash: Hash = Sha256::digest(given.expose().as_bytes()).into();
        let state = self.state();
        // Found by its hash, which tells nothing of the key; compared once more without a hint of
        // where two differ.
        let (found, id) = state.by_hash.get_key_value(&hash)?;
        let same = bool::from(found.ct_eq(&hash));
        state.keys.get(id).filter(|_| same).map(|it| Arc::clone(&it.key))
    }

    /// Whether a key may be used at all.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is switched off or over.
    pub fn check(&self, key: &ClientKey, now: Timestamp) -> Result<()> {
        let over =
            |what: &str| Err(Error::Unauthorized { message: format!("this client key {what}") });
        if !key.enabled {
            return over("is switched off");
        }
        if ends_at(key).is_some_and(|it| it <= now) {
            return over("has expired");
        }
        Ok(())
    }

    /// Lets a request in, or says why not and when to come again. What is answered holds one of the
    /// key's places until it is dropped.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] as [`ClientKeys::check`]; [`Error::Forbidden`] for a model it may not
    /// ask for; [`Error::Limited`] when one of its limits is reached.
    pub fn admit(&self, key: &ClientKey, model: &str, now: Timestamp) -> Result<Admission> {
        let (key, live) = self.allowed(key, model, now)?;
        let admission = Admission::take(self.0.parts.clone(), Arc::clone(&key), live, now)?;
        if key.first_used_at.is_none() {
            // The store will say so within a second; its end may hang on it now.
            self.state().first_used(&key.id, now);
        }
        Ok(admission)
    }

    /// Whether a key may ask about a model at all; takes none of its places and counts nothing.
    ///
    /// # Errors
    /// As [`ClientKeys::admit`], but for its limits.
    pub fn allow(&self, key: &ClientKey, model: &str, now: Timestamp) -> Result<()> {
        self.allowed(key, model, now).map(drop)
    }

    fn allowed(
        &self,
        key: &ClientKey,
        model: &str,
        now: Timestamp,
    ) -> Result<(Arc<ClientKey>, Arc<Live>)> {
        let (key, live) = {
            let state = self.state();
            // The latest word on it counts.
            match state.keys.get(&key.id) {
                Some(known) => (Arc::clone(&known.key), Arc::clone(&known.live)),
                None => {
                    return Err(Error::Unauthorized {
                        message: "this client key is gone".to_owned(),
                    });
                }
            }
        };
        self.check(&key, now)?;
        if !may_ask(&key.models, model) {
            let message = "this client key may not ask for this model".to_owned();
            return Err(Error::Forbidden { message });
        }
        Ok((key, live))
    }

    /// How many requests of a key are under way in this process.
    #[must_use]
    pub fn in_flight(&self, id: &ClientKeyId) -> u32 {
        let state = self.state();
        state
            .keys
            .get(id)
            .map_or(0, |it| it.live.in_flight.load(std::sync::atomic::Ordering::SeqCst))
    }

    /// Whether there is a key that a client could use now.
    #[must_use]
    pub fn any_usable(&self, now: Timestamp) -> bool {
        self.state().keys.values().any(|it| self.check(&it.key, now).is_ok())
    }

    /// The name of a key, for people.
    #[must_use]
    pub fn name(&self, id: &ClientKeyId) -> Option<String> {
        self.state().keys.get(id).map(|it| it.key.name.clone())
    }

    /// Takes over what other processes wrote, if it is time to look.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn catch_up(&self) -> Result<()> {
        let now = self.0.parts.clock.now();
        let is_time = |at: Option<Timestamp>| {
            // A clock that was set back must not stop the looking.
            at.is_none_or(|it| now < it || now.since(it) >= LOOK_EVERY)
        };
        let looked_at = self.state().looked_at;
        if !is_time(looked_at) {
            return Ok(());
        }
        // One looks. The others go on with what is known, unless nothing is known yet.
        let _looking = if looked_at.is_none() {
            self.0.looking.lock().await
        } else {
            let Ok(looking) = self.0.looking.try_lock() else { return Ok(()) };
            looking
        };
        let (looked_at, seen) = {
            let state = self.state();
            (state.looked_at, state.data_version)
        };
        if !is_time(looked_at) {
            return Ok(());
        }
        self.look(seen, now).await
    }

    /// The same at once, whenever it was done last: for a key that nobody knows, which another
    /// process may have made a moment ago. Those who ask while one looks share the next look, so
    /// that a flood of unknown keys is no flood of reads.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn catch_up_now(&self) -> Result<()> {
        let begun = self.state().looks;
        let _looking = self.0.looking.lock().await;
        let (looked, seen) = {
            let state = self.state();
            (state.looked, state.data_version)
        };
        if looked > begun {
            return Ok(());
        }
        self.look(seen, self.0.parts.clock.now()).await
    }

    /// Under the lock of those who look.
    async fn look(&self, seen: Option<i64>, now: Timestamp) -> Result<()> {
        let number = {
            let mut state = self.state();
            state.looks += 1;
            state.looks
        };
        let data_version = self.0.parts.store.data_version().await?;
        if seen != Some(data_version) {
            self.reload(now).await?;
        }
        let mut state = self.state();
        state.data_version = Some(data_version);
        state.looked_at = Some(now);
        state.looked = number;
        Ok(())
    }

    /// Takes over every change since the last look, this process's own included.
    async fn reload(&self, now: Timestamp) -> Result<()> {
        let Parts { store, owner, .. } = &self.0.parts;
        let since = self.state().revision;
        let changes = store.client_key_changes(since).await?;
        let elsewhere = store.spent_elsewhere(owner, now.minus(LONGEST_WINDOW), now).await?;
        let mut state = self.state();
        state.revision = state.revision.max(changes.revision);
        for key in changes.keys {
            state.put(key);
        }
        for id in changes.gone {
            state.remove(&id);
        }
        for (id, known) in &state.keys {
            let elsewhere = elsewhere.get(id).cloned().unwrap_or_default();
            known.live.counts().set_elsewhere(elsewhere, now);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKeys").field("keys", &self.state().keys.len()).finish_non_exhaustive()
    }
}

/// When a key is over, as far as that is known: one that lasts from its first use has no end before.
#[must_use]
pub fn ends_at(key: &ClientKey) -> Option<Timestamp> {
    let days = key.expires_days.map(|it| Duration::from_secs(u64::from(it) * 24 * 3600));
    let from_use = key.first_used_at.zip(days).map(|(first, days)| first.plus(days));
    match (key.expires_at, from_use) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether one of the patterns is the model; no pattern at all is every model.
#[must_use]
pub fn may_ask(patterns: &[String], model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    patterns.is_empty()
        || patterns.iter().any(|it| crate::models::fits(&it.to_ascii_lowercase(), &model))
}

fn environments_key(secret: &Secret) -> ClientKey {
    ClientKey {
        id: ClientKeyId::from(ENVIRONMENT),
        name: ENVIRONMENT.to_owned(),
        hash: secret.fingerprint(),
        tail: secret.tail(),
        enabled: true,
        created_at: Timestamp::default(),
        first_used_at: None,
        last_used_at: None,
        expires_at: None,
        expires_days: None,
        binding: Binding::Any,
        models: Vec::new(),
        limits: ClientLimits::default(),
        revision: 0,
    }
}

// === impl State ===

impl State {
    /// Takes a key over; what it does now goes on.
    fn put(&mut self, key: ClientKey) {
        let live = match self.remove(&key.id) {
            Some(known) => known.live,
            None => Arc::default(),
        };
        let mut hash = Hash::default();
        if hex::decode_to_slice(&key.hash, &mut hash).is_ok() {
            self.by_hash.insert(hash, key.id.clone());
        }
        self.keys.insert(key.id.clone(), Known { key: Arc::new(key), live });
    }

    fn first_used(&mut self, id: &ClientKeyId, now: Timestamp) {
        let Some(known) = self.keys.get_mut(id) else { return };
        if known.key.first_used_at.is_none() {
            let key = ClientKey { first_used_at: Some(now), ..(*known.key).clone() };
            known.key = Arc::new(key);
        }
    }

    fn remove(&mut self, id: &ClientKeyId) -> Option<Known> {
        self.by_hash.retain(|_, known| known != id);
        self.keys.remove(id)
    }
}

// === impl Live ===

impl Live {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
