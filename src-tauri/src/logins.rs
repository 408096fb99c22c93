//! Sign-ins under way, each used once, for ten minutes, by whichever process is called.
//!
//! Owns: the order of steps of `start_login`, `poll_login`, `complete_login`, `cancel_login`.
//! Must not know: the sign-in service's wire, JSON-RPC, SQL.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AccountId, LoginId};
use crate::oauth::flow::{DevicePoll, Login, SESSION, SignIn};
use crate::ports::TokenPair;
use crate::secret::Secret;
use crate::store::{LoginPatch, LoginRow, LoginState};

/// Where the browser is sent when nobody says otherwise: nothing listens there in the plugin, the
/// person copies the address.
const DEFAULT_REDIRECT: &str = "http://localhost:8787/callback";

/// What the host may ask at most this often about a sign-in that is not polled.
const QUIET: Duration = Duration::from_secs(5);

/// How long one caller may ask upstream before another one may: longer than a token and its
/// organisation can take.
const CLAIM: Duration = Duration::from_secs(60);

/// Signs people in. Clones are the same.
#[derive(Clone)]
pub struct Logins {
    accounts: Accounts,
    sign_in: SignIn,
}

/// What a sign-in is asked for.
#[derive(Clone, Debug, Default)]
pub struct LoginAsk {
    /// Device or code.
    pub flow: Flow,
    /// Proxy URL of the sign-in and of the account.
    pub proxy: Option<Secret>,
    /// Name of the account to be.
    pub name: Option<String>,
    /// The account to sign in again.
    pub known: Option<AccountId>,
    /// Where the browser ends up, for a code.
    pub redirect_uri: Option<String>,
}

/// The two ways to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// RFC 8628: a code typed at another device.
    #[default]
    Device,
    /// RFC 7636: a browser that comes back.
    Pkce,
}

/// What a person needs to sign in. No Debug: its addresses carry the code and the state.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "What a person needs to sign in.")]
pub struct Started {
    /// To ask on with.
    pub login_id: LoginId,
    /// As asked.
    pub flow: Flow,
    /// Where to go.
    pub verification_uri: String,
    /// The same with the code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// What to type there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between two polls.
    pub interval: u64,
}

/// How far a sign-in is.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Progress {
    /// Nobody has confirmed it yet.
    Pending {
        /// Seconds until the next poll does anything.
        interval: u64,
    },
    /// There is an account now.
    Done {
        /// It.
        credential_id: AccountId,
    },
    /// Nobody confirmed it in time.
    Expired,
    /// Somebody said no.
    Denied,
}

/// What is kept of a sign-in, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    login: String,
    name: Option<String>,
    known: Option<AccountId>,
}

// === impl Logins ===

