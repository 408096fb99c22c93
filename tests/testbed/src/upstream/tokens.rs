//! Who exists upstream, and which tokens and keys are good.
//!
//! Owns: users, organisations, token families with rotation and reuse detection, API keys.
//! Must not know: HTTP, forms, how a family was first granted.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::{Ids, micros, rfc3339};
use crate::upstream::token_answer::{self, Holder, OAuthError};
use crate::upstream::{FakeConfig, Quirks};

/// A person WorkOS knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// `user_...`.
    pub id: String,
    /// Address, also a claim of every access token.
    pub email: String,
    /// The organisations the person is a member of; the first is the default.
    pub orgs: Vec<String>,
}

/// A signed-in account, as a test gets it without playing a sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Minted {
    /// The live access token, a JWT.
    pub access_token: String,
    /// The family's only unspent refresh token.
    pub refresh_token: String,
    /// End of the access token's life, RFC 3339.
    pub expires_at: String,
    /// Who signed in.
    pub user: User,
    /// The organisation the tokens are for.
    pub org: Option<String>,
}

/// What became of the family a refresh token belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyState {
    /// False once revoked.
    pub alive: bool,
    /// How often a refresh token of it was exchanged.
    pub rotations: u64,
    /// Why it was revoked: `reuse`, `control` or `code_reuse`.
    pub revoked_by: Option<String>,
    /// The refresh token that is good now, if the family lives.
    pub current: Option<String>,
    /// Whether the token asked about is that one.
    pub is_current: bool,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Refresh grants that were answered with tokens.
    pub refreshed: u64,
    /// Refresh grants that were refused.
    pub refused: u64,
    /// Refresh grants that spent a token again and so revoked a family.
    pub reuses: u64,
    /// Families revoked, for whatever reason.
    pub revoked: u64,
}

/// What a bearer token is allowed to do.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    Access {
        orgs: Vec<String>,
    },
    Key,
    /// Blocked by a test, with the status to answer.
    Blocked(u16),
    Unknown,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) users: Vec<User>,
    pub(crate) stats: Stats,
    families: Vec<Family>,
    refresh: HashMap<String, Refresh>,
    access: HashMap<String, Access>,
    keys: HashMap<String, Option<u16>>,
}

#[derive(Debug)]
struct Family {
    user: User,
    org: Option<String>,
    client_id: String,
    method: &'static str,
    session: String,
    rotations: u64,
    current: String,
    revoked_by: Option<&'static str>,
}

#[derive(Debug)]
struct Refresh {
    family: usize,
    spent: bool,
}

#[derive(Debug)]
struct Access {
    family: usize,
    expires_us: u64,
}

/// Everything an exchange needs from around it.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) config: &'a FakeConfig,
    pub(crate) quirks: &'a Quirks,
    pub(crate) ids: &'a Ids,
    pub(crate) now_us: u64,
}

/// A family's index and its tokens of the moment.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) family: usize,
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_us: u64,
}

// === impl Directory ===

