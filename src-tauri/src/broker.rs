//! Lends accounts: picks one, gets its token, keeps the session on it, and hears how it went.
//!
//! Owns: the pool of this process and what it caches; the order of steps of an acquire and a
//! release.
//! Must not know: JSON-RPC, HTTP faces, SQL, how tokens are refreshed.

mod catch_up;
mod credential;
pub mod lease;
mod places;
mod release;
pub(crate) mod subject;
mod trial;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use droid_protocol::dialect::Endpoint;
use droid_protocol::session::SessionKey;
use futures_util::lock::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout_at};

use self::lease::Lease;
use self::places::Unlent;
use crate::clock::{Clock, Entropy, Timestamp};
use crate::config::{Config, Live};
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientKeyId, KeyId, LeaseId, OwnerId};
use crate::models::Route;
use crate::oauth::refresh::Refresher;
use crate::outbound::{self, Headers, Sender};
use crate::pool::account::{Account, Kind};
use crate::pool::affinity::{self, Affinity, Bound};
use crate::pool::{Ask, Binding, Candidate, Explanation, Pool, Sticky};
use crate::secret::Secret;
use crate::store::{SessionRow, Store};

pub use self::catch_up::AccountCounts;
pub use self::release::{Loan, Outcome, Report};

/// What a broker is made of.
#[derive(Clone)]
pub struct Parts {
    /// The configuration in force.
    pub config: Live,
    /// The accounts and tokens.
    pub store: Store,
    /// Gets fresh tokens.
    pub refresher: Refresher<Store>,
    /// This process, to whom what it lends belongs.
    pub owner: OwnerId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Lends accounts. One a process; clones are the same one.
#[derive(Clone)]
pub struct Broker {
    parts: Parts,
    state: Arc<Mutex<State>>,
    /// Held while the store is looked at.
    looking: Arc<AsyncMutex<()>>,
}

/// Who wants an account, and for what.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The model, as the client names it.
    pub model: &'a str,
    /// The endpoint, where the caller insists.
    pub endpoint: Option<Endpoint>,
    /// The conversation.
    pub session: Option<SessionKey>,
    /// Whose conversation.
    pub client_key_id: Option<&'a str>,
    /// Only these accounts.
    pub binding: Binding,
    /// Accounts that were tried already.
    pub exclude: Vec<AccountId>,
    /// Keys that were tried already.
    pub exclude_keys: Vec<KeyId>,
    /// For a question that costs nothing: it takes no place, is no use of the account and binds no
    /// conversation. What is lent for it is not given back.
    pub free: bool,
}

/// An account on loan.
#[derive(Debug)]
pub struct Lent {
    /// The account as it was when it was picked.
    pub account: Arc<Account>,
    /// The key, for a pool.
    pub key_id: Option<KeyId>,
    /// Where the request goes.
    pub route: Route,
    /// The full URL.
    pub url: String,
    /// The headers, token included.
    pub headers: Headers,
    /// When the token ends.
    pub expires_at: Option<Timestamp>,
    /// To give it back with.
    pub lease_id: LeaseId,
    /// One of the account's places was taken: the next request may wait for it.
    pub place: bool,
}

struct State {
    pool: Pool,
    affinity: Affinity,
    cache: credential::Cache,
    seen: catch_up::Seen,
    /// A place of an account was taken by this process, and perhaps not given back.
    has_places: bool,
}

/// The credential part of a loan.
struct Credential {
    secret: Secret,
    expires_at: Option<Timestamp>,
    /// Of an access token, to tell later whether it is still the stored one.
    fingerprint: Option<String>,
}

/// How long a caller is kept waiting over all accounts that are tried: the host gives up after 30 s.
const PATIENCE: Duration = Duration::from_secs(27);

/// How often a lost race for a session's binding is run again before it is given up.
const BINDING_RACES: usize = 2;

// === impl Broker ===

