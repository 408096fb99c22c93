//! This program's own export.
//!
//! Owns: its format, which is read for ever: `{"format": "droid-provider-export", "version": 1}`
//! and either `content` or, sealed with a passphrase, `salt` and `sealed`.
//! Must not know: files.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::content::{Content, Found, FoundGroup, Line};
use super::value;
use crate::accounts::Accounts;
use crate::accounts::spec::{self, AccountSpec};
use crate::clock::{Entropy, Timestamp};
use crate::error::{Error, Result};
use crate::ids::GroupId;
use crate::pool::account::{Account, Kind, Strategy};
use crate::ports::TokenStore as _;
use crate::secret::Secret;
use crate::store::{Changes, Envelope};

/// What an export calls itself.
pub(super) const FORMAT: &str = "droid-provider-export";
/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// How an export is protected.
#[derive(Clone, Debug)]
pub enum Sealing {
    /// With a passphrase.
    Passphrase(Secret),
    /// Not at all: whoever reads it has the accounts.
    Plain,
}

/// An export, written.
pub struct Written {
    /// The file. As secret as what is in it, unless it is sealed.
    pub text: Secret,
    /// How many accounts are in it.
    pub accounts: usize,
    /// How many keys.
    pub keys: usize,
}

#[derive(Deserialize)]
struct GroupEntry {
    id: GroupId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    priority: Option<u32>,
    #[serde(default)]
    strategy: Option<Strategy>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    format: String,
    version: u64,
    created_at: String,
    #[serde(flatten)]
    envelope: Envelope,
}

/// The content as JSON, with every secret in it.
pub(super) async fn gather(accounts: &Accounts, changes: &Changes) -> Result<Value> {
    let mut entries = Vec::with_capacity(changes.accounts.len());
    for account in &changes.accounts {
        entries.push(entry(accounts, account).await?);
    }
    let groups: Vec<Value> = changes
        .groups
        .iter()
        .map(|it| {
            let (priority, strategy) = (it.priority, it.strategy);
            json!({ "id": it.id, "name": it.name, "priority": priority, "strategy": strategy })
        })
        .collect();
    Ok(json!({ "groups": groups, "accounts": entries }))
}

async fn entry(accounts: &Accounts, account: &Account) -> Result<Value> {
    let time = |it: Option<Timestamp>| it.map(Timestamp::to_rfc3339);
    let proxy = accounts.store.proxy(&account.id).await?;
    let mut entry = json!({
        "auth_type": account.kind,
        "name": account.name,
        "endpoint_type": account.endpoint,
        "priority": account.priority,
        "groups": account.groups,
        "enabled": account.enabled,
        "schedulable": account.schedulable,
        "max_concurrency": account.max_concurrency,
        "proxy": proxy.as_ref().map(Secret::expose),
        "user_agent": account.user_agent,
        "subscription_expires_at": time(account.subscription_expires_at),
        "token_budget": account.token_budget,
        "organization_id": account.organization_id,
        "user_id": account.user_id,
        "owner_email": account.owner_email,
        "owner_name": account.owner_name,
    });
    if account.kind == Kind::ApiKey {
        let mut keys = Vec::new();
        for key in accounts.store.keys(&account.id).await? {
            let secret = accounts.store.key_secret(&key.id).await?;
            keys.push(json!({ "key": secret.expose(), "status": key.status }));
        }
        entry["keys"] = json!(keys);
        entry["key_strategy"] = json!(account.key_strategy);
    } else {
        let tokens = accounts.store.tokens(&account.id).await?;
        entry["refresh_token"] = json!(tokens.refresh.expose());
        entry["access_token"] = json!(tokens.access.as_ref().map(Secret::expose));
        entry["expires_at"] = json!(time(tokens.expires_at));
    }
    Ok(entry)
}

/// The file.
pub(super) fn write(
    content: &Value,
    sealing: &Sealing,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Written> {
    let accounts = content["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let n_keys = accounts.iter().filter_map(|it| it["keys"].as_array()).map(Vec::len).sum();
    let n_accounts = accounts.len();
    let created_at = now.to_rfc3339();
    let file = match sealing {
        Sealing::Plain => json!({
            "format": FORMAT, "version": VERSION, "created_at": created_at, "content": content,
        }),
        Sealing::Passphrase(passphrase) => {
            let plain = Secret::new(content.to_string());
            let envelope = Envelope::seal(passphrase, &plain, entropy)?;
            let format = FORMAT.to_owned();
            json!(Sealed { format, version: VERSION, created_at, envelope })
        }
    };
    let text = serde_json::to_string_pretty(&file).unwrap_or_else(|_| file.to_string());
    Ok(Written { text: Secret::new(text + "\n"), accounts: n_accounts, keys: n_keys })
}

/// Reads an export.
pub(super) fn read(file: &Value, passphrase: Option<&Secret>) -> Result<Content> {
    let version = file["version"].as_u64().unwrap_or(0);
    if version == 0 || version > VERSION {
        let message = format!("the export has version {version}, this program reads {VERSION}");
        return Err(Error::invalid("content", message));
    }
    if file.get("content").is_some() {
        return Ok(content(&file["content"]));
    }
    let sealed: Envelope = serde_json::from_value(file.clone())
        .map_err(|_| Error::invalid("content", "the export is not whole"))?;
    let Some(passphrase) = passphrase else {
        return Err(Error::invalid("passphrase", "missing: this export is sealed with one"));
    };
    let plain = sealed.open(passphrase)?;
    let opened = serde_json::from_str(plain.expose())
        .map_err(|_| Error::invalid("content", "the export is not whole"))?;
    Ok(content(&opened))
}

fn content(opened: &Value) -> Content {
    let mut content = Content { format: FORMAT, ..Content::default() };
    for (i, group) in value::list(opened, "groups").into_iter().enumerate() {
        let at = format!("groups[{i}]");
        match serde_json::from_value::<GroupEntry>(group) {
            Ok(it) if spec::check_group_id("id", it.id.as_str()).is_ok() => {
                let known = FoundGroup::new(it.id);
                content.groups.push(FoundGroup {
                    at,
                    name: it.name.unwrap_or_else(|| known.name.clone()),
                    priority: it.priority.unwrap_or(known.priority),
                    strategy: it.strategy.unwrap_or(known.strategy),
                    ..known
                });
            }
            _ => content.refused.push(Line::skipped("group", at, "it is no group")),
        }
    }
    for (i, account) in value::list(opened, "accounts").into_iter().enumerate() {
        let at = format!("accounts[{i}]");
        match found(&account) {
            Some((kind, spec, keys)) => content.accounts.push(Found { at, kind, spec, keys }),
            None => {
                let message = "it is no account, or one of its keys is no key; none was taken";
                content.refused.push(Line::skipped("account", at, message));
            }
        }
    }
    content
}

type Parts = (Kind, AccountSpec, Vec<(Secret, crate::pool::account::KeyStatus)>);

fn found(account: &Value) -> Option<Parts> {
    let kind = spec::kind(account["auth_type"].as_str()?).ok()?;
    let spec: AccountSpec = serde_json::from_value(account.clone()).ok()?;
    let keys = value::list(account, "keys").into_iter().map(|it| {
        let secret = value::key(it["key"].as_str()?)?;
        Some((secret, value::status(it["status"].as_str())))
    });
    Some((kind, spec, keys.collect::<Option<_>>()?))
}
