//! A store and a sign-in service in memory.
//!
//! Owns: [`MemoryStore`], which can be made to fail; [`FakeEndpoint`], which rotates and detects
//! reuse as WorkOS does; [`MaskSealer`]; [`World`], which puts them together.
//! Must not know: what is tested with them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::*;
use crate::clock::Rand;
use crate::config::{Config, TokenRefresh};
use crate::oauth::answer::AuthError;
use crate::ports::{RefreshLease, Sealer, TokenPair};

pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000);

/// Tokio's clock, which tests pause, as a wall clock.
pub(crate) struct TokioClock(pub(crate) Instant);

/// Hides bytes well enough for tests; what is sealed for one place does not open in another.
pub(crate) struct MaskSealer;

#[derive(Clone)]
pub(crate) struct MemoryStore(Arc<Mutex<Row>>, pub(crate) Arc<Switches>);

#[derive(Default)]
pub(crate) struct Switches {
    pub(crate) fail_save: AtomicBool,
    pub(crate) n_saves: AtomicUsize,
    pub(crate) n_takes: AtomicUsize,
    /// Something that happens when the lease is taken, as by another process.
    pub(crate) on_take: Mutex<Option<OnTake>>,
}

type OnTake = Box<dyn FnOnce(&mut Row) + Send>;

pub(crate) struct Row {
    pub(crate) tokens: Tokens,
    pub(crate) lease: Option<(OwnerId, Timestamp)>,
}

/// What the service does with the next request, once.
pub(crate) enum Next {
    /// Answers with this instead of a pair; the token is not spent.
    Refuse(AuthError),
    /// Answers with this text; the token is not spent.
    Page(&'static str),
    /// Rotates, and the answer is lost.
    Lose,
    /// Rotates, and answers with this text.
    Say(String),
}

/// Rotates: each refresh token is good once, a second use revokes everything.
#[derive(Clone)]
pub(crate) struct FakeEndpoint(pub(crate) Arc<Service>);

pub(crate) struct Service {
    current: Mutex<Option<String>>,
    pub(crate) next: Mutex<Vec<Next>>,
    pub(crate) outage: AtomicBool,
    pub(crate) n_requests: AtomicUsize,
    pub(crate) latency: Duration,
    pub(crate) rules: TokenRefresh,
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) endpoint: FakeEndpoint,
    pub(crate) folder: TempDir,
    pub(crate) id: AccountId,
    clock: Arc<TokioClock>,
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        START.plus(self.0.elapsed())
    }
}

impl Sealer for MaskSealer {
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let masked = plain.iter().map(|it| it ^ 0x5a);
        Ok(context.bytes().chain([0]).chain(masked).collect())
    }

    fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let place = [context.as_bytes(), &[0]].concat();
        let masked = sealed.strip_prefix(place.as_slice()).ok_or(Error::Stopping)?;
        Ok(Zeroizing::new(masked.iter().map(|it| it ^ 0x5a).collect()))
    }
}

impl World {
    /// An account with `rt-0` and an access token `at-0` that ends after `life` from the start.
    pub(crate) fn with(life: Duration) -> Self {
        let tokens = Tokens {
            name: "mine".to_owned(),
            access: Some(Secret::new("at-0")),
            refresh: Secret::new("rt-0"),
            expires_at: Some(START.plus(life)),
            last_refresh_at: None,
            organization_id: None,
            proxy: None,
            needs_login: None,
        };
        let row = Row { tokens, lease: None };
        let mut rules = Config::default().token_refresh;
        rules.token_valid = Duration::from_secs(8 * 3600);
        let service = Service {
            current: Mutex::new(Some("rt-0".to_owned())),
            next: Mutex::default(),
            outage: AtomicBool::new(false),
            n_requests: AtomicUsize::new(0),
            latency: Duration::from_millis(200),
            rules,
        };
        Self {
            store: MemoryStore(Arc::new(Mutex::new(row)), Arc::default()),
            endpoint: FakeEndpoint(Arc::new(service)),
            folder: tempfile::tempdir().unwrap(),
            id: "acc-1".into(),
            clock: Arc::new(TokioClock(Instant::now())),
        }
    }

    pub(crate) fn expired() -> Self {
        Self::with(Duration::ZERO)
    }

    /// A process of its own: only store, folder and service are shared.
    pub(crate) fn process(&self, owner: &str) -> Refresher<MemoryStore, FakeEndpoint> {
        Refresher::new(self.parts(owner, self.endpoint.clone()))
    }

    pub(crate) fn parts<W>(&self, owner: &str, endpoint: W) -> Parts<MemoryStore, W> {
        Parts {
            store: self.store.clone(),
            endpoint,
            journal: Journal::new(self.folder.path(), Arc::new(MaskSealer)),
            owner: owner.into(),
            clock: self.clock.clone(),
            entropy: Arc::new(Rand::seeded(owner.len() as u64)),
        }
    }

    pub(crate) fn next(&self, next: Next) {
        self.endpoint.0.next.lock().unwrap().insert(0, next);
    }

