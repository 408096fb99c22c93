//! The store from outside, on real files.

use std::path::Path;
use std::sync::Arc;

use droid_protocol::dialect::Endpoint;

use super::*;
use crate::clock::{Rand, Timestamp};
use crate::ids::{AccountId, KeyId};
use crate::pool::account::{Account, Health, KeyStatus, Kind, Status, Strategy};

mod accounts;
mod backup;
mod disk;
mod gateway;
mod keyring;
mod keys;
mod reader;
mod sharing;
mod tokens;
mod traffic;

const NOW: Timestamp = Timestamp(1_763_700_000_000);

fn options(dir: &Path) -> StoreOptions {
    let entropy = Arc::new(Rand::from_system().unwrap());
    StoreOptions { data_dir: dir.to_owned(), passphrase: None, entropy }
}

async fn open(dir: &Path) -> Store {
    Store::open(options(dir)).await.unwrap()
}

async fn open_with(dir: &Path, passphrase: &str) -> Result<Store> {
    let passphrase = Some(Secret::new(passphrase));
    Store::open(StoreOptions { passphrase, ..options(dir) }).await
}

fn account(id: &str, kind: Kind) -> Account {
    Account {
        id: AccountId::from(id),
        name: format!("name of {id}"),
        kind,
        endpoint: Endpoint::Anthropic,
        priority: 50,
        groups: Vec::new(),
        enabled: true,
        schedulable: true,
        status: Status::Active,
        error: None,
        max_concurrency: 0,
        has_proxy: false,
        user_agent: None,
        owner_email: None,
        owner_name: None,
        user_id: None,
        organization_id: None,
        subscription_expires_at: None,
        created_at: NOW,
        last_used_at: None,
        last_refresh_at: None,
        token_expires_at: None,
        health: Health::default(),
        key_strategy: Strategy::Random,
        uses: 0,
        tokens_used: 0,
        token_budget: None,
        revision: 0,
    }
}

/// An account with the tokens `access-<id>` and `refresh-<id>`.
fn signed_in(id: &str) -> NewAccount {
    NewAccount {
        account: account(id, Kind::WorkosOauth),
        tokens: Some(NewTokens {
            access: Some(Secret::new(format!("access-{id}"))),
            refresh: Secret::new(format!("refresh-{id}")),
            expires_at: Some(NOW),
            refreshed_at: None,
        }),
        keys: Vec::new(),
        proxy: None,
        login: None,
        only_unknown_keys: false,
    }
}

/// A pool with the keys `fk-<id>-0`..., whose ids are `<id>-0`...
fn pool(id: &str, n_keys: usize) -> NewAccount {
    NewAccount {
        account: account(id, Kind::ApiKey),
        tokens: None,
        keys: (0..n_keys).map(|index| new_key(&format!("{id}-{index}"))).collect(),
        proxy: None,
        login: None,
        only_unknown_keys: false,
    }
}

fn new_key(id: &str) -> NewKey {
    NewKey {
        id: KeyId::from(id),
        secret: Secret::new(format!("fk-{id}")),
        status: KeyStatus::Active,
    }
}
