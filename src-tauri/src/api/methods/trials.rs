//! `test_credential`, `test_credentials`: one small real request through accounts.
//!
//! Owns: the params and results of these methods; which accounts and keys are meant.
//! Must not know: what is sent, what an answer means.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Registered, Table};
use crate::api::params::or_default;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Account, Key, KeyStatus, Kind};
use crate::trials::{Subject, Tried};

#[derive(Deserialize, JsonSchema)]
struct TestOne {
    credential_id: AccountId,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct TestSeveral {
    /// These accounts...
    #[serde(default, deserialize_with = "or_default")]
    credential_ids: Vec<AccountId>,
    /// ...and these keys of pools; without either every account that is enabled.
    #[serde(default, deserialize_with = "or_default")]
    api_key_ids: Vec<KeyId>,
    #[serde(default)]
    model: Option<String>,
}

/// How the trials ended.
#[derive(Serialize, JsonSchema)]
struct Tested {
    tested: usize,
    ok: usize,
    failed: usize,
    /// One for each signed-in account and each key, in the order they were named,
    /// else of `list_credentials`.
    results: Vec<Tried>,
}

pub(super) fn register(table: &mut Table) -> Registered {
    table.add("test_credential", |context, it: TestOne| async move {
        let several = TestSeveral {
            credential_ids: vec![it.credential_id],
            api_key_ids: Vec::new(),
            model: it.model,
        };
        tested(context.app().await?, &several).await
    })?;
    table.add("test_credentials", |context, it: TestSeveral| async move {
        tested(context.app().await?, &it).await
    })
}

async fn tested(app: &App, it: &TestSeveral) -> Result<Tested> {
    let results = app.trials.all(subjects(app, it).await?, it.model.as_deref()).await;
    let ok = results.iter().filter(|it| it.ok).count();
    Ok(Tested { tested: results.len(), ok, failed: results.len() - ok, results })
}

async fn subjects(app: &App, it: &TestSeveral) -> Result<Vec<Subject>> {
    let changes = app.store.changes_since(0).await?;
    let known: HashMap<&AccountId, &Account> =
        changes.accounts.iter().map(|it| (&it.id, it)).collect();
    let account = |id| {
        let found = known.get(id).copied();
        found.ok_or_else(|| Error::not_found("account", id))
    };
    let all = it.credential_ids.is_empty() && it.api_key_ids.is_empty();
    let accounts: Vec<&Account> = match all {
        true => changes.accounts.iter().filter(|it| it.enabled).collect(),
        false => it.credential_ids.iter().map(account).collect::<Result<_>>()?,
    };
    let mut subjects = Vec::new();
    for account in accounts {
        if account.kind != Kind::ApiKey {
            subjects.push(Subject { account: account.clone(), key: None });
            continue;
        }
        let keys = app.store.keys(&account.id).await?;
        // What a person switched off is asked only when it is named.
        let usable = keys.into_iter().filter(|it| it.status != KeyStatus::Disabled);
        subjects.extend(usable.map(|it| Subject { account: account.clone(), key: Some(it) }));
    }
    let keys: HashMap<&KeyId, &Key> = changes.keys.iter().map(|it| (&it.id, it)).collect();
    for id in &it.api_key_ids {
        let key = keys.get(id).ok_or_else(|| Error::not_found("key", id))?;
        let account = account(&key.account_id)?.clone();
        subjects.push(Subject { account, key: Some((*key).clone()) });
    }
    Ok(subjects)
}