impl Broker {
    /// A broker that has not looked at the store yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let config = parts.config.get();
        let state = State {
            pool: Pool::new(&config.scheduling),
            affinity: Affinity::new(affinity::CAPACITY, config.api_key.sticky_ttl),
            cache: credential::Cache::default(),
            seen: catch_up::Seen::default(),
            has_places: false,
        };
        Self { parts, state: Arc::new(Mutex::new(state)), looking: Arc::default() }
    }

    /// Lends the best account there is; tries the next one where its token cannot be had.
    ///
    /// # Errors
    /// [`Error::NoAccount`] when none fits, else what the last one tried failed with.
    pub async fn acquire(&self, wanted: Wanted<'_>) -> Result<Lent> {
        let config = self.parts.config.get();
        if !config.enabled {
            return Err(Error::Config {
                origin: "enabled".to_owned(),
                message: "is false: this plugin is switched off".to_owned(),
            });
        }
        self.catch_up().await?;
        let route = outbound::routed(&config, wanted.model, wanted.endpoint);
        let session = wanted
            .session
            .as_ref()
            .map(|it| affinity::sticky_key(route.endpoint, it.as_str(), wanted.client_key_id));
        let mut sticky = match &session {
            Some(session) => self.sticky(session).await?,
            None => None,
        };
        let mut exclude = wanted.exclude.clone();
        let mut races = 0;
        let mut failed = None;
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.count_places().await?;
            let bound = sticky.as_ref().map(|it| &it.sticky);
            let candidate = match self.pick(&config, &route, &wanted, bound, &exclude) {
                Ok(candidate) => candidate,
                // Why the last account could not be lent says more than that none is left.
                Err(refusal) => return Err(failed.unwrap_or(refusal)),
            };
            if candidate.key.is_none() && self.is_pool(&candidate.account) {
                // Every key of it that may be used was tried.
                exclude.push(candidate.account);
                continue;
            }
            if candidate.probe && wanted.free {
                // The one probe of a pause is for a request that shows something.
                exclude.push(candidate.account);
                continue;
            }
            if candidate.probe && !self.claim_probe(&candidate, &route.model).await? {
                // Another process was faster; the pool knows that now.
                continue;
            }
            let lent = timeout_at(give_up, self.lend(&config, &route, &wanted, &candidate)).await;
            match lent.unwrap_or_else(|_| Err(too_slow(&candidate))) {
                Ok((lent, _)) if wanted.free => return Ok(lent),
                Ok((lent, unlent)) => {
                    let Some(session) = &session else {
                        return Ok(self.lent(lent, unlent, &candidate));
                    };
                    let winner = self.bind(session, &candidate, sticky.as_ref()).await?;
                    let is_it = |it: &Sticky| {
                        (&it.account, &it.key) == (&candidate.account, &candidate.key)
                    };
                    if is_it(&winner.sticky) || races == BINDING_RACES {
                        return Ok(self.lent(lent, unlent, &candidate));
                    }
                    // Another process bound this conversation at the same moment: join it there.
                    races += 1;
                    self.parts.store.drop_lease(&lent.lease_id).await?;
                    unlent.lent();
                    sticky = Some(winner);
                    failed = None;
                }
                Err(error) => {
                    log::info!("account {} cannot be lent: {}", candidate.account, error.kind());
                    if Instant::now() >= give_up {
                        return Err(error);
                    }
                    exclude.push(candidate.account);
                    failed = Some(error);
                }
            }
        }
    }

    /// Says which accounts a request would be offered and why not the others.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn explain(&self, wanted: Wanted<'_>) -> Result<(Route, Explanation)> {
        let config = self.parts.config.get();
        self.catch_up().await?;
        self.count_places().await?;
        let route = outbound::routed(&config, wanted.model, wanted.endpoint);
        let sticky = match &wanted.session {
            Some(session) => {
                let key =
                    affinity::sticky_key(route.endpoint, session.as_str(), wanted.client_key_id);
                self.sticky(&key).await?
            }
            None => None,
        };
        let sticky = sticky.map(|it| it.sticky);
        let ask = ask(&config, &route, &wanted, sticky.as_ref(), &wanted.exclude);
        let explanation = self.state().pool.explain(&ask, self.parts.clock.now());
        Ok((route, explanation))
    }

    fn pick(
        &self,
        config: &Config,
        route: &Route,
        wanted: &Wanted<'_>,
        sticky: Option<&Sticky>,
        exclude: &[AccountId],
    ) -> Result<Candidate> {
        let ask = Ask { limit: 1, ..ask(config, route, wanted, sticky, exclude) };
        let now = self.parts.clock.now();
        let mut state = self.state();
        let candidates = state.pool.pick(&ask, now, &*self.parts.entropy)?;
        let candidate = candidates.into_iter().next().ok_or_else(|| {
            Error::Internal("the pool offered an empty list of candidates".to_owned())
        })?;
        // Before anything is waited for: requests that come meanwhile take the next in line.
        if !wanted.free {
            state.pool.used(&candidate.account, candidate.key.as_ref(), now);
        }
        Ok(candidate)
    }

    /// Takes a place and a token of one account.
    async fn lend(
        &self,
        config: &Config,
        route: &Route,
        wanted: &Wanted<'_>,
        candidate: &Candidate,
    ) -> Result<(Lent, Unlent)> {
        let account = self.account(&candidate.account)?;
        let lease = Lease {
            account_id: account.id.clone(),
            key_id: candidate.key.clone(),
            client_key_id: wanted.client_key_id.map(ClientKeyId::from),
            model: route.model.clone(),
            token: None,
            place: account.max_concurrency > 0 && !wanted.free,
            taken_at: self.parts.clock.now(),
            nonce: self.parts.entropy.u64(),
        };
        // The token first: it may take a refresh, and a place is not held while that lasts.
        let credential = self.credential(&account, candidate.key.as_ref()).await?;
        let lease = Lease { token: credential.fingerprint, ..lease };
        let lease_id = lease.to_id();
        let unlent = Unlent::new(&self.parts.store, &lease, &lease_id);
        if lease.place
            && let Err(full) = self.take_place(config, &account, &lease, &lease_id).await
        {
            unlent.lent();
            return Err(full);
        }
        let sender =
            Sender { user_agent: account.user_agent.as_deref(), bearer: Some(&credential.secret) };
        let mut headers = outbound::headers(config, route, sender);
        headers.session(wanted.session.as_ref(), self.parts.entropy.uuid());
        let lent = Lent {
            url: outbound::url(config, route.endpoint),
            route: route.clone(),
            headers,
            expires_at: credential.expires_at,
            key_id: candidate.key.clone(),
            lease_id,
            place: lease.place,
            account,
        };
        Ok((lent, unlent))
    }

    /// Binds the conversation to the account that was lent, durably, and answers what it is bound
    /// to: the same unless another process was faster.
    async fn bind(
        &self,
        session: &str,
        candidate: &Candidate,
        former: Option<&Bound>,
    ) -> Result<Bound> {
        let now = self.parts.clock.now();
        let sticky = Sticky { account: candidate.account.clone(), key: candidate.key.clone() };
        if let Some(former) = former.filter(|it| it.sticky == sticky) {
            let mut state = self.state();
            if !state.affinity.needs_renewal(former, now) {
                return Ok(former.clone());
            }
            let bound = state.affinity.bind(session, sticky, now);
            self.parts.store.touch_session(session, bound.expires_at);
            return Ok(bound);
        }
        let ttl = self.parts.config.get().api_key.sticky_ttl;
        let row = SessionRow {
            sticky_key: session.to_owned(),
            account_id: sticky.account,
            key_id: sticky.key,
            expires_at: now.plus(ttl),
        };
        let former = former.map(|it| (&it.sticky.account, it.sticky.key.as_ref()));
        let row = self.parts.store.bind_session(row, former, now).await?;
        let bound = bound(row);
        self.state().affinity.restore(session, bound.clone());
        Ok(bound)
    }

    /// What the conversation is bound to, as this process or another one noted.
    async fn sticky(&self, session: &str) -> Result<Option<Bound>> {
        let now = self.parts.clock.now();
        let known = self.state().affinity.lookup(session, now);
        if known.is_some() {
            return Ok(known);
        }
        let Some(row) = self.parts.store.session(session, now).await? else { return Ok(None) };
        let bound = bound(row);
        self.state().affinity.restore(session, bound.clone());
        Ok(Some(bound))
    }

    /// Notes that the loan stands.
    fn lent(&self, lent: Lent, unlent: Unlent, candidate: &Candidate) -> Lent {
        unlent.lent();
        self.parts.store.touch(&candidate.account, candidate.key.as_ref(), self.parts.clock.now());
        lent
    }

    fn is_pool(&self, id: &AccountId) -> bool {
        self.state().pool.account(id).is_some_and(|it| it.kind == Kind::ApiKey)
    }

    fn account(&self, id: &AccountId) -> Result<Arc<Account>> {
        self.state().pool.account(id).cloned().ok_or_else(|| Error::not_found("account", id))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn too_slow(candidate: &Candidate) -> Error {
    let name = candidate.account.to_string();
    Error::RefreshFailed { name, reason: "the sign-in service does not answer".to_owned() }
}

fn bound(row: SessionRow) -> Bound {
    Bound {
        sticky: Sticky { account: row.account_id, key: row.key_id },
        expires_at: row.expires_at,
    }
}

fn ask<'a>(
    config: &Config,
    route: &'a Route,
    wanted: &'a Wanted<'_>,
    sticky: Option<&'a Sticky>,
    exclude: &'a [AccountId],
) -> Ask<'a> {
    Ask {
        endpoint: route.endpoint,
        model: &route.model,
        binding: &wanted.binding,
        sticky,
        exclude,
        exclude_keys: &wanted.exclude_keys,
        limit: usize::try_from(config.scheduling.max_attempts).unwrap_or(usize::MAX),
    }
}
