//! Sign-ins under way: device codes and authorization codes.
//!
//! Owns: their lifetimes, the polling rule (RFC 8628 §3.5), PKCE (RFC 7636), good-once.
//! Must not know: HTTP, what a family of tokens is made of.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::micros;
use crate::upstream::token_answer::OAuthError;
use crate::upstream::tokens::{Around, User};

/// A device sign-in, as the person's side sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PendingDevice {
    /// What the client polls with.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Seconds the client must now leave between polls.
    pub interval: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Grants {
    devices: HashMap<String, Device>,
    codes: HashMap<String, Code>,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    client_id: String,
    expires_us: u64,
    interval_us: u64,
    polled_us: Option<u64>,
    decision: Decision,
}

#[derive(Debug)]
enum Decision {
    Pending,
    Approved(User),
    Denied,
    Used,
}

#[derive(Debug)]
struct Code {
    user: User,
    client_id: String,
    redirect_uri: String,
    challenge: String,
    expires_us: u64,
    /// The family it was exchanged for, so that a second use can revoke it.
    family: Option<usize>,
}

/// Why an authorization code was refused; a second use names the family to revoke.
pub(crate) struct CodeRefused {
    pub(crate) error: OAuthError,
    pub(crate) revoke: Option<usize>,
}

// === impl Grants ===

impl Grants {
    pub(crate) fn start_device(&mut self, around: Around<'_>, client_id: &str) -> PendingDevice {
        let (code, config) = (around.ids.hex(), around.config);
        let letters: Vec<char> = code
            .bytes()
            .take(8)
            .map(|byte| char::from(b"BCDFGHJKLMNPQRST"[usize::from(byte % 16)]))
            .collect();
        let user_code: String = letters[..4].iter().chain(&['-']).chain(&letters[4..]).collect();
        let device = Device {
            user_code: user_code.clone(),
            client_id: client_id.to_owned(),
            expires_us: around.now_us + micros(config.device_code_ttl),
            interval_us: micros(config.device_interval),
            polled_us: None,
            decision: Decision::Pending,
        };
        let device_code = around.ids.hex();
        self.devices.insert(device_code.clone(), device);
        PendingDevice { device_code, user_code, interval: config.device_interval.as_secs() }
    }

    /// One poll. Any poll that comes before the interval is over widens it by five seconds.
    pub(crate) fn poll_device(
        &mut self,
        around: Around<'_>,
        device_code: &str,
        client_id: &str,
    ) -> Result<User, OAuthError> {
        let Some(device) = self.devices.get_mut(device_code) else {
            return Err(OAuthError::grant("The device code is invalid."));
        };
        if device.client_id != client_id {
            return Err(OAuthError::grant("The device code was issued to another client."));
        }
        if device.expires_us <= around.now_us {
            return Err(OAuthError::new("expired_token", "The device code has expired."));
        }
        let last = device.polled_us.replace(around.now_us);
        if last.is_some_and(|last| around.now_us < last + device.interval_us) {
            device.interval_us += 5_000_000;
            return Err(OAuthError::new("slow_down", "The client is polling too quickly."));
        }
        match std::mem::replace(&mut device.decision, Decision::Used) {
            Decision::Approved(user) => Ok(user),
            Decision::Used => Err(OAuthError::grant("The device code was already exchanged.")),
            Decision::Denied => {
                device.decision = Decision::Denied;
                Err(OAuthError::new("access_denied", "The user denied the request."))
            }
            Decision::Pending => {
                device.decision = Decision::Pending;
                Err(OAuthError::new("authorization_pending", "The user has not yet approved."))
            }
        }
    }

    /// The person's answer, by user code or device code. False: no such code, or decided already.
    pub(crate) fn decide(&mut self, code: &str, user: Option<User>) -> bool {
        let found = self.devices.iter_mut().find(|(id, it)| *id == code || it.user_code == code);
        match found {
            Some((_, device)) if matches!(device.decision, Decision::Pending) => {
                device.decision = user.map_or(Decision::Denied, Decision::Approved);
                true
            }
            _ => false,
        }
    }

    /// Device sign-ins nobody decided yet.
    pub(crate) fn pending(&self) -> Vec<PendingDevice> {
        let open = |(id, it): (&String, &Device)| {
            matches!(it.decision, Decision::Pending).then(|| PendingDevice {
                device_code: id.clone(),
                user_code: it.user_code.clone(),
                interval: it.interval_us / 1_000_000,
            })
        };
        self.devices.iter().filter_map(open).collect()
    }

    pub(crate) fn start_code(
        &mut self,
        around: Around<'_>,
        user: &User,
        client_id: &str,
        redirect_uri: &str,
        challenge: &str,
    ) -> String {
        let code = around.ids.named("01");
        let entry = Code {
            user: user.clone(),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            expires_us: around.now_us + micros(around.config.code_ttl),
            family: None,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// Checks an authorization code; the caller grants and then calls [`Grants::exchanged`].
    pub(crate) fn redeem(
        &self,
        now_us: u64,
        code: &str,
        client_id: &str,
        verifier: &str,
        redirect_uri: Option<&str>,
    ) -> Result<User, CodeRefused> {
        let refuse = |text: &str| Err(CodeRefused { error: OAuthError::grant(text), revoke: None });
        let Some(entry) = self.codes.get(code) else {
            return refuse("The code is invalid.");
        };
        if entry.client_id != client_id {
            return refuse("The code was issued to another client.");
        }
        if let Some(family) = entry.family {
            let error = OAuthError::grant("The code has already been used.");
            return Err(CodeRefused { error, revoke: Some(family) });
        }
        if entry.expires_us <= now_us {
            return refuse("The code has expired.");
        }
        if redirect_uri.is_some_and(|uri| uri != entry.redirect_uri) {
            return refuse("The redirect_uri does not match.");
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != entry.challenge {
            return refuse("The code_verifier does not match the code_challenge.");
        }
        Ok(entry.user.clone())
    }

    pub(crate) fn exchanged(&mut self, code: &str, family: usize) {
        self.codes.get_mut(code).unwrap().family = Some(family);
    }
}

/// Whether a verifier has the length and letters of RFC 7636 §4.1.
pub(crate) fn verifier_is_valid(verifier: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(letter)
}
