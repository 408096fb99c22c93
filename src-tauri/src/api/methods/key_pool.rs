//! All keys of all pools as one (seed S3, 密钥池): list, count, add, remove, switch, test, move,
//! export.
//!
//! Owns: the params and results of these methods; what droid2api's "pool" is here: a group, and its
//! first account of keys.
//! Must not know: how keys are stored or picked.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys::KeyTested;
use super::{Empty, None_, Registered, Table};
use crate::accounts::spec::{AccountSpec, KeyEntry, KeyList};
use crate::accounts::view::{KeyCounts, KeyView};
use crate::accounts::{KeyResult, Mode};
use crate::api::params::or_default;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, GroupId, KeyId};
use crate::pool::account::{Account, Key, KeyStatus, Kind};
use crate::secret::Secret;
use crate::store::Changes;
use crate::trials::Subject;

/// Keys on a page when nobody says, and at most.
const PAGE: usize = 100;
const LONGEST_PAGE: usize = 1000;

/// What droid2api calls the keys that are in no pool.
const NO_POOL: &str = "default";

/// Which keys.
#[derive(Default, Deserialize, JsonSchema)]
struct Filter {
    /// Only those in this state.
    #[serde(default)]
    status: Option<KeyStatus>,
    /// Only those of this account.
    #[serde(default)]
    credential_id: Option<AccountId>,
    /// Only those of accounts in this group.
    #[serde(default, alias = "poolGroup")]
    pool: Option<GroupId>,
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Only those in this state.
    #[serde(default)]
    status: Option<KeyStatus>,
    /// Only those of this account.
    #[serde(default)]
    credential_id: Option<AccountId>,
    /// Only those of accounts in this group.
    #[serde(default, alias = "poolGroup")]
    pool: Option<GroupId>,
    /// From 1.
    #[serde(default)]
    page: Option<usize>,
    /// Keys on a page, at most 1000.
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// One key...
    #[serde(default)]
    key: Option<Secret>,
    /// ...or several.
    #[serde(default)]
    keys: Option<KeyList>,
    /// The account to add them to; default: the pool's first.
    #[serde(default)]
    credential_id: Option<AccountId>,
    /// The group of the account; default: none.
    #[serde(default, alias = "poolGroup")]
    pool: Option<GroupId>,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    api_key_id: KeyId,
}

/// Which keys go.
#[derive(Deserialize, JsonSchema)]
struct RemoveAll {
    /// disabled, banned or error; default: disabled and banned.
    #[serde(default)]
    statuses: Option<Vec<KeyStatus>>,
    /// Only those of this account.
    #[serde(default)]
    credential_id: Option<AccountId>,
    /// Only those of accounts in this group.
    #[serde(default, alias = "poolGroup")]
    pool: Option<GroupId>,
}

/// The keys that are gone.
#[derive(Serialize, JsonSchema)]
struct PoolKeysRemoved {
    removed: usize,
    keys: Vec<KeyResult>,
}

#[derive(Deserialize, JsonSchema)]
struct Toggle {
    api_key_id: KeyId,
    /// Default: disabled if it is active, else active.
    #[serde(default)]
    status: Option<KeyStatus>,
}

