//! What the store costs: opening, writes, and a token that fifty processes want at once.
//!
//! Owns: these numbers, beside a plain file that is written and synced.
//! Must not know: SQL.
//!
//! `cargo bench --bench store` prints the tables.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to tell")]

mod support;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use droid_protocol::event::Usage;
use droid_provider::clock::{Rand, Timestamp};
use droid_provider::ids::AccountId;
use droid_provider::store::{AccountPatch, Store, StoreOptions, UsageRow};
use droid_testbed::rig::Rig;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{ms, now, per_second, quantile, row};

const BINARY: &str = env!("CARGO_BIN_EXE_droid-provider-cli");
const MODEL: &str = "claude-sonnet-4-5-20250929";
const OPENS: usize = 100;
const SINGLE: usize = 500;
const TOGETHER: usize = 20_000;
const PROCESSES: usize = 50;
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let rig = Rig::new(BINARY).await;
        let account = add(&rig, "2099-01-01T00:00:00Z").await;
        opening(&rig).await;
        writes(&rig, &account).await;
        refresh().await;
    });
}

async fn opening(rig: &Rig) {
    println!("\n# Opening the store");
    row(&["store", "median", "95 %"]);
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for _ in 0..OPENS {
        known.push(open_time(&rig.data_dir()).await);
        let folder = tempfile::tempdir().unwrap();
        new.push(open_time(&folder.path().join("data")).await);
    }
    row(&["one that is there", &ms(quantile(&mut known, 50)), &ms(quantile(&mut known, 95))]);
    row(&["a new one", &ms(quantile(&mut new, 50)), &ms(quantile(&mut new, 95))]);
}

async fn open_time(folder: &Path) -> Duration {
    let start = now();
    let store = open(folder).await;
    let time = start.elapsed();
    store.close().await.unwrap();
    time
}

async fn open(folder: &Path) -> Store {
    let entropy = Arc::new(Rand::from_system().unwrap());
    let options = StoreOptions { data_dir: folder.to_owned(), passphrase: None, entropy };
    Store::open(options).await.unwrap()
}

async fn writes(rig: &Rig, account: &AccountId) {
    println!("\n# Writes, each answered after its commit");
    row(&["write", "one by one /s", "together /s"]);
    let store = open(&rig.data_dir()).await;
    let usage = |at: usize| UsageRow {
        hour: Timestamp(i64::try_from(at).unwrap()),
        account_id: account.clone(),
        key_id: None,
        client_key_id: None,
        model: MODEL.to_owned(),
        outcome: "ok".to_owned(),
        usage: Usage { input_tokens: 900, output_tokens: 300, ..Usage::default() },
        cost: 3_000_000,
        latency_ms: 1200,
        first_token_ms: None,
    };
    let start = now();
    for at in 0..SINGLE {
        store.record_usage(usage(at)).await.unwrap();
    }
    let single = per_second(SINGLE, start.elapsed());
    let start = now();
    for done in join_all((0..TOGETHER).map(|at| store.record_usage(usage(at)))).await {
        done.unwrap();
    }
    let together = per_second(TOGETHER, start.elapsed());
    row(&["usage (survives the process)", &format!("{single:.0}"), &format!("{together:.0}")]);

    let edit = |at: usize| {
        let patch = AccountPatch { name: Some(format!("name {at}")), ..AccountPatch::default() };
        store.update_account(account, patch, None)
    };
    let start = now();
    for at in 0..SINGLE {
        edit(at).await.unwrap();
    }
    let single = per_second(SINGLE, start.elapsed());
    let start = now();
    for done in join_all((0..TOGETHER / 4).map(edit)).await {
        done.unwrap();
    }
    let together = per_second(TOGETHER / 4, start.elapsed());
    row(&["account (synced to disk)", &format!("{single:.0}"), &format!("{together:.0}")]);
    store.close().await.unwrap();

    let mut file = File::create(rig.folder().join("plain")).unwrap();
    let start = now();
    for _ in 0..SINGLE {
        file.write_all(&[b'x'; 200]).unwrap();
        file.sync_data().unwrap();
    }
    let synced = per_second(SINGLE, start.elapsed());
    row(&["a plain file, 200 bytes and a sync", &format!("{synced:.0}"), "-"]);
}

/// Each round is an account of its own: a refresh token is good once.
async fn refresh() {
    println!("\n# {PROCESSES} processes at once, each acquiring the one account");
    row(&["its token", "wall, median", "wall, most", "refreshes a round"]);
    for (name, expires_at) in
        [("lives", "2099-01-01T00:00:00Z"), ("has expired", "2020-01-01T00:00:00Z")]
    {
        let (mut walls, mut refreshes) = (Vec::new(), 0_u64);
        for _ in 0..ROUNDS {
            let rig = Rig::new(BINARY).await;
            add(&rig, expires_at).await;
            let host = rig.one_shot();
            let start = now();
            let calls = (0..PROCESSES).map(|_| host.call("acquire_credential", asked()));
            let answers = join_all(calls).await;
            walls.push(start.elapsed());
            let mut tokens: Vec<Value> = answers
                .into_iter()
                .map(|it| it.unwrap()["headers"]["authorization"].clone())
                .collect();
            tokens.dedup();
            assert_eq!(tokens.len(), 1, "all of them get the same token");
            refreshes += rig.fake.stats().refreshed;
        }
        let each = format!("{:.1}", refreshes as f64 / ROUNDS as f64);
        row(&[name, &ms(quantile(&mut walls, 50)), &ms(quantile(&mut walls, 100)), &each]);
    }
}

fn asked() -> Value {
    json!({ "model": MODEL })
}

async fn add(rig: &Rig, expires_at: &str) -> AccountId {
    let minted = rig.fake.mint_account();
    let config = json!({
        "access_token": minted.access_token,
        "refresh_token": minted.refresh_token,
        "expires_at": expires_at,
    });
    let params = json!({ "auth_type": "workos_oauth", "config": config });
    let created = rig.one_shot().call("create_credential", params).await.unwrap();
    AccountId::from(created["credential_id"].as_str().unwrap())
}