impl Directory {
    /// Adds a person; `orgs` empty gives one of their own.
    pub(crate) fn add_user(&mut self, ids: &Ids, email: &str, orgs: &[String]) -> User {
        let orgs = if orgs.is_empty() { vec![ids.named("org_01")] } else { orgs.to_vec() };
        let user = User { id: ids.named("user_01"), email: email.to_owned(), orgs };
        self.users.push(user.clone());
        user
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Starts a family.
    pub(crate) fn grant(
        &mut self,
        around: Around<'_>,
        user: &User,
        client_id: &str,
        method: &'static str,
    ) -> Grant {
        self.families.push(Family {
            user: user.clone(),
            org: user.orgs.first().cloned(),
            client_id: client_id.to_owned(),
            method,
            session: around.ids.named("session_01"),
            rotations: 0,
            current: String::new(),
            revoked_by: None,
        });
        self.issue(around, self.families.len() - 1)
    }

    pub(crate) fn minted(&self, grant: &Grant) -> Minted {
        let family = &self.families[grant.family];
        Minted {
            access_token: grant.access_token.clone(),
            refresh_token: family.current.clone(),
            expires_at: rfc3339(grant.expires_us),
            user: family.user.clone(),
            org: family.org.clone(),
        }
    }

    /// Exchanges a refresh token for the next pair; a token is good once, and spending one again
    /// revokes its whole family (as RFC 9700 §4.14.2 asks).
    pub(crate) fn rotate(
        &mut self,
        around: Around<'_>,
        token: &str,
        client_id: &str,
        org: Option<&str>,
    ) -> Result<Grant, OAuthError> {
        let answer = self.try_rotate(around, token, client_id, org);
        match &answer {
            Ok(_) => self.stats.refreshed += 1,
            Err(_) => self.stats.refused += 1,
        }
        answer
    }

    fn try_rotate(
        &mut self,
        around: Around<'_>,
        token: &str,
        client_id: &str,
        org: Option<&str>,
    ) -> Result<Grant, OAuthError> {
        let Some(Refresh { family: index, spent }) = self.refresh.get(token) else {
            return Err(OAuthError::grant("Refresh token is invalid."));
        };
        let (index, spent) = (*index, *spent);
        let family = &self.families[index];
        if family.revoked_by.is_some() {
            return Err(OAuthError::grant("Session has already ended."));
        }
        if family.client_id != client_id {
            return Err(OAuthError::grant("Refresh token was issued to another client."));
        }
        if spent {
            self.stats.reuses += 1;
            self.revoke(index, "reuse");
            return Err(OAuthError::grant("Refresh token already exchanged."));
        }
        if let Some(org) = org {
            if !family.user.orgs.iter().any(|it| it == org) {
                return Err(OAuthError::request("User is not a member of the organization."));
            }
            self.families[index].org = Some(org.to_owned());
        }
        self.families[index].rotations += 1;
        if around.quirks.omit_refresh_token {
            // An answer without a refresh token means that the old one stays good.
            return Ok(Grant { refresh_token: None, ..self.access_only(around, index) });
        }
        self.refresh.get_mut(token).unwrap().spent = true;
        Ok(self.issue(around, index))
    }

    /// What the token endpoint tells about a grant.
    pub(crate) fn response(&self, around: Around<'_>, grant: &Grant) -> Value {
        let Family { user, org, method, .. } = &self.families[grant.family];
        token_answer::response(around, grant, Holder { user, org: org.as_deref(), method })
    }

    pub(crate) fn revoke(&mut self, index: usize, by: &'static str) {
        let family = &mut self.families[index];
        if family.revoked_by.is_none() {
            family.revoked_by = Some(by);
            self.stats.revoked += 1;
        }
    }

    pub(crate) fn family_of(&self, refresh_token: &str) -> Option<usize> {
        self.refresh.get(refresh_token).map(|refresh| refresh.family)
    }

    pub(crate) fn state(&self, refresh_token: &str) -> Option<FamilyState> {
        let family = &self.families[self.family_of(refresh_token)?];
        let alive = family.revoked_by.is_none();
        Some(FamilyState {
            alive,
            rotations: family.rotations,
            revoked_by: family.revoked_by.map(str::to_owned),
            current: alive.then(|| family.current.clone()),
            is_current: alive && family.current == refresh_token,
        })
    }

    /// Ends the life of every access token given out so far.
    pub(crate) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Registers a key, or blocks it with a status, or unblocks it.
    pub(crate) fn set_key(&mut self, key: &str, blocked: Option<u16>) {
        self.keys.insert(key.to_owned(), blocked);
    }

    /// What a bearer token is good for now.
    pub(crate) fn bearer(&self, token: &str, now_us: u64) -> Bearer {
        if let Some(blocked) = self.keys.get(token) {
            return blocked.map_or(Bearer::Key, Bearer::Blocked);
        }
        let Some(access) = self.access.get(token) else { return Bearer::Unknown };
        let family = &self.families[access.family];
        if access.expires_us <= now_us || family.revoked_by.is_some() {
            return Bearer::Unknown;
        }
        Bearer::Access { orgs: family.user.orgs.clone() }
    }

    fn issue(&mut self, around: Around<'_>, index: usize) -> Grant {
        let token = around.ids.hex()[..25].to_owned();
        self.refresh.insert(token.clone(), Refresh { family: index, spent: false });
        self.families[index].current.clone_from(&token);
        Grant { refresh_token: Some(token), ..self.access_only(around, index) }
    }

    fn access_only(&mut self, around: Around<'_>, index: usize) -> Grant {
        let expires_us = around.now_us + micros(around.config.access_token_ttl);
        let Family { user, org, session, .. } = &self.families[index];
        let access_token = token_answer::jwt(around, user, org.as_deref(), session, expires_us);
        self.access.insert(access_token.clone(), Access { family: index, expires_us });
        Grant { family: index, access_token, refresh_token: None, expires_us }
    }
}
