//! What was tried for one request, and whether to try again.
//!
//! Owns: the rules of design section 5 about retries: each on another account, few of them, not for
//! ever; a token that was refused is refreshed once; thoughts that were refused are left out once.
//! Must not know: how an account is picked, how anything is sent.

use std::time::Duration;

use droid_protocol::fault::{Class, Fault, Retry};
use tokio::time::Instant;

use crate::broker::Lent;
use crate::config::Config;
use crate::error::Error;
use crate::ids::{AccountId, KeyId};
use crate::pool::Binding;
use crate::pool::account::Kind;

/// No try begins later than this after the request came.
const PATIENCE: Duration = Duration::from_secs(120);

/// The tries of one request.
#[derive(Debug)]
pub(super) struct Tries {
    started: Instant,
    left: u32,
    /// Accounts that are not asked again.
    pub(super) accounts: Vec<AccountId>,
    /// Keys that are not asked again.
    pub(super) keys: Vec<KeyId>,
    /// The account whose token was refused and refreshed, and that token.
    refreshed: Option<(AccountId, Option<String>)>,
    refreshed_before: Vec<AccountId>,
    without_thoughts: bool,
}

/// What to do after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing helps: the client gets the fault.
    GiveUp,
    /// The same on another account, or with a new token.
    Again,
    /// The same without the thoughts of earlier turns.
    WithoutThoughts,
}

/// Who was lent for a try that failed.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) account: AccountId,
    pub(super) kind: Kind,
    pub(super) key: Option<KeyId>,
    pub(super) bearer: Option<String>,
}

// === impl Tries ===

impl Tries {
    pub(super) fn new(config: &Config, started: Instant) -> Self {
        Self {
            started,
            left: config.scheduling.max_attempts,
            accounts: Vec::new(),
            keys: Vec::new(),
            refreshed: None,
            refreshed_before: Vec::new(),
            without_thoughts: false,
        }
    }

    /// Where to look for an account: the one that has a new token, else as the client is bound.
    pub(super) fn binding(&self, bound: &Binding) -> Binding {
        match &self.refreshed {
            Some((id, _)) => Binding::Account { id: id.clone(), fallback: false },
            None => bound.clone(),
        }
    }

    /// Whether to send with what was lent. After a refresh only a token that is new is tried.
    pub(super) fn accepts(&mut self, lent: &Lent) -> bool {
        let Some((id, refused)) = self.refreshed.take() else { return true };
        if refused.as_deref() != lent.headers.get("authorization") {
            return true;
        }
        self.accounts.push(id);
        false
    }

    /// Whether another account may be asked when none could be lent: the one with the new token
    /// was the only one that was looked at.
    pub(super) fn looks_further(&mut self) -> bool {
        let Some((id, _)) = self.refreshed.take() else { return false };
        self.accounts.push(id);
        true
    }

    /// Notes a fault and decides. `tried` is none where nobody's account was used.
    pub(super) fn after(&mut self, fault: &Fault, tried: Option<Tried>) -> Next {
        if fault.blames_thoughts() && !self.without_thoughts {
            self.without_thoughts = true;
            return Next::WithoutThoughts;
        }
        self.left = self.left.saturating_sub(1);
        let Some(tried) = tried else { return Next::GiveUp };
        if fault.retry == Retry::Never || self.started.elapsed() > PATIENCE {
            return Next::GiveUp;
        }
        let may_refresh = fault.retry == Retry::AfterRefresh
            && tried.kind != Kind::ApiKey
            && !self.refreshed_before.contains(&tried.account);
        if may_refresh {
            // The one try with a new token is not one of those that are counted.
            self.left += 1;
            self.refreshed_before.push(tried.account.clone());
            self.refreshed = Some((tried.account, tried.bearer));
            return Next::Again;
        }
        match tried.key {
            // What a key is refused for says nothing about the others of its pool.
            Some(key) if is_of_key(fault) => self.keys.push(key),
            Some(_) | None => self.accounts.push(tried.account),
        }
        if self.left == 0 { Next::GiveUp } else { Next::Again }
    }
}

// === helpers ===

const fn is_of_key(fault: &Fault) -> bool {
    matches!(fault.class, Class::Credential | Class::Quota | Class::Rate)
}

/// What the client is told when a try failed and there is nobody left to ask: the fault, and with a
/// limit when the first account is free again.
pub(super) fn told(config: &Config, mut fault: Fault, refusal: &Error) -> Fault {
    if fault.class == Class::Rate {
        let cooldown = &config.scheduling;
        let own = fault.retry_after_ms.map_or(cooldown.rate_cooldown, Duration::from_millis);
        let own = own.min(cooldown.max_cooldown);
        let earliest = refusal.retry_after().map_or(own, |it| it.min(own));
        fault.retry_after_ms = u64::try_from(earliest.as_millis()).ok();
    }
    fault
}