    pub(crate) fn outage(&self, on: bool) {
        self.endpoint.0.outage.store(on, Ordering::SeqCst);
    }

    pub(crate) fn n_requests(&self) -> usize {
        self.endpoint.0.n_requests.load(Ordering::SeqCst)
    }

    pub(crate) fn revoked(&self) -> bool {
        self.endpoint.0.current.lock().unwrap().is_none()
    }

    pub(crate) fn stored(&self) -> Tokens {
        self.store.0.lock().unwrap().tokens.clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Row)) {
        change(&mut self.store.0.lock().unwrap());
    }

    pub(crate) fn leased(&self) -> bool {
        self.store.0.lock().unwrap().lease.is_some()
    }
}

impl TokenStore for MemoryStore {
    async fn tokens(&self, id: &AccountId) -> Result<Tokens> {
        if id.as_str() != "acc-1" {
            return Err(Error::not_found("account", id));
        }
        tokio::task::yield_now().await;
        Ok(self.0.lock().unwrap().tokens.clone())
    }

    async fn take_refresh_lease(
        &self,
        _id: &AccountId,
        owner: &OwnerId,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Result<RefreshLease> {
        self.1.n_takes.fetch_add(1, Ordering::SeqCst);
        let mut row = self.0.lock().unwrap();
        if let Some((_, until)) = row.lease.clone().filter(|(_, until)| *until > now) {
            return Ok(RefreshLease::Held { until, tokens: row.tokens.clone() });
        }
        row.lease = Some((owner.clone(), deadline));
        let taken = row.tokens.clone();
        if let Some(change) = self.1.on_take.lock().unwrap().take() {
            change(&mut row);
        }
        Ok(RefreshLease::Taken(taken))
    }

    async fn save_refreshed(
        &self,
        _id: &AccountId,
        owner: &OwnerId,
        pair: &TokenPair,
        now: Timestamp,
    ) -> Result<()> {
        if self.1.fail_save.load(Ordering::SeqCst) {
            return Err(Error::Internal("the disk is full".to_owned()));
        }
        self.1.n_saves.fetch_add(1, Ordering::SeqCst);
        let mut row = self.0.lock().unwrap();
        row.tokens.access = Some(pair.access.clone());
        row.tokens.refresh = pair.refresh.clone();
        row.tokens.expires_at = Some(pair.expires_at);
        row.tokens.last_refresh_at = Some(now);
        row.tokens.needs_login = None;
        row.give_back(owner);
        Ok(())
    }

    async fn drop_refresh_lease(&self, _id: &AccountId, owner: &OwnerId) -> Result<()> {
        self.0.lock().unwrap().give_back(owner);
        Ok(())
    }

    async fn mark_needs_login(
        &self,
        _id: &AccountId,
        owner: &OwnerId,
        spent_fingerprint: &str,
        reason: &str,
    ) -> Result<bool> {
        let mut row = self.0.lock().unwrap();
        if row.tokens.refresh.fingerprint() != spent_fingerprint {
            return Ok(false);
        }
        row.tokens.needs_login = Some(reason.to_owned());
        row.give_back(owner);
        Ok(true)
    }
}

impl Row {
    fn give_back(&mut self, owner: &OwnerId) {
        if self.lease.as_ref().is_some_and(|(it, _)| it == owner) {
            self.lease = None;
        }
    }
}

impl TokenEndpoint for FakeEndpoint {
    async fn spend(
        &self,
        refresh: &Secret,
        _organization_id: Option<&str>,
        proxy: Option<&Secret>,
    ) -> Result<Result<Zeroizing<Vec<u8>>, AuthError>> {
        if proxy.is_some() {
            return Err(Error::invalid("proxy", "is bad"));
        }
        let n = self.0.n_requests.fetch_add(1, Ordering::SeqCst) + 1;
        let lost = || AuthError::Unavailable { text: "no answer in time".to_owned(), sent: true };
        let next = self.0.next.lock().unwrap().pop();
        if self.0.outage.load(Ordering::SeqCst) {
            tokio::time::sleep(self.0.latency).await;
            return Ok(Err(lost()));
        }
        match next {
            Some(Next::Refuse(error)) => return Ok(Err(error)),
            Some(Next::Page(text)) => return Ok(Ok(Zeroizing::new(text.as_bytes().to_vec()))),
            _ => {}
        }
        {
            let mut current = self.0.current.lock().unwrap();
            if current.as_deref() != Some(refresh.expose()) {
                *current = None;
                return Ok(Err(AuthError::InvalidGrant("Session has ended.".to_owned())));
            }
            *current = Some(format!("rt-{n}"));
        }
        tokio::time::sleep(self.0.latency).await;
        let answer = match next {
            Some(Next::Lose) => return Ok(Err(lost())),
            Some(Next::Say(text)) => text,
            _ => format!(
                r#"{{"access_token":"at-{n}","refresh_token":"rt-{n}","expires_in":28800}}"#
            ),
        };
        Ok(Ok(Zeroizing::new(answer.into_bytes())))
    }

    fn token_refresh(&self) -> TokenRefresh {
        self.0.rules.clone()
    }
}
