//! `add_api_keys`, `remove_api_keys`, `set_api_key_status`, `test_api_keys`.
//!
//! Owns: the params and results of these methods.
//! Must not know: how keys are stored or picked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Registered, Table};
use crate::accounts::spec::KeyList;
use crate::accounts::view::KeyView;
use crate::accounts::{KeysChanged, Mode};
use crate::api::params::or_default;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Key, KeyStatus};
use crate::trials::{Subject, Tried};

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
    /// The request was answered.
    pub(super) ok: bool,
    /// Upstream's HTTP status; none where it did not answer.
    status: Option<u16>,
    /// What is wrong, as `test_credential` tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    /// For a person.
    message: String,
    /// What that means, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The model that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
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
    let subjects = keys.into_iter().map(|key| Subject { account: account.clone(), key: Some(key) });
    let tried = app.trials.all(subjects.collect(), it.model.as_deref()).await;
    Ok(KeysTested { keys: tried.into_iter().map(KeyTested::from).collect() })
}

// === impl KeyTested ===

impl From<Tried> for KeyTested {
    fn from(it: Tried) -> Self {
        Self {
            id: it.api_key_id.unwrap_or_else(|| KeyId::from(String::new())),
            tail: it.tail.unwrap_or_default(),
            ok: it.ok,
            status: it.status,
            class: it.class,
            message: it.message,
            hint: it.hint,
            model: it.model,
            latency_ms: it.latency_ms,
        }
    }
}
