//! A sign-in between two calls, perhaps of two processes.
//!
//! Owns: [`Login`] and its two kinds, and how they are written down.
//! Must not know: the network, where they are kept.

use serde::Deserialize;
use serde_json::json;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// A sign-in under way.
#[derive(Debug, Deserialize)]
#[serde(tag = "flow", rename_all = "snake_case")]
pub enum Login {
    /// By a code on another device.
    Device(DeviceLogin),
    /// In this machine's browser.
    Pkce(PkceLogin),
}

/// A device sign-in (RFC 8628) under way. Holds secrets; [`Login::to_secret`] writes it down.
#[derive(Debug, Deserialize)]
pub struct DeviceLogin {
    pub(super) device_code: Secret,
    pub(super) interval_ms: u64,
    /// Polls in a row that the network lost.
    pub(super) failures: u32,
    pub(super) next_poll_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) proxy: Option<Secret>,
    pub(super) over: Option<String>,
}

/// A browser sign-in (RFC 7636) under way. Holds secrets; [`Login::to_secret`] writes it down.
#[derive(Debug, Deserialize)]
pub struct PkceLogin {
    pub(super) state: Secret,
    pub(super) verifier: Secret,
    pub(super) expires_at: Timestamp,
    pub(super) proxy: Option<Secret>,
    pub(super) over: Option<String>,
}

// === impl Login ===

impl Login {
    /// Everything, as one text to be sealed.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        let value = match self {
            Self::Device(it) => json!({
                "flow": "device",
                "device_code": it.device_code.expose(),
                "interval_ms": it.interval_ms,
                "failures": it.failures,
                "next_poll_at": it.next_poll_at,
                "expires_at": it.expires_at,
                "proxy": it.proxy.as_ref().map(Secret::expose),
                "over": it.over,
            }),
            Self::Pkce(it) => json!({
                "flow": "pkce",
                "state": it.state.expose(),
                "verifier": it.verifier.expose(),
                "expires_at": it.expires_at,
                "proxy": it.proxy.as_ref().map(Secret::expose),
                "over": it.over,
            }),
        };
        Secret::new(value.to_string())
    }

    /// Reads what [`Login::to_secret`] wrote.
    ///
    /// # Errors
    /// [`Error::LoginOver`] when it cannot be read, as after an update.
    pub fn from_secret(text: &Secret) -> Result<Self> {
        serde_json::from_str(text.expose()).map_err(|_| Error::LoginOver {
            reason: "it was begun by another version of this program".to_owned(),
        })
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        match self {
            Self::Device(it) => it.expires_at,
            Self::Pkce(it) => it.expires_at,
        }
    }

    /// The proxy it goes through; the account made of it keeps it.
    #[must_use]
    pub const fn proxy(&self) -> Option<&Secret> {
        match self {
            Self::Device(it) => it.proxy.as_ref(),
            Self::Pkce(it) => it.proxy.as_ref(),
        }
    }
}

// === impl DeviceLogin ===

impl DeviceLogin {
    pub(super) fn end(&mut self, reason: &str) -> Error {
        self.over = Some(reason.to_owned());
        Error::LoginOver { reason: reason.to_owned() }
    }
}

// === impl PkceLogin ===

impl PkceLogin {
    /// The state, for a listener to tell callbacks of this sign-in from others.
    #[must_use]
    pub const fn state(&self) -> &Secret {
        &self.state
    }

    pub(super) fn end(&mut self, reason: &str) -> Error {
        self.over = Some(reason.to_owned());
        Error::LoginOver { reason: reason.to_owned() }
    }
}

pub(super) fn still_open(over: Option<&str>) -> Result<()> {
    over.map_or(Ok(()), |reason| Err(Error::LoginOver { reason: reason.to_owned() }))
}
