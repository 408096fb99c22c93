//! How accounts come in.
//!
//! Owns: a pool of keys, a sign-in with a device code.
//! Must not know: what the accounts are used for.

use std::time::Duration;

use serde_json::{Value, json};

use super::caller::Caller;
use super::deviation::{Deviation, expect, expect_same, number_at, text_at};
use super::tell::Tell;
use crate::rig::Rig;

/// Longest a sign-in may take after the person agreed: a generous bound, it takes one poll.
const PATIENCE: Duration = Duration::from_secs(20);

/// Adds three keys that the fake knows, one of them twice.
pub(crate) async fn key_pool(
    rig: &Rig,
    caller: &Caller,
    tell: &mut Tell<'_>,
    name: &str,
    mark: &str,
) -> Result<(), Deviation> {
    let key = |n: u8| format!("fk-demo-{mark}-{n}-0123456789abcdef{n}");
    let mut keys: Vec<String> = (1..=3).map(key).collect();
    keys.iter().for_each(|key| rig.fake.add_key(key));
    keys.push(key(1));
    let config = json!({ "name": name, "api_keys": keys });
    let ask = json!({ "auth_type": "api_key", "config": config });
    let created = caller.call("create_credential", ask).await?;
    let outcomes = created["keys"].as_array().into_iter().flatten();
    let count = |outcome: &str| outcomes.clone().filter(|it| it["outcome"] == outcome).count();
    expect_same("keys added", &count("added"), &3)?;
    expect_same("keys told as duplicates", &count("duplicate"), &1)?;
    let tails: Vec<&str> = outcomes.clone().filter_map(|it| it["tail"].as_str()).collect();
    tell.result(&format!(
        "pool `{name}`: 3 keys {}, the fourth was a duplicate",
        tails[..3].join(" ")
    ));
    expect(keys.iter().all(|key| !created.to_string().contains(key.as_str())), || {
        "a key was shown in full".to_owned()
    })
}

/// Shows the code, agrees as the person would, and polls until the account is there.
pub(crate) async fn device_login(
    rig: &Rig,
    caller: &Caller,
    tell: &mut Tell<'_>,
    name: &str,
) -> Result<(), Deviation> {
    let started = caller.call("start_login", json!({ "flow": "device", "name": name })).await?;
    let login = text_at(&started, "/login_id")?;
    let code = text_at(&started, "/user_code")?;
    tell.result(&format!("open {}", text_at(&started, "/verification_uri")?));
    tell.result(&format!("and enter {code}"));
    let poll = || caller.call("poll_login", json!({ "login_id": login }));
    expect_same("before the person agreed", &text_at(&poll().await?, "/state")?, &"pending")?;
    tell.aside("the person agrees in the browser (the fake plays the person)");
    expect(rig.fake.approve_device(code, None), || format!("the fake does not know {code}"))?;
    let interval = Duration::from_secs(number_at(&started, "/interval")?);
    let done = tokio::time::timeout(PATIENCE, async {
        loop {
            tokio::time::sleep(interval).await;
            let polled = poll().await?;
            if polled["state"] != "pending" {
                return Ok::<Value, Deviation>(polled);
            }
        }
    });
    let done = done.await.map_err(|_| Deviation::new("the sign-in did not end"))??;
    expect_same("the end of the sign-in", &text_at(&done, "/state")?, &"done")?;
    let ask = json!({ "credential_id": text_at(&done, "/credential_id")? });
    let account = caller.call("get_credential", ask).await?;
    expect_same("the account's name", &text_at(&account, "/name")?, &name)?;
    tell.result(&format!("signed in as `{name}`, status {}", text_at(&account, "/status")?));
    Ok(())
}
