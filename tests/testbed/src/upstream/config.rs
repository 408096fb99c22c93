//! How a fake behaves.
//!
//! Owns: [`FakeConfig`], fixed at the start, and [`Quirks`], changed at any time.
//! Must not know: who reads them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a fake behaves; the default is what the real ones do.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A folder of fixtures instead of the embedded ones.
    pub fixtures: Option<PathBuf>,
    /// The OAuth clients WorkOS knows; the first is the one of [`Fake::mint_account`](crate::upstream::Fake::mint_account).
    pub client_ids: Vec<String>,
    /// The prompt Factory wants first.
    pub system_prompt: String,
    /// Whether `/g/v1/generate` wants it too (nobody has told; by default it may be missing).
    pub google_prompt_required: bool,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a device code.
    pub device_code_ttl: Duration,
    /// Pause a client must leave between polls.
    pub device_interval: Duration,
    /// Life of an authorization code.
    pub code_ttl: Duration,
    /// Pause between two events of a stream.
    pub event_delay: Duration,
}

/// Ways in which token answers may fall short of seed S0 §3.1 and still be legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// A refresh answers no refresh token; the old one stays good.
    pub omit_refresh_token: bool,
    /// No `expires_in`.
    pub omit_expires_in: bool,
    /// An `expires_at` (RFC 3339), beside or instead of `expires_in`.
    pub give_expires_at: bool,
    /// No `user`.
    pub omit_user: bool,
    /// No `organization_id`.
    pub omit_organization: bool,
    /// No `org_id` in the access token's claims.
    pub omit_org_claim: bool,
}

// === impl FakeConfig ===

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            fixtures: None,
            client_ids: vec!["client_01HNM792M5G5G1A2THWPXKFMXB".to_owned()],
            system_prompt: "You are Droid, an AI software engineering agent built by Factory."
                .to_owned(),
            google_prompt_required: false,
            access_token_ttl: Duration::from_secs(8 * 3600),
            device_code_ttl: Duration::from_secs(300),
            device_interval: Duration::from_secs(5),
            code_ttl: Duration::from_secs(600),
            event_delay: Duration::ZERO,
        }
    }
}