impl Logins {
    /// Nothing is under way yet.
    #[must_use]
    pub const fn new(accounts: Accounts, sign_in: SignIn) -> Self {
        Self { accounts, sign_in }
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// When the sign-in service cannot be reached or refuses; when the account to sign in again is
    /// not there.
    pub async fn start(&self, ask: LoginAsk) -> Result<Started> {
        if let Some(known) = &ask.known {
            self.accounts.get(known).await?;
        }
        let id = LoginId::from(self.accounts.entropy.uuid());
        match ask.flow {
            Flow::Device => {
                let start = self.sign_in.start_device(ask.proxy.clone()).await?;
                self.keep(&id, &ask, &Login::Device(start.login), start.interval).await?;
                Ok(Started {
                    login_id: id,
                    flow: ask.flow,
                    verification_uri: start.verification_uri,
                    verification_uri_complete: start.verification_uri_complete,
                    user_code: Some(start.user_code),
                    expires_in: start.expires_in.as_secs(),
                    interval: start.interval.as_secs().max(1),
                })
            }
            Flow::Pkce => {
                let redirect = ask.redirect_uri.as_deref().unwrap_or(DEFAULT_REDIRECT);
                let (login, url) = self.sign_in.start_pkce(redirect, ask.proxy.clone())?;
                self.keep(&id, &ask, &Login::Pkce(login), Duration::ZERO).await?;
                Ok(Started {
                    login_id: id,
                    flow: ask.flow,
                    verification_uri: url.into(),
                    verification_uri_complete: None,
                    user_code: None,
                    expires_in: SESSION.as_secs(),
                    interval: QUIET.as_secs(),
                })
            }
        }
    }

    /// Asks whether a device sign-in was confirmed; never upstream before its time.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::LoginOver`], or what the sign-in service failed with.
    pub async fn poll(&self, id: &LoginId) -> Result<Progress> {
        let row = self.accounts.store.login(id).await?;
        let now = self.accounts.clock.now();
        if let Some(progress) = ended(&row, now) {
            if row.state == LoginState::Pending {
                self.accounts.store.finish_login(id, LoginState::Expired).await?;
            }
            return Ok(progress);
        }
        // While another call asks, the next time is far ahead: nobody has to wait that long.
        let soon = now.plus(row.interval);
        if now < row.next_poll_at {
            return Ok(wait(row.next_poll_at.min(soon), now));
        }
        let kept = kept(&row)?;
        let Login::Device(mut login) = Login::from_secret(&Secret::new(kept.login.as_str()))?
        else {
            return Ok(wait(now.plus(QUIET), now));
        };
        // A code is spent by the first answer: whoever else asked meanwhile would hear that it is
        // dead, and end the sign-in that is being completed.
        if !self.claim(id).await? {
            return Ok(wait(soon, now));
        }
        let polled = self.sign_in.poll_device(&mut login).await;
        self.polled(id, kept, &Login::Device(login), polled).await
    }

    /// Ends a code sign-in with the address the browser was sent to.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the address is not the one awaited; [`Error::LoginOver`] when the
    /// sign-in was used, expired or cancelled.
    pub async fn complete(&self, id: &LoginId, callback_url: &str) -> Result<Progress> {
        let row = self.accounts.store.login(id).await?;
        if let Some(progress) = ended(&row, self.accounts.clock.now()) {
            return Err(Error::LoginOver { reason: over_text(&progress).to_owned() });
        }
        let kept = kept(&row)?;
        let Login::Pkce(mut login) = Login::from_secret(&Secret::new(kept.login.as_str()))? else {
            let message = "this is a device sign-in: it ends by poll_login";
            return Err(Error::invalid("login_id", message));
        };
        // A code that is spent twice ends the session it was spent for.
        if !self.claim(id).await? {
            return Err(Error::LoginOver { reason: "another call is completing it".to_owned() });
        }
        match self.sign_in.complete_pkce(&mut login, callback_url).await {
            Ok(pair) => self.done(id, pair, kept, Login::Pkce(login).proxy().cloned()).await,
            // The code was not spent: the person may paste again.
            Err(error @ (Error::Invalid { .. } | Error::Upstream(_))) => {
                self.unclaim(id, Duration::ZERO).await?;
                Err(error)
            }
            Err(error) => {
                self.accounts.store.finish_login(id, LoginState::Denied).await?;
                Err(error)
            }
        }
    }

    /// Ends a sign-in without an account.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn cancel(&self, id: &LoginId) -> Result<()> {
        self.accounts.store.login(id).await?;
        self.accounts.store.finish_login(id, LoginState::Cancelled).await?;
        Ok(())
    }

    /// Notes what upstream answered.
    async fn polled(
        &self,
        id: &LoginId,
        kept: Kept,
        login: &Login,
        polled: Result<DevicePoll>,
    ) -> Result<Progress> {
        let now = self.accounts.clock.now();
        match polled {
            Ok(DevicePoll::Wait { next_poll_at }) => {
                let kept = Kept { login: exposed(&login.to_secret()), ..kept };
                let patch = LoginPatch {
                    secret: Some(sealed(&kept)?),
                    next_poll_at: Some(next_poll_at),
                    interval: Some(next_poll_at.since(now)),
                };
                self.accounts.store.update_login(id, patch).await?;
                Ok(wait(next_poll_at, now))
            }
            Ok(DevicePoll::Done(pair)) => self.done(id, *pair, kept, login.proxy().cloned()).await,
            Ok(DevicePoll::Expired) => {
                self.accounts.store.finish_login(id, LoginState::Expired).await?;
                Ok(Progress::Expired)
            }
            Ok(DevicePoll::Denied) => {
                self.accounts.store.finish_login(id, LoginState::Denied).await?;
                Ok(Progress::Denied)
            }
            Err(error) => {
                if matches!(error, Error::LoginOver { .. }) {
                    self.accounts.store.finish_login(id, LoginState::Denied).await?;
                } else {
                    self.unclaim(id, QUIET).await?;
                }
                Err(error)
            }
        }
    }

