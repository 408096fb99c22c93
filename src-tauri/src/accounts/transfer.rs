//! Accounts on their way out of and into this program.
//!
//! Owns: what an export holds, the order of an import, and what is told of each thing in a file.
//! Must not know: files, prompts, JSON-RPC.

mod content;
mod droid2api;
mod host;
mod key_pool;
mod own;
mod read;
mod relay;
mod value;

use std::collections::HashSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

pub use self::content::{Content, Found, FoundGroup, Line};
pub use self::own::{Sealing, Written};
pub use self::read::{Keys, read, text_of};
use super::Accounts;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Group, Kind};
use crate::secret::Secret;
use crate::store::{self, NewKey, NewTokens};

/// What became of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ImportReport")]
pub struct Report {
    /// Which format it is in.
    pub format: &'static str,
    /// Nothing was stored.
    pub dry_run: bool,
    /// One for each group, account and part of the configuration, in the order of the file.
    pub lines: Vec<Line>,
    /// Lines of each outcome.
    pub added: usize,
    /// Keys went into a pool of that name, or a setting was put in place of another.
    pub merged: usize,
    /// It was stored already.
    pub known: usize,
    /// It cannot be taken; its line says why.
    pub skipped: usize,
}

/// What is known, so that nothing is stored twice; grows with what is added.
struct Known {
    /// Of refresh tokens of this file.
    tokens: HashSet<String>,
    /// Of keys in any pool, and of this file.
    keys: HashSet<String>,
    /// Pools by name.
    pools: Vec<(String, AccountId)>,
}

// === impl Accounts ===

impl Accounts {
    /// Everything that makes up the accounts, secrets included.
    ///
    /// # Errors
    /// When a secret cannot be opened: an export that lacks one would be found out too late.
    pub async fn export(&self, sealing: &Sealing) -> Result<Written> {
        let changes = self.store.changes_since(0).await?;
        let content = own::gather(self, &changes).await?;
        let (sealing, entropy, now) =
            (sealing.clone(), Arc::clone(&self.entropy), self.clock.now());
        // A passphrase is stretched for some 60 ms, which no request should have to wait for.
        let write = move || own::write(&content, &sealing, now, entropy.as_ref());
        let written = tokio::task::spawn_blocking(write).await;
        written.unwrap_or_else(|_| Err(Error::Internal("a defect in an export".to_owned())))
    }

    /// Stores what a file holds: each account whole or not at all, what is known already not again.
    /// With `dry_run` nothing is stored, and told as if it were. Parts that keep what they read of
    /// the configuration have to be told of it afterwards.
    ///
    /// # Errors
    /// When the store cannot be read; what cannot be stored is told in its line.
    pub async fn import_content(&self, content: Content, dry_run: bool) -> Result<Report> {
        let changes = self.store.changes_since(0).await?;
        let is_pool = |kind: Kind| kind == Kind::ApiKey;
        let mut known = Known {
            tokens: HashSet::new(),
            keys: changes.keys.iter().map(|it| it.hash.clone()).collect(),
            pools: changes
                .accounts
                .iter()
                .filter(|it| is_pool(it.kind))
                .map(|it| (it.name.clone(), it.id.clone()))
                .collect(),
        };
        let mut groups: HashSet<String> =
            changes.groups.iter().map(|it| it.id.to_string()).collect();
        let mut lines = content.refused;
        for group in content.groups {
            let is_new = groups.insert(group.id.to_string());
            lines.push(self.import_group(group, is_new, dry_run).await);
        }
        for mut found in content.accounts {
            self.make_groups(&mut found, &mut groups, dry_run, &mut lines).await;
            let stored = match found.kind {
                Kind::ApiKey => self.import_pool(&found, &mut known, dry_run).await,
                Kind::WorkosOauth | Kind::Manual => {
                    self.import_tokens(&found, &mut known, dry_run).await
                }
            };
            lines.push(stored.unwrap_or_else(|error| found.line("skipped", error.to_string())));
        }
        if !dry_run {
            self.broker.reload().await?;
        }
        let parts = content.config.as_ref().and_then(Value::as_object);
        let parts = parts.into_iter().flatten();
        lines.extend(parts.map(|(name, part)| self.import_setting(name, part, dry_run)));
        Ok(Report::new(content.format, dry_run, lines))
    }

    fn import_setting(&self, name: &str, part: &Value, dry_run: bool) -> Line {
        let (outcome, message) = if dry_run {
            ("merged", "would be put in place of the present one".to_owned())
        } else {
            match self.config.update(&json!({ name: part }), None) {
                Ok(_) => ("merged", "put in place of the former one".to_owned()),
                Err(error) => ("skipped", error.to_string()),
            }
        };
        Line {
            what: "configuration",
            at: name.to_owned(),
            name: None,
            outcome,
            credential_id: None,
            message,
        }
    }

