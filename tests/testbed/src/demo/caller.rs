//! The host, in either of its two ways to call.
//!
//! Owns: [`Caller`], and how many processes it started.
//! Must not know: what is called.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::deviation::Deviation;
use crate::host::{Bridge, OneShot};

/// Calls the plugin.
pub(crate) enum Caller {
    /// One process, kept.
    Kept(Box<Bridge>),
    /// A process a call.
    Anew(OneShot, AtomicUsize),
}

// === impl Caller ===

impl Caller {
    pub(crate) fn kept(bridge: Bridge) -> Self {
        Self::Kept(Box::new(bridge))
    }

    pub(crate) fn anew(host: OneShot) -> Self {
        Self::Anew(host, AtomicUsize::new(0))
    }

    /// Calls and expects a result of the shape the contract promises.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, Deviation> {
        let outcome = match self {
            Self::Kept(bridge) => bridge.call(method, params).await,
            Self::Anew(host, n_started) => {
                n_started.fetch_add(1, Ordering::Relaxed);
                host.call(method, params).await
            }
        };
        outcome.map_err(|error| Deviation::new(format!("{method}: {error}")))
    }

    /// Whether a stream's state has to travel with the calls.
    pub(crate) fn carries(&self) -> bool {
        matches!(self, Self::Anew(..))
    }

    /// Processes started so far.
    pub(crate) fn n_started(&self) -> usize {
        match self {
            Self::Kept(_) => 1,
            Self::Anew(_, n_started) => n_started.load(Ordering::Relaxed),
        }
    }
}
