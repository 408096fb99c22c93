//! The program shown end to end, as a person would want to see it before trusting it.
//!
//! Owns: the order of the steps, and what has to hold after each.
//! Must not know: how the plugin works; it is met over its pipes, as the host meets it.

mod accounts;
mod caller;
mod deviation;
mod faults;
mod foreign;
mod post;
mod restart;
mod talk;
mod tell;

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::host::HostFault;
use crate::rig::Rig;
use crate::upstream::{Action, Endpoint, FakeConfig, Match};
use caller::Caller;
use deviation::{expect, expect_same, text_at};
use talk::Counted;

pub use deviation::Deviation;
pub use tell::Tell;

/// Conversations of the two clients, as the clients name them.
const ADA: &str = "conversation-of-ada";
const BOB: &str = "conversation-of-bob";
const DAN: &str = "conversation-of-dan";
const CLEO: &str = "conversation-of-cleo";

/// A recorded answer whose text has characters of one to four bytes.
const MANY_BYTES: &str = "utf8_text";

/// What the first part leaves for the later ones to compare with.
struct Seen {
    counted: Counted,
    text: String,
}

/// Plays everything on this plugin binary. `pace` is left between two events of a stream, so that
/// a person sees it come.
///
/// # Errors
/// The first thing that was not as it must be.
pub async fn run(plugin: &Path, tell: &mut Tell<'_>, pace: Duration) -> Result<(), Deviation> {
    expect(plugin.is_file(), || format!("{} is not there: build it first", plugin.display()))?;
    let config = FakeConfig {
        event_delay: pace,
        device_interval: Duration::from_secs(1),
        ..FakeConfig::default()
    };
    let rig = Rig::with(plugin, config).await;
    tell.aside("A fake WorkOS and Factory answer on this machine; no request leaves it.");
    tell.aside(&format!("fake    {}", rig.fake.base_url()));
    tell.aside(&format!("plugin  {}", plugin.display()));
    tell.aside(&format!("data    {} (removed at the end)", rig.data_dir().display()));

    tell.part("The host keeps one plugin process");
    let caller = Caller::kept(rig.bridge());
    let seen = first_look(&rig, &caller, tell).await?;
    let limited = faults::rate_limited(&rig, &caller, tell, ADA).await?;
    let caller = restart::after_a_kill(&rig, caller, tell, seen.counted + limited).await?;
    faults::expired_for_two(&rig, &caller, tell).await?;
    finish(caller, tell).await?;

    tell.part("The host starts one plugin process for each call");
    let caller = Caller::anew(rig.one_shot());
    one_process_a_call(&rig, &caller, tell, &seen.text).await?;

    let folder = rig.folder().to_owned();
    drop(rig);
    expect(!folder.exists(), || format!("{} was left behind", folder.display()))?;
    tell.summary();
    Ok(())
}

/// Accounts are added both ways, and each answers a conversation.
async fn first_look(rig: &Rig, caller: &Caller, tell: &mut Tell<'_>) -> Result<Seen, Deviation> {
    tell.step("The host asks the plugin what it is");
    let info = caller.call("get_info", json!(null)).await?;
    let n_methods = info["methods"].as_array().map_or(0, Vec::len);
    let (name, version) = (text_at(&info, "/display_name")?, text_at(&info, "/version")?);
    tell.result(&format!("{name} {version}, {n_methods} methods"));

    tell.step("A person adds three API keys as one pool");
    accounts::key_pool(rig, caller, tell, "Team keys", "kept").await?;
    tell.step("A person signs in with a device code");
    accounts::device_login(rig, caller, tell, "Ada's account").await?;

    tell.step("Ada's client asks a question");
    let ada = talk::talk(caller, tell, ADA).await?;
    tell.step("Bob's client asks one too");
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), Action::case(MANY_BYTES));
    let bob = talk::talk(caller, tell, BOB).await?;
    expect(ada.place.account != bob.place.account, || {
        "the second conversation got the account that was used last".to_owned()
    })?;
    tell.proves("requests stream through a key pool and through a signed-in account");

    tell.step("Ada's client goes on with its conversation");
    let again = talk::talk(caller, tell, ADA).await?;
    expect_same("the conversation's account and key", &again.place, &ada.place)?;
    tell.proves("a conversation stays on its account and key");

    tell.step("Dan's client speaks Chat Completions; the model he asks for is Claude");
    let dan = foreign::chat_asks_claude(caller, tell, DAN).await?;
    tell.proves("a client of one protocol is answered by a model of another");
    let counted = ada.counted + bob.counted + again.counted + dan;
    Ok(Seen { counted, text: bob.text })
}

/// The whole way once more, with nothing kept in memory between two calls.
async fn one_process_a_call(
    rig: &Rig,
    caller: &Caller,
    tell: &mut Tell<'_>,
    text: &str,
) -> Result<(), Deviation> {
    tell.step("What the kept process stored is there");
    let before = restart::remembered(caller, tell).await?;

    tell.step("A person adds a pool and signs in, a process for each call");
    accounts::key_pool(rig, caller, tell, "More keys", "anew").await?;
    accounts::device_login(rig, caller, tell, "Bob's account").await?;

    tell.step("A new conversation, a process for each call and each piece of the answer");
    let first = talk::talk(caller, tell, CLEO).await?;
    tell.step("It goes on; the answer is cut every 97 bytes, inside characters too");
    let cut = Action::All(vec![Action::case(MANY_BYTES), Action::SplitEvery(97)]);
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), cut);
    let second = talk::talk(caller, tell, CLEO).await?;
    expect_same("the conversation's account and key", &second.place, &first.place)?;
    expect_same("the text", &second.text.as_str(), &text)?;
    expect(second.n_torn > 0, || "no piece ended inside a character".to_owned())?;
    tell.proves("a stream cut anywhere, a process a piece, reads the same (carry)");

    tell.step("The next processes still know all of it");
    let after = restart::remembered(caller, tell).await?;
    let wanted = before.counted + first.counted + second.counted;
    expect_same("usage", &after.counted, &wanted)?;
    expect_same("accounts", &after.n_accounts, &(before.n_accounts + 2))?;
    let n_started = caller.n_started();
    tell.proves(&format!("{n_started} processes, one a call, worked on the same accounts"));
    Ok(())
}

/// Ends input: the process must answer what is in flight and exit with code 0.
async fn finish(caller: Caller, tell: &mut Tell<'_>) -> Result<(), Deviation> {
    tell.step("The host closes the plugin's input");
    let Caller::Kept(bridge) = caller else { return Ok(()) };
    let exit = bridge.close().await.map_err(|it: HostFault| Deviation::new(it.to_string()))?;
    tell.result(&format!("exit code 0 after {} ms", exit.elapsed.as_millis()));
    tell.proves("every line on its standard output was an answer somebody had asked for");
    Ok(())
}