#[derive(Deserialize, JsonSchema)]
struct TestOne {
    api_key_id: KeyId,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct TestAll {
    #[serde(default)]
    model: Option<String>,
    /// Only those with these ids: a page tests some at a time and shows how far it is.
    #[serde(default, deserialize_with = "or_default")]
    api_key_ids: Vec<KeyId>,
}

#[derive(Deserialize, JsonSchema)]
struct Move {
    api_key_id: KeyId,
    /// The group; `default` is none.
    #[serde(alias = "poolGroup")]
    pool: GroupId,
}

/// A key and where it is.
#[derive(Serialize, JsonSchema)]
struct PoolKey {
    credential_id: AccountId,
    credential_name: String,
    /// The groups of its account.
    pools: Vec<GroupId>,
    #[serde(flatten)]
    key: KeyView,
}

/// A page of keys.
#[derive(Serialize, JsonSchema)]
struct PoolKeys {
    keys: Vec<PoolKey>,
    /// On all pages.
    total: usize,
    page: usize,
    limit: usize,
}

/// How many keys there are.
#[derive(Serialize, JsonSchema)]
struct PoolStats {
    #[serde(flatten)]
    keys: KeyCounts,
    /// Accounts that are pools of keys.
    credentials: usize,
    /// By the group of the account; `default` is those in none.
    pools: Vec<OnePoolStats>,
}

/// How many keys there are in one pool.
#[derive(Serialize, JsonSchema)]
struct OnePoolStats {
    id: GroupId,
    #[serde(flatten)]
    keys: KeyCounts,
}

/// What became of added keys.
#[derive(Serialize, JsonSchema)]
struct PoolKeysAdded {
    /// The account they are in.
    credential_id: AccountId,
    added: usize,
    duplicates: usize,
    malformed: usize,
    keys: Vec<KeyResult>,
}

/// What upstream said to all keys.
#[derive(Serialize, JsonSchema)]
struct PoolTested {
    tested: usize,
    ok: usize,
    failed: usize,
    keys: Vec<KeyTested>,
}

/// The keys themselves.
#[derive(Serialize, JsonSchema)]
struct ExportedKeys {
    count: usize,
    /// A key a line.
    text: String,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add(
        "key_pool_stats",
        |context, _: None_| async move { stats(context.app().await?).await },
    )?;
    table.add("list_api_keys", |context, it: List| async move {
        list(context.app().await?, it).await
    })?;
    table.add(
        "add_pool_keys",
        |context, it: Add| async move { add(context.app().await?, it).await },
    )?;
    table.add("remove_pool_key", |context, it: ById| async move {
        let app = context.app().await?;
        let (account, key) = found(app, &it.api_key_id).await?;
        app.accounts.remove_keys(&account.id, &[key.id], None).await?;
        Ok(Empty {})
    })?;
    table.add("remove_pool_keys", |context, it: RemoveAll| async move {
        remove_all(context.app().await?, it).await
    })?;
    table.add("toggle_pool_key", |context, it: Toggle| async move {
        let app = context.app().await?;
        let (account, key) = found(app, &it.api_key_id).await?;
        let other = match key.status {
            KeyStatus::Active => KeyStatus::Disabled,
            KeyStatus::Disabled | KeyStatus::Banned | KeyStatus::Error => KeyStatus::Active,
        };
        let status = it.status.unwrap_or(other);
        app.accounts.set_key_status(&account.id, &[key.id], status).await?;
        shown(app, &it.api_key_id).await
    })?;
    table.add("test_pool_key", |context, it: TestOne| async move {
        let app = context.app().await?;
        let (account, key) = found(app, &it.api_key_id).await?;
        let subject = Subject { account, key: Some(key) };
        Ok(KeyTested::from(app.trials.one(&subject, it.model.as_deref()).await))
    })?;
    table.add("test_pool_keys", |context, it: TestAll| async move {
        test_all(context.app().await?, it).await
    })?;
    table.add("export_pool_keys", |context, it: Filter| async move {
        export(context.app().await?, &it).await
    })?;
    table.add("move_pool_key", |context, it: Move| async move {
        move_key(context.app().await?, &it).await
    })
}

async fn stats(app: &App) -> Result<PoolStats> {
    let changes = app.store.changes_since(0).await?;
    let now = app.clock.now();
    let counts = |fits: &dyn Fn(&Account) -> bool| {
        let keys = changes.keys.iter().filter(|key| account_of(&changes, key).is_some_and(fits));
        KeyCounts::of(keys, now)
    };
    let group = |it: &GroupId| OnePoolStats {
        id: it.clone(),
        keys: counts(&|account| account.groups.contains(it)),
    };
    let mut pools: Vec<OnePoolStats> = changes.groups.iter().map(|it| group(&it.id)).collect();
    let keys = counts(&|account| account.groups.is_empty());
    pools.push(OnePoolStats { id: GroupId::from(NO_POOL), keys });
    Ok(PoolStats {
        keys: KeyCounts::of(changes.keys.iter(), now),
        credentials: changes.accounts.iter().filter(|it| it.kind == Kind::ApiKey).count(),
        pools,
    })
}

async fn list(app: &App, it: List) -> Result<PoolKeys> {
    let limit = it.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(Error::invalid("limit", "expected 1 to 1000"));
    }
    let page = it.page.unwrap_or(1);
    let Some(before) = page.checked_sub(1).and_then(|it| it.checked_mul(limit)) else {
        return Err(Error::invalid("page", "expected 1 or more"));
    };
    let changes = app.store.changes_since(0).await?;
    let filter = Filter { status: it.status, credential_id: it.credential_id, pool: it.pool };
    let fitting = filter.of(&changes);
    let now = app.clock.now();
    let view = |(account, key): &(&Account, &Key)| PoolKey::new(account, KeyView::new(key, now));
    Ok(PoolKeys {
        keys: fitting.iter().skip(before).take(limit).map(view).collect(),
        total: fitting.len(),
        page,
        limit,
    })
}

