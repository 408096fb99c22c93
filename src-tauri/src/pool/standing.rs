//! Whether an account may take requests now, whatever the request.
//!
//! Owns: [`Standing`], [`SkipReason`] and the one place that decides between them.
//! Must not know: the other accounts, tiers, what is asked.

use std::fmt;
use std::sync::Arc;

use droid_protocol::dialect::Endpoint;
use schemars::JsonSchema;
use serde::Serialize;

use super::account::{Account, Kind, Status};
use super::lane::{Pause, cold_models, next_end, one_each};
use super::ring::Ring;
use crate::clock::Timestamp;

/// Why an account is not a candidate. The first that holds, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SkipReason {
    /// It is outside of the client's binding.
    NotBound,
    /// It cannot take requests of this endpoint.
    Endpoint {
        /// The one it was made for.
        serves: Endpoint,
    },
    /// A person switched it off.
    Disabled,
    /// A person took it out of the pool.
    NotSchedulable,
    /// A person must sign in again.
    NeedsLogin,
    /// Its credentials were refused too often.
    Error,
    /// None of its keys is active.
    NoKeys,
    /// Its subscription has ended.
    SubscriptionExpired {
        /// When.
        since: Timestamp,
    },
    /// It has as many requests as it may have at once.
    Full {
        /// Requests now.
        in_flight: u32,
        /// Requests at most.
        max: u32,
    },
    /// It, or every key of it, pauses.
    Cooling {
        /// Until then.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// This request tried it already.
    Excluded,
    /// The model pauses on it, or on every key of it that does not pause.
    ModelCooling {
        /// Until then.
        until: Timestamp,
    },
    /// It fits, and would be tried after as many others of its tier as the request may try.
    Behind,
    /// It fits, and its tier is asked only when nothing before it is left.
    LowerTier,
}

/// Whether an account may take requests now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Yes, but for these models.
    Ready(Vec<(Arc<str>, Pause)>),
    /// Not until a pause ends.
    Resting(Pause, String),
    /// No.
    Out(SkipReason),
}

/// Decides. `bound`: a binding names it, so it need not be schedulable.
pub(super) fn standing(
    account: &Account,
    ring: Option<&Ring>,
    in_flight: u32,
    bound: bool,
    now: Timestamp,
) -> Standing {
    if let Some(reason) = switched_off(account, bound, now) {
        return Standing::Out(reason);
    }
    let keys = (account.kind == Kind::ApiKey).then_some(ring);
    if keys.is_some_and(|ring| ring.is_none_or(|it| it.lane().is_empty())) {
        return Standing::Out(SkipReason::NoKeys);
    }
    if account.max_concurrency > 0 && in_flight >= account.max_concurrency {
        return Standing::Out(SkipReason::Full { in_flight, max: account.max_concurrency });
    }
    let ring = keys.flatten();
    let cooling = account.health.cooling_at(now);
    let all_keys = ring.filter(|it| it.lane().ready() == 0).and_then(|it| it.lane().all_rest());
    if let Some(cooling) = cooling {
        let until = all_keys.map_or(cooling.until, |it| it.until.max(cooling.until));
        return Standing::Resting(Pause { probed: cooling.probed, until }, cooling.reason.clone());
    }
    if let Some(pause) = all_keys {
        return Standing::Resting(pause, "each of its keys is cooling".to_owned());
    }
    let mut cold = cold_models(&account.health, now);
    if let Some(ring) = ring {
        cold.extend(ring.lane().cold_everywhere());
        one_each(&mut cold);
    }
    Standing::Ready(cold)
}

/// When the standing has to be looked at again, if nobody changes the record.
pub(super) fn wake(account: &Account, ring: Option<&Ring>, now: Timestamp) -> Option<Timestamp> {
    let subscription = account.subscription_expires_at.filter(|it| *it > now);
    [subscription, next_end(&account.health, now), ring.and_then(Ring::wake)]
        .into_iter()
        .flatten()
        .min()
}

fn switched_off(account: &Account, bound: bool, now: Timestamp) -> Option<SkipReason> {
    if !account.enabled {
        return Some(SkipReason::Disabled);
    }
    if !account.schedulable && !bound {
        return Some(SkipReason::NotSchedulable);
    }
    match account.status {
        Status::Active => {}
        Status::Error => return Some(SkipReason::Error),
        Status::NeedsLogin => return Some(SkipReason::NeedsLogin),
        Status::NoKeys => return Some(SkipReason::NoKeys),
    }
    account
        .subscription_expires_at
        .filter(|it| *it <= now)
        .map(|since| SkipReason::SubscriptionExpired { since })
}

// === impl SkipReason ===

impl SkipReason {
    /// A stable word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotBound => "not_bound",
            Self::Endpoint { .. } => "endpoint",
            Self::Disabled => "disabled",
            Self::NotSchedulable => "not_schedulable",
            Self::NeedsLogin => "needs_login",
            Self::Error => "error",
            Self::NoKeys => "no_keys",
            Self::SubscriptionExpired { .. } => "subscription_expired",
            Self::Full { .. } => "full",
            Self::Cooling { .. } => "cooling",
            Self::Excluded => "excluded",
            Self::ModelCooling { .. } => "model_cooling",
            Self::Behind => "behind",
            Self::LowerTier => "lower_tier",
        }
    }
}

impl fmt::Display for SkipReason {
    /// A sentence for a person, without the account's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBound => f.write_str("the client is bound to other accounts"),
            Self::Endpoint { serves } => {
                write!(f, "it was made for the {serves} endpoint and cannot serve this one")
            }
            Self::Disabled => f.write_str("it is disabled"),
            Self::NotSchedulable => f.write_str("it is kept out of the pool (not schedulable)"),
            Self::NeedsLogin => f.write_str("it needs a new sign-in"),
            Self::Error => f.write_str("its credentials were refused too often; reset it"),
            Self::NoKeys => f.write_str("none of its keys is active"),
            Self::SubscriptionExpired { since } => {
                write!(f, "its subscription ended at {}", since.to_rfc3339())
            }
            Self::Full { in_flight, max } => {
                write!(f, "{in_flight} of at most {max} requests are in flight")
            }
            Self::Cooling { until, why } => {
                write!(f, "it is cooling until {}: {why}", until.to_rfc3339())
            }
            Self::Excluded => f.write_str("this request tried it already"),
            Self::ModelCooling { until } => {
                write!(f, "this model is cooling on it until {}", until.to_rfc3339())
            }
            Self::Behind => f.write_str("it fits; others come first"),
            Self::LowerTier => f.write_str("it fits; a tier before it has accounts left"),
        }
    }
}