    async fn done(
        &self,
        id: &LoginId,
        pair: TokenPair,
        kept: Kept,
        proxy: Option<Secret>,
    ) -> Result<Progress> {
        let known = kept.known.as_ref();
        let account = self.accounts.sign_in(pair, kept.name, proxy, known, id).await?;
        if known.is_some() {
            self.accounts.store.finish_login(id, LoginState::Done).await?;
        }
        Ok(Progress::Done { credential_id: account.id })
    }

    async fn keep(
        &self,
        id: &LoginId,
        ask: &LoginAsk,
        login: &Login,
        interval: Duration,
    ) -> Result<()> {
        let kept = Kept {
            login: exposed(&login.to_secret()),
            name: ask.name.clone(),
            known: ask.known.clone(),
        };
        let now = self.accounts.clock.now();
        let flow = match ask.flow {
            Flow::Device => "device",
            Flow::Pkce => "pkce",
        };
        let row = LoginRow {
            id: id.clone(),
            flow: flow.to_owned(),
            secret: sealed(&kept)?,
            created_at: now,
            expires_at: login.expires_at(),
            next_poll_at: now.plus(interval),
            interval,
            state: LoginState::Pending,
            credential_id: ask.known.clone(),
        };
        self.accounts.store.save_login(row).await
    }

    async fn claim(&self, id: &LoginId) -> Result<bool> {
        let now = self.accounts.clock.now();
        self.accounts.store.claim_login(id, now, now.plus(CLAIM)).await
    }

    async fn unclaim(&self, id: &LoginId, pause: Duration) -> Result<()> {
        let next_poll_at = Some(self.accounts.clock.now().plus(pause));
        let patch = LoginPatch { next_poll_at, ..LoginPatch::default() };
        self.accounts.store.update_login(id, patch).await
    }
}

/// How a sign-in ended, if it did.
fn ended(row: &LoginRow, now: Timestamp) -> Option<Progress> {
    match (row.state, &row.credential_id) {
        (LoginState::Done, Some(id)) => Some(Progress::Done { credential_id: id.clone() }),
        (LoginState::Denied | LoginState::Cancelled, _) => Some(Progress::Denied),
        (LoginState::Expired | LoginState::Done, _) => Some(Progress::Expired),
        (LoginState::Pending | LoginState::Exchanging, _) => {
            (row.expires_at <= now).then_some(Progress::Expired)
        }
    }
}

const fn over_text(progress: &Progress) -> &'static str {
    match progress {
        Progress::Pending { .. } => "it is still under way",
        Progress::Done { .. } => "it was used already",
        Progress::Expired => "it is too old",
        Progress::Denied => "it was refused or cancelled",
    }
}

fn kept(row: &LoginRow) -> Result<Kept> {
    serde_json::from_str(row.secret.expose())
        .map_err(|_| Error::Damaged { field: "state", record: format!("sign-in {}", row.id) })
}

fn sealed(kept: &Kept) -> Result<Secret> {
    serde_json::to_string(kept)
        .map(Secret::new)
        .map_err(|_| Error::Internal("a sign-in could not be written down".to_owned()))
}

/// The text goes straight into the sealed record.
fn exposed(secret: &Secret) -> String {
    secret.expose().to_owned()
}

fn wait(until: Timestamp, now: Timestamp) -> Progress {
    // Rounded up: who polls a moment early is told to wait once more.
    let seconds = until.since(now).as_millis().div_ceil(1000).max(1);
    Progress::Pending { interval: u64::try_from(seconds).unwrap_or(u64::MAX) }
}