    async fn import_group(&self, found: FoundGroup, is_new: bool, dry_run: bool) -> Line {
        let line = |outcome, message: &str| Line {
            what: "group",
            at: found.at.clone(),
            name: Some(found.name.clone()),
            outcome,
            credential_id: None,
            message: message.to_owned(),
        };
        if !is_new {
            return line("known", "there is a group of that id; it was left as it is");
        }
        if dry_run {
            return line("added", "would be added");
        }
        let group = Group {
            id: found.id.clone(),
            name: found.name.clone(),
            priority: found.priority,
            strategy: found.strategy,
            created_at: self.clock.now(),
            revision: 0,
        };
        match self.store.save_group(group, None).await {
            Ok(_) => line("added", "added"),
            Err(error) => line("skipped", &error.to_string()),
        }
    }

    /// An account may be in groups that the file does not describe.
    async fn make_groups(
        &self,
        found: &mut Found,
        groups: &mut HashSet<String>,
        dry_run: bool,
        lines: &mut Vec<Line>,
    ) {
        let Ok(Some(wanted)) = found.spec.checked_groups() else { return };
        for id in wanted.into_iter().filter(|it| groups.insert(it.to_string())) {
            let name = id.to_string();
            let group = FoundGroup { at: found.at.clone(), name, ..FoundGroup::new(id) };
            lines.push(self.import_group(group, true, dry_run).await);
        }
    }

    async fn import_tokens(&self, found: &Found, known: &mut Known, dry_run: bool) -> Result<Line> {
        let refresh = found.spec.refresh_token.as_ref();
        let Some(refresh) = refresh.filter(|it| !it.expose().trim().is_empty()) else {
            return Err(Error::invalid("refresh_token", "missing"));
        };
        let refresh = Secret::new(refresh.expose().trim());
        let fingerprint = refresh.fingerprint();
        if let Some(id) = self.store.find_by_lineage(&fingerprint).await? {
            let message = "it is stored already, perhaps with newer tokens, and was left as it is";
            return Ok(found.line("known", message.to_owned()).of(&id));
        }
        if known.tokens.contains(&fingerprint) {
            return Ok(found.line("known", "it is in this file twice".to_owned()));
        }
        let mut new = self.described(found.kind, &found.spec)?;
        new.tokens = Some(NewTokens {
            access: found.spec.access_token.clone().filter(|it| !it.is_empty()),
            refresh,
            expires_at: found.spec.checked_expiry()?,
            refreshed_at: None,
        });
        if dry_run {
            known.tokens.insert(fingerprint);
            return Ok(found.line("added", "would be added".to_owned()));
        }
        let account = self.store.create_account(new).await?;
        known.tokens.insert(fingerprint);
        let message = "added; its token is this program's from now on";
        Ok(found.line("added", message.to_owned()).of(&account.id))
    }

    async fn import_pool(&self, found: &Found, known: &mut Known, dry_run: bool) -> Result<Line> {
        let n_given = found.keys.len();
        let mut keys = Vec::new();
        // Known once they are stored: what cannot be may stand in the file once more.
        let mut fresh = HashSet::new();
        for (secret, status) in &found.keys {
            let secret = Secret::new(secret.expose().trim());
            let fingerprint = secret.fingerprint();
            if !known.keys.contains(&fingerprint) && fresh.insert(fingerprint) {
                let id = KeyId::from(self.entropy.uuid());
                keys.push(NewKey { id, secret, status: *status });
            }
        }
        if n_given == 0 {
            return Err(Error::invalid("api_keys", "there is no usable key in it"));
        }
        let pool = found.spec.name.as_ref().and_then(|name| {
            known.pools.iter().find(|(it, _)| it == name).map(|(_, id)| id.clone())
        });
        if keys.is_empty() {
            let line = found.line("known", format!("all of its {n_given} keys are stored already"));
            return Ok(pool.map_or(line.clone(), |id| line.of(&id)));
        }
        let n_new = keys.len();
        let of_all = format!("{n_new} of {n_given} keys");
        if let Some(id) = pool {
            if !dry_run {
                let now = self.clock.now();
                self.store.add_keys(&id, keys, store::Mode::Append, now).await?;
            }
            known.keys.extend(fresh);
            let message = format!("{of_all} are new to the pool of that name");
            return Ok(found.line("merged", message).of(&id));
        }
        let mut new = self.described(Kind::ApiKey, &found.spec)?;
        if found.spec.name.is_none() {
            new.account.name = format!("Droid API Key ({n_new} keys)");
        }
        new.keys = keys;
        let pool = (new.account.name.clone(), new.account.id.clone());
        if dry_run {
            known.pools.push(pool);
            known.keys.extend(fresh);
            return Ok(found.line("added", format!("would be added with {of_all}")));
        }
        let account = self.store.create_account(new).await?;
        known.pools.push(pool);
        known.keys.extend(fresh);
        Ok(found.line("added", format!("added with {of_all}")).of(&account.id))
    }
}

// === impl Report ===

impl Report {
    fn new(format: &'static str, dry_run: bool, lines: Vec<Line>) -> Self {
        let count = |outcome: &str| lines.iter().filter(|it| it.outcome == outcome).count();
        Self {
            format,
            dry_run,
            added: count("added"),
            merged: count("merged"),
            known: count("known"),
            skipped: count("skipped"),
            lines,
        }
    }
}
