//! `add_api_keys`, `remove_api_keys`, `set_api_key_status`, `test_api_keys`.
//!
//! Owns: the params and results of these methods; how many keys are tested at once.
//! Must not know: how keys are stored or picked.

use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credentials::test_model;
use super::{Registered, Table};
use crate::accounts::spec::KeyList;
use crate::accounts::view::KeyView;
use crate::accounts::{KeysChanged, Mode};
use crate::api::params::or_default;
use crate::app::App;
use crate::broker::{Loan, Outcome, Report};
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::models;
use crate::pool::account::{Account, Key, KeyStatus};
use crate::probe::{self, Probe};

/// Keys that are tested at the same time: enough to be quick, few enough not to look like an
/// attack.
pub(super) const TESTS_AT_ONCE: usize = 4;

#[derive(Deserialize, JsonSchema)]
struct Add {
    credential_id: AccountId,
    #[serde(alias = "apiKeys")]
    api_keys: KeyList,
    #[serde(default, deserialize_with = "or_default")]
    mode: Mode,
}

#[derive(Deserialize, JsonSchema)]
struct Remove {
    credential_id: AccountId,
    #[serde(default, deserialize_with = "or_default")]
    api_key_ids: Vec<KeyId>,
    #[serde(default)]
    api_keys: Option<KeyList>,
}

#[derive(Deserialize, JsonSchema)]
struct SetStatus {
    credential_id: AccountId,
    api_key_ids: Vec<KeyId>,
    status: KeyStatus,
}

#[derive(Deserialize, JsonSchema)]
struct Test {
    credential_id: AccountId,
    #[serde(default)]
    api_key_ids: Option<Vec<KeyId>>,
    #[serde(default)]
    model: Option<String>,
}

/// Keys as they are now.
#[derive(Serialize, JsonSchema)]
struct KeysShown {
    keys: Vec<KeyView>,
}

/// What upstream said to each key.
#[derive(Serialize, JsonSchema)]
struct KeysTested {
    keys: Vec<KeyTested>,
}

/// What upstream said to one key.
#[derive(Serialize, JsonSchema)]
pub(super) struct KeyTested {
    id: KeyId,
    tail: String,
    pub(super) ok: bool,
    /// Upstream's HTTP status; none where it did not answer.
    status: Option<u16>,
    /// For a person.
    message: String,
    latency_ms: u64,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("add_api_keys", |context, it: Add| async move {
        let accounts = &context.app().await?.accounts;
        accounts.add_keys(&it.credential_id, &it.api_keys, it.mode).await
    })?;
    table.add("remove_api_keys", |context, it: Remove| async move {
        let accounts = &context.app().await?.accounts;
        let changed: KeysChanged =
            accounts.remove_keys(&it.credential_id, &it.api_key_ids, it.api_keys.as_ref()).await?;
        Ok(changed)
    })?;
    table.add("set_api_key_status", |context, it: SetStatus| async move {
        let app = context.app().await?;
        let keys =
            app.accounts.set_key_status(&it.credential_id, &it.api_key_ids, it.status).await?;
        let now = app.clock.now();
        let keys = keys.iter().map(|key| KeyView::new(key, now)).collect();
        Ok(KeysShown { keys })
    })?;
    table.add(
        "test_api_keys",
        |context, it: Test| async move { test(context.app().await?, it).await },
    )
}

async fn test(app: &App, it: Test) -> Result<KeysTested> {
    let account = app.accounts.get(&it.credential_id).await?;
    let keys = app.store.keys(&account.id).await?;
    let keys: Vec<Key> = match &it.api_key_ids {
        Some(ids) => keys.into_iter().filter(|key| ids.contains(&key.id)).collect(),
        None => keys.into_iter().filter(|key| key.status != KeyStatus::Disabled).collect(),
    };
    if keys.is_empty() {
        return Err(Error::invalid("api_key_ids", "none of them is a key of this account"));
    }
    let model = it.model.clone().or_else(|| test_model(&app.config.get(), &account));
    let model = model.ok_or_else(|| {
        Error::invalid("model", "missing: the catalogue is empty, name a model to test with")
    })?;
    let tested: Vec<Result<KeyTested>> = stream::iter(keys)
        .map(|key| test_one(app, &account, key, &model))
        .buffered(TESTS_AT_ONCE)
        .collect()
        .await;
    let tested: Result<Vec<KeyTested>> = tested.into_iter().collect();
    Ok(KeysTested { keys: tested? })
}

/// Asks with one key, and notes the answer as a request's would be.
pub(super) async fn test_one(
    app: &App,
    account: &Account,
    key: Key,
    model: &str,
) -> Result<KeyTested> {
    let secret = app.store.key_secret(&key.id).await?;
    let proxy = app.store.proxy(&account.id).await?;
    let config = app.config.get();
    let probe = Probe {
        bearer: &secret,
        user_agent: account.user_agent.as_deref(),
        proxy: proxy.as_ref(),
        model: Some(model),
    };
    let verdict = probe::ask(&config, &app.clients, probe, app.clock.now().0).await?;
    let outcome = verdict.fault.clone().map_or(Outcome::Success, Outcome::Fault);
    app.broker
        .release(Report {
            account_id: account.id.clone(),
            key_id: Some(key.id.clone()),
            loan: Loan::None,
            model: Some(models::route(&config, model).model),
            outcome,
            usage: droid_protocol::event::Usage::default(),
            latency: Some(verdict.latency),
            first_token: None,
            behind: false,
        })
        .await?;
    Ok(KeyTested {
        id: key.id,
        tail: key.tail,
        ok: verdict.accepted(),
        status: verdict.status,
        message: verdict.message(),
        latency_ms: u64::try_from(verdict.latency.as_millis()).unwrap_or(u64::MAX),
    })
}