async fn add(app: &App, it: Add) -> Result<PoolKeysAdded> {
    let list = match (it.key, it.keys) {
        (Some(key), None) => KeyList::List(vec![KeyEntry::Plain(key)]),
        (None, Some(keys)) => keys,
        (Some(_), Some(_)) => return Err(Error::invalid("key", "expected key or keys, not both")),
        (None, None) => return Err(Error::invalid("key", "missing: give a key, or keys")),
    };
    let known = match (it.credential_id, &it.pool) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("pool", "expected pool or credential_id, not both"));
        }
        (Some(id), None) => Some(id),
        (None, pool) => account_in(app, pool.as_ref()).await?,
    };
    let (credential_id, keys) = if let Some(id) = known {
        let changed = app.accounts.add_keys(&id, &list, Mode::Append).await?;
        (id, changed.keys)
    } else {
        let spec = AccountSpec { api_keys: Some(list), ..new_pool(it.pool.as_ref()) };
        let created = app.accounts.create(Kind::ApiKey, &spec).await?;
        (created.account.id, created.keys)
    };
    let count = |outcome: &str| keys.iter().filter(|it| it.outcome == outcome).count();
    Ok(PoolKeysAdded {
        credential_id,
        added: count("added"),
        duplicates: count("duplicate"),
        malformed: count("malformed"),
        keys,
    })
}

/// What cannot be used any more goes, account by account.
async fn remove_all(app: &App, it: RemoveAll) -> Result<PoolKeysRemoved> {
    let statuses = it.statuses.unwrap_or_else(|| vec![KeyStatus::Disabled, KeyStatus::Banned]);
    if statuses.is_empty() || statuses.contains(&KeyStatus::Active) {
        let message = "expected disabled, banned or error; a key that works is removed by its id";
        return Err(Error::invalid("statuses", message));
    }
    let changes = app.store.changes_since(0).await?;
    let filter = Filter { status: None, credential_id: it.credential_id, pool: it.pool };
    let fitting = filter.of(&changes).into_iter().filter(|(_, key)| statuses.contains(&key.status));
    let mut by_account: BTreeMap<&AccountId, Vec<KeyId>> = BTreeMap::new();
    for (account, key) in fitting {
        by_account.entry(&account.id).or_default().push(key.id.clone());
    }
    let mut keys = Vec::new();
    for (id, ids) in by_account {
        keys.extend(app.accounts.remove_keys(id, &ids, None).await?.keys);
    }
    Ok(PoolKeysRemoved { removed: keys.iter().filter(|it| it.outcome == "removed").count(), keys })
}

async fn test_all(app: &App, it: TestAll) -> Result<PoolTested> {
    let changes = app.store.changes_since(0).await?;
    let named: HashSet<&KeyId> = it.api_key_ids.iter().collect();
    let wanted = |key: &Key| match named.is_empty() {
        true => key.status != KeyStatus::Disabled,
        false => named.contains(&key.id),
    };
    let fitting = Filter::default().of(&changes);
    let fitting = fitting.into_iter().filter(|(_, key)| wanted(key));
    let subjects = fitting
        .map(|(account, key)| Subject { account: account.clone(), key: Some(key.clone()) })
        .collect();
    let tried = app.trials.all(subjects, it.model.as_deref()).await;
    let keys: Vec<KeyTested> = tried.into_iter().map(KeyTested::from).collect();
    let ok = keys.iter().filter(|it| it.ok).count();
    Ok(PoolTested { tested: keys.len(), ok, failed: keys.len() - ok, keys })
}

async fn export(app: &App, filter: &Filter) -> Result<ExportedKeys> {
    let changes = app.store.changes_since(0).await?;
    let fitting = filter.of(&changes);
    let mut text = String::new();
    for (_, key) in &fitting {
        // What a person asked for by name: the one place keys leave.
        text.push_str(app.store.key_secret(&key.id).await?.expose());
        text.push('\n');
    }
    log::warn!("{} keys were exported", fitting.len());
    Ok(ExportedKeys { count: fitting.len(), text })
}

