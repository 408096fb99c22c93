//! `create_credential` and what else is done to accounts and groups as a whole.
//!
//! Owns: the params and results of these methods.
//! Must not know: how accounts are stored or picked.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Empty, None_, Registered, Table};
use crate::accounts::KeyResult;
use crate::accounts::import;
use crate::accounts::spec::{self, AccountSpec};
use crate::accounts::view::{AccountView, GroupView};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, GroupId};
use crate::oauth::refresh::Need;
use crate::pool::account::{Account, Group, Kind, Status, Strategy};
use crate::ports::TokenStore as _;
use crate::probe::{self, Probe};
use crate::trials;
use crate::upstream::ProxyUrl;

#[derive(Deserialize, JsonSchema)]
struct Create {
    auth_type: String,
    #[serde(default)]
    config: AccountSpec,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    credential_id: AccountId,
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    credential_id: AccountId,
    #[serde(default)]
    revision: Option<u64>,
    config: AccountSpec,
}

#[derive(Deserialize, JsonSchema)]
struct SetEnabled {
    credential_id: AccountId,
    enabled: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Import {
    #[serde(default)]
    path: Option<PathBuf>,
}

#[derive(Deserialize, JsonSchema)]
struct SaveGroup {
    id: GroupId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    priority: Option<u32>,
    #[serde(default)]
    strategy: Option<Strategy>,
}

#[derive(Deserialize, JsonSchema)]
struct GroupById {
    id: GroupId,
}

/// An account that was added.
#[derive(Serialize, JsonSchema)]
struct CreatedCredential {
    credential_id: AccountId,
    name: String,
    /// What became of each key of a pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<KeyResult>>,
}

/// What upstream says of an account.
#[derive(Serialize, JsonSchema)]
struct Validation {
    valid: bool,
    /// For a person.
    message: String,
    details: ValidationDetails,
}

/// What a validation is based on.
#[derive(Default, Serialize, JsonSchema)]
struct ValidationDetails {
    /// False where the answer was known without asking upstream.
    asked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// The access token has ended; the next use gets a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<bool>,
    /// Upstream's HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<Option<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// The host's word for the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<Option<&'static str>>,
}

/// A fresh token pair. Secret: only the host asks for it.
#[derive(Serialize, JsonSchema)]
struct RefreshedTokens {
    access_token: Option<String>,
    refresh_token: String,
    expires_at: Option<String>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("create_credential", |context, it: Create| async move {
        create(context.app().await?, it).await
    })?;
    table.add("list_credentials", |context, _: None_| async move {
        list(context.app().await?).await
    })?;
    table.add("get_credential", |context, it: ById| async move {
        let app = context.app().await?;
        let account = app.accounts.get(&it.credential_id).await?;
        shown(app, &account).await
    })?;
    table.add("update_credential", |context, it: Update| async move {
        let app = context.app().await?;
        let account = app.accounts.update(&it.credential_id, &it.config, it.revision).await?;
        shown(app, &account).await
    })?;
    table.add("delete_credential", |context, it: ById| async move {
        context.app().await?.accounts.delete(&it.credential_id).await?;
        Ok(Empty {})
    })?;
    table.add("set_credential_enabled", |context, it: SetEnabled| async move {
        let app = context.app().await?;
        let spec = AccountSpec { enabled: Some(it.enabled), ..AccountSpec::default() };
        let account = app.accounts.update(&it.credential_id, &spec, None).await?;
        shown(app, &account).await
    })?;
    table.add("reset_credential", |context, it: ById| async move {
        let app = context.app().await?;
        let account = app.accounts.reset(&it.credential_id).await?;
        shown(app, &account).await
    })?;
    table.add("import_credentials", |context, it: Import| async move {
        let app = context.app().await?;
        let home = context.boot.env.home();
        app.accounts.import_files(it.path.as_deref(), home.as_deref()).await
    })?;
    table.add("validate_credential", |context, it: ById| async move {
        validate(context.app().await?, &it.credential_id).await
    })?;
    table.add("refresh_token", |context, it: ById| async move {
        refresh(context.app().await?, &it.credential_id).await
    })?;
    table.add("list_groups", |context, _: None_| async move {
        let app = context.app().await?;
        let changes = app.store.changes_since(0).await?;
        let mut groups = changes.groups;
        groups.sort_by(|a, b| (a.priority, &a.id).cmp(&(b.priority, &b.id)));
        let view = |it| group_view(it, &changes.accounts);
        Ok(groups.iter().map(view).collect::<Vec<GroupView>>())
    })?;
    table.add("save_group", |context, it: SaveGroup| async move {
        save_group(context.app().await?, it).await
    })?;
    table.add("delete_group", |context, it: GroupById| async move {
        let app = context.app().await?;
        app.store.delete_group(&it.id).await?;
        app.broker.reload().await?;
        Ok(Empty {})
    })
}

/// An account with its keys, as `get_credential` shows it.
pub(super) async fn shown(app: &App, account: &Account) -> Result<AccountView> {
    let now = app.clock.now();
    let taken = taken(app, [account]).await?;
    let view = AccountView::new(account, masked_proxy(app, account).await?, now);
    let view = view.with_taken(&taken);
    if account.kind != Kind::ApiKey {
        return Ok(view);
    }
    let keys = app.store.keys(&account.id).await?;
    Ok(view.with_keys(&keys, now))
}

async fn create(app: &App, it: Create) -> Result<CreatedCredential> {
    if let Some(path) = &it.config.file_path {
        let (kind, mut found) = import::read_file(Path::new(path))?;
        found.name = it.config.name.clone().or(found.name);
        return created(app, kind, &found).await;
    }
    // The host's own dialog calls everything `oauth`; a config that holds keys says better.
    let kind = match spec::kind(&it.auth_type)? {
        Kind::WorkosOauth if it.config.api_keys.is_some() && it.config.refresh_token.is_none() => {
            Kind::ApiKey
        }
        kind => kind,
    };
    created(app, kind, &it.config).await
}

async fn created(app: &App, kind: Kind, spec: &AccountSpec) -> Result<CreatedCredential> {
    let created = app.accounts.create(kind, spec).await?;
    Ok(CreatedCredential {
        credential_id: created.account.id,
        name: created.account.name,
        keys: (kind == Kind::ApiKey).then_some(created.keys),
    })
}

async fn list(app: &App) -> Result<Vec<AccountView>> {
    let now = app.clock.now();
    let changes = app.store.changes_since(0).await?;
    let taken = taken(app, &changes.accounts).await?;
    let mut views = Vec::with_capacity(changes.accounts.len());
    for account in &changes.accounts {
        let view = AccountView::new(account, masked_proxy(app, account).await?, now);
        let view = view.with_taken(&taken);
        let keys = changes.keys.iter().filter(|it| it.account_id == account.id);
        views.push(match account.kind {
            Kind::ApiKey => view.with_counts(keys, now),
            Kind::WorkosOauth | Kind::Manual => view,
        });
    }
    Ok(views)
}

/// How many places are taken; nothing is asked where no account has a limit.
async fn taken(
    app: &App,
    accounts: impl IntoIterator<Item = &Account>,
) -> Result<Vec<(AccountId, u32)>> {
    if accounts.into_iter().all(|it| it.max_concurrency == 0) {
        return Ok(Vec::new());
    }
    app.store.live_leases(app.clock.now()).await
}

async fn masked_proxy(app: &App, account: &Account) -> Result<Option<String>> {
    if !account.has_proxy {
        return Ok(None);
    }
    let Some(url) = app.store.proxy(&account.id).await? else { return Ok(None) };
    Ok(Some(ProxyUrl::parse("proxy", &url)?.masked()))
}

/// Asks upstream and changes nothing: an expired token is told, not refreshed.
async fn validate(app: &App, id: &AccountId) -> Result<Validation> {
    let account = app.accounts.get(id).await?;
    let now = app.clock.now();
    let config = app.config.get();
    let proxy = app.store.proxy(id).await?;
    let unasked = |message: String, details| Validation { valid: false, message, details };
    let status = ValidationDetails { status: Some(account.status), ..Default::default() };
    let (bearer, model) = if account.kind == Kind::ApiKey {
        let Some(key) = usable_key(app, id).await? else {
            let message = "no key of this pool is active".to_owned();
            return Ok(unasked(message, status));
        };
        (app.store.key_secret(&key).await?, trials::cheapest(&config, &account))
    } else {
        let tokens = app.store.tokens(id).await?;
        if let Some(reason) = tokens.needs_login {
            return Ok(unasked(format!("a new sign-in is needed: {reason}"), status));
        }
        let live = tokens.expires_at.is_none_or(|it| it > now);
        let Some(access) = tokens.access.filter(|_| live) else {
            let message =
                "the access token has ended; the next use, or refresh_token, gets a new one";
            let details = ValidationDetails { expired: Some(true), ..Default::default() };
            return Ok(unasked(message.to_owned(), details));
        };
        (access, None)
    };
    let probe = Probe {
        bearer: &bearer,
        user_agent: account.user_agent.as_deref(),
        proxy: proxy.as_ref(),
        model,
    };
    let verdict = probe::ask(&config, &app.clients, probe, now.0).await?;
    let details = ValidationDetails {
        asked: true,
        status_code: Some(verdict.status),
        latency_ms: Some(u64::try_from(verdict.latency.as_millis()).unwrap_or(u64::MAX)),
        error_type: Some(verdict.fault.as_ref().map(|it| it.host_error_type())),
        ..Default::default()
    };
    Ok(Validation { valid: verdict.accepted(), message: verdict.message(), details })
}

async fn usable_key(app: &App, id: &AccountId) -> Result<Option<crate::ids::KeyId>> {
    let keys = app.store.keys(id).await?;
    let active =
        |it: &&crate::pool::account::Key| it.status == crate::pool::account::KeyStatus::Active;
    Ok(keys.iter().find(active).map(|it| it.id.clone()))
}

async fn refresh(app: &App, id: &AccountId) -> Result<RefreshedTokens> {
    let account = app.accounts.get(id).await?;
    if account.kind == Kind::ApiKey {
        let message = "this account is a pool of keys: there is no token to refresh";
        return Err(Error::invalid("credential_id", message));
    }
    app.refresher.access_token(id, Need::Forced).await?;
    app.broker.reload().await?;
    let tokens = app.store.tokens(id).await?;
    // The contract wants both tokens in the answer (design section 6.1): the one place they leave.
    Ok(RefreshedTokens {
        access_token: tokens.access.as_ref().map(|it| it.expose().to_owned()),
        refresh_token: tokens.refresh.expose().to_owned(),
        expires_at: tokens.expires_at.map(crate::clock::Timestamp::to_rfc3339),
    })
}

async fn save_group(app: &App, it: SaveGroup) -> Result<GroupView> {
    spec::check_group_id("id", it.id.as_str())?;
    let known = app.store.groups().await?.into_iter().find(|known| known.id == it.id);
    let known = known.unwrap_or_else(|| Group {
        id: it.id.clone(),
        name: it.id.to_string(),
        priority: 100,
        strategy: Strategy::PriorityLru,
        created_at: app.clock.now(),
        revision: 0,
    });
    let group = Group {
        name: it.name.filter(|it| !it.trim().is_empty()).unwrap_or(known.name),
        priority: it.priority.unwrap_or(known.priority),
        strategy: it.strategy.unwrap_or(known.strategy),
        ..known
    };
    let group = app.store.save_group(group, None).await?;
    app.broker.reload().await?;
    Ok(group_view(&group, &app.store.changes_since(0).await?.accounts))
}

fn group_view(group: &Group, accounts: &[Account]) -> GroupView {
    GroupView::new(group, accounts.iter().filter(|it| it.groups.contains(&group.id)).count())
}
