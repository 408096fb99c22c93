//! What survives the end of a process.
//!
//! Owns: killing the plugin, and what must be the same afterwards.
//! Must not know: where the plugin keeps things.

use serde_json::json;

use super::caller::Caller;
use super::deviation::{Deviation, expect_same, number_at};
use super::talk::{self, Counted, Loan};
use super::tell::Tell;
use super::{ADA, BOB};
use crate::rig::Rig;

/// What a process knows of those before it.
pub(crate) struct Remembered {
    pub(crate) n_accounts: usize,
    pub(crate) counted: Counted,
}

/// Kills the process as the host does, starts another and compares.
pub(crate) async fn after_a_kill(
    rig: &Rig,
    caller: Caller,
    tell: &mut Tell<'_>,
    counted: Counted,
) -> Result<Caller, Deviation> {
    tell.step("The host kills the plugin (SIGKILL) and starts it again");
    let before = places(&caller).await?.map(|it| it.place());
    let Caller::Kept(bridge) = caller else { return Ok(caller) };
    let (old, exit) = (bridge.pid(), bridge.kill().await);
    expect_same("the exit code of a killed process", &exit.code, &None)?;
    let bridge = rig.bridge();
    tell.result(&format!("process {old} is gone, process {} answers", bridge.pid()));
    let caller = Caller::kept(bridge);
    let remembered = remembered(&caller, tell).await?;
    expect_same("accounts", &remembered.n_accounts, &2)?;
    expect_same("usage", &remembered.counted, &counted)?;
    let [ada, bob] = places(&caller).await?;
    tell.field("Ada is on", &ada.shown());
    tell.field("Bob is on", &bob.shown());
    let after = [ada.place(), bob.place()];
    expect_same("the conversations' accounts and keys", &after, &before)?;
    tell.proves("accounts, usage and each conversation's account and key survive a SIGKILL");
    Ok(caller)
}

/// Accounts and usage as the plugin tells them.
pub(crate) async fn remembered(
    caller: &Caller,
    tell: &mut Tell<'_>,
) -> Result<Remembered, Deviation> {
    let accounts = caller.call("list_credentials", json!(null)).await?;
    let n_accounts = accounts.as_array().map_or(0, Vec::len);
    let usage = caller.call("get_usage", json!(null)).await?;
    let counted = Counted {
        requests: number_at(&usage, "/total/requests")?,
        input_tokens: number_at(&usage, "/total/input_tokens")?,
        output_tokens: number_at(&usage, "/total/output_tokens")?,
    };
    let Counted { requests, input_tokens, output_tokens } = counted;
    tell.result(&format!(
        "{n_accounts} accounts; {requests} requests, {input_tokens} tokens in, {output_tokens} out"
    ));
    Ok(Remembered { n_accounts, counted })
}

/// Where the two conversations would go next.
async fn places(caller: &Caller) -> Result<[Loan; 2], Deviation> {
    Ok([talk::acquire(caller, ADA).await?, talk::acquire(caller, BOB).await?])
}