/// Adds the key where it is to be, with its state, and then takes it away where it was: whatever
/// ends in between, it is somewhere.
async fn move_key(app: &App, it: &Move) -> Result<PoolKey> {
    let (from, key) = found(app, &it.api_key_id).await?;
    let pool = Some(&it.pool).filter(|it| it.as_str() != NO_POOL);
    let there = pool.map_or(from.groups.is_empty(), |it| from.groups.contains(it));
    if there {
        return shown(app, &key.id).await;
    }
    let list = KeyList::List(vec![KeyEntry::Plain(app.store.key_secret(&key.id).await?)]);
    let (account, added) = if let Some(id) = account_in(app, pool).await? {
        let changed = app.accounts.add_keys(&id, &list, Mode::Append).await?;
        (id, changed.keys)
    } else {
        let spec = AccountSpec { api_keys: Some(list), ..new_pool(pool) };
        let created = app.accounts.create(Kind::ApiKey, &spec).await?;
        (created.account.id, created.keys)
    };
    let new = added.into_iter().find_map(|it| it.id);
    let new = new.ok_or_else(|| Error::Internal("a moved key has no id".to_owned()))?;
    if matches!(key.status, KeyStatus::Disabled | KeyStatus::Banned) {
        app.accounts.set_key_status(&account, std::slice::from_ref(&new), key.status).await?;
    }
    app.accounts.remove_keys(&from.id, &[key.id], None).await?;
    shown(app, &new).await
}

async fn shown(app: &App, id: &KeyId) -> Result<PoolKey> {
    let (account, key) = found(app, id).await?;
    Ok(PoolKey::new(&account, KeyView::new(&key, app.clock.now())))
}

async fn found(app: &App, id: &KeyId) -> Result<(Account, Key)> {
    let changes = app.store.changes_since(0).await?;
    let key = changes.keys.iter().find(|it| it.id == *id);
    let pair = key.and_then(|key| Some((account_of(&changes, key)?.clone(), key.clone())));
    pair.ok_or_else(|| Error::not_found("key", id))
}

/// The oldest account of keys in that group; without a group, in none.
async fn account_in(app: &App, pool: Option<&GroupId>) -> Result<Option<AccountId>> {
    let changes = app.store.changes_since(0).await?;
    let pool = pool.filter(|it| it.as_str() != NO_POOL);
    if let Some(pool) = pool
        && !changes.groups.iter().any(|it| it.id == *pool)
    {
        return Err(Error::not_found("group", pool));
    }
    let fits = |it: &&Account| {
        it.kind == Kind::ApiKey && pool.map_or(it.groups.is_empty(), |id| it.groups.contains(id))
    };
    let oldest =
        changes.accounts.iter().filter(fits).min_by_key(|it| (it.created_at, it.id.clone()));
    Ok(oldest.map(|it| it.id.clone()))
}

fn new_pool(pool: Option<&GroupId>) -> AccountSpec {
    let groups: Vec<GroupId> =
        pool.filter(|it| it.as_str() != NO_POOL).cloned().into_iter().collect();
    let name = groups.first().map(ToString::to_string);
    AccountSpec { name, groups: Some(groups), ..AccountSpec::default() }
}

fn account_of<'a>(changes: &'a Changes, key: &Key) -> Option<&'a Account> {
    changes.accounts.iter().find(|it| it.id == key.account_id)
}

// === impl Filter ===

impl Filter {
    /// The fitting keys, the oldest first, each with its account.
    fn of<'a>(&self, changes: &'a Changes) -> Vec<(&'a Account, &'a Key)> {
        let accounts: std::collections::HashMap<&AccountId, &Account> =
            changes.accounts.iter().map(|it| (&it.id, it)).collect();
        let fits = |account: &Account, key: &Key| {
            let pool = self.pool.as_ref().filter(|it| it.as_str() != NO_POOL);
            self.status.is_none_or(|it| it == key.status)
                && self.credential_id.as_ref().is_none_or(|it| *it == account.id)
                && match (&self.pool, pool) {
                    (None, _) => true,
                    (Some(_), None) => account.groups.is_empty(),
                    (Some(_), Some(pool)) => account.groups.contains(pool),
                }
        };
        let pairs =
            changes.keys.iter().filter_map(|key| Some((*accounts.get(&key.account_id)?, key)));
        let mut fitting: Vec<_> = pairs.filter(|(account, key)| fits(account, key)).collect();
        // Those of one moment stay in the order they were given in.
        fitting.sort_by_key(|(_, key)| key.created_at);
        fitting
    }
}

// === impl PoolKey ===

impl PoolKey {
    fn new(account: &Account, key: KeyView) -> Self {
        Self {
            credential_id: account.id.clone(),
            credential_name: account.name.clone(),
            pools: account.groups.clone(),
            key,
        }
    }
}
