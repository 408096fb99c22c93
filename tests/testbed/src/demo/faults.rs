//! Two things that go wrong every day, and what they cost.
//!
//! Owns: a rate limit on one key, one expired token wanted by two processes.
//! Must not know: the rules behind what it shows.

use serde_json::json;

use super::caller::Caller;
use super::deviation::{Deviation, expect, expect_same, text_at};
use super::talk::{self, Counted, Turn};
use super::tell::Tell;
use crate::host::OneShot;
use crate::rig::Rig;
use crate::upstream::{Action, Endpoint, Match};

const LIMITED: &str =
    r#"{"type":"error","error":{"type":"rate_limit_error","message":"Too many requests."}}"#;

/// A key meets a 429: it rests as long as upstream says, and the conversation goes on elsewhere.
pub(crate) async fn rate_limited(
    rig: &Rig,
    caller: &Caller,
    tell: &mut Tell<'_>,
    session: &str,
) -> Result<Counted, Deviation> {
    tell.step("Factory answers 429 to the next request on that key");
    let headers = vec![("retry-after".to_owned(), "30".to_owned())];
    let action = Action::Status { status: 429, headers, body: LIMITED.to_owned() };
    rig.fake.script().next(Match::endpoint(Endpoint::Anthropic), action);
    let loan = talk::acquire(caller, session).await?;
    tell.field("acquired", &loan.shown());
    let mut answer = talk::send(caller, tell, &loan, session).await?;
    expect_same("the status of the answer", &answer.status, &429)?;
    let body = answer.rest().await?;
    let ask = json!({ "status": answer.status, "body": body, "headers": answer.headers });
    let meaning = caller.call("parse_error", ask.clone()).await?;
    let (kind, wait) = (text_at(&meaning, "/error_type")?, &meaning["cooldown_seconds"]);
    tell.field("parse_error", &format!("{kind}, wait {wait} s"));
    expect_same("the kind of error", &kind, &"rate_limit")?;
    let outcome = json!({ "Error": {
        "error_type": kind,
        "message": meaning["message"],
        "mark_unhealthy": false,
        "cooldown_seconds": wait,
    }});
    talk::release(caller, &loan, outcome, &ask).await?;

    let account = caller.call("get_credential", json!({ "credential_id": loan.account })).await?;
    let keys = account["keys"].as_array().into_iter().flatten();
    let rests = keys.clone().filter(|it| it["cooling"].is_object());
    let rests: Vec<&str> = rests.filter_map(|it| it["id"].as_str()).collect();
    expect_same("the keys that rest", &rests, &loan.key.as_deref().into_iter().collect())?;
    tell.result(&format!("key {} rests, its pool goes on", talk::short(rests[0])));

    tell.step("The same conversation asks again");
    let Turn { place, mut counted, .. } = talk::talk(caller, tell, session).await?;
    expect(place != loan.place(), || "the key that has to rest was lent again".to_owned())?;
    // The refused request was one too; it cost no tokens.
    counted.requests += 1;
    tell.proves("a 429 rests one key as long as upstream says; the next request avoids it");
    Ok(counted)
}

/// Two processes find the same token expired at the same moment.
pub(crate) async fn expired_for_two(
    rig: &Rig,
    caller: &Caller,
    tell: &mut Tell<'_>,
) -> Result<(), Deviation> {
    tell.step("Two more processes need one expired token at the same moment");
    let minted = rig.fake.mint_account();
    let config = json!({
        "name": "Cleo's account",
        "access_token": minted.access_token,
        "refresh_token": minted.refresh_token,
        "expires_at": "2020-01-01T00:00:00Z",
    });
    let ask = json!({ "auth_type": "workos_oauth", "config": config });
    let created = caller.call("create_credential", ask).await?;
    let id = text_at(&created, "/credential_id")?;
    let before = rig.fake.stats();
    let host = rig.one_shot();
    let (one, two) = tokio::join!(bearer(&host, id), bearer(&host, id));
    let (one, two) = (one?, two?);
    let after = rig.fake.stats();
    let n_refreshed = after.refreshed - before.refreshed;
    tell.result(&format!("refreshes upstream: {n_refreshed}; sign-ins revoked: {}", after.revoked));
    expect_same("refreshes", &n_refreshed, &1)?;
    expect_same("refreshes refused", &after.refused, &before.refused)?;
    expect_same("sign-ins revoked", &after.revoked, &before.revoked)?;
    expect(one == two, || "the two processes got different tokens".to_owned())?;
    expect(!one.contains(&minted.access_token), || "the expired token was lent".to_owned())?;
    tell.proves("two processes at once refresh an expired token exactly once and share it");
    Ok(())
}

async fn bearer(host: &OneShot, account: &str) -> Result<String, Deviation> {
    let ask = json!({ "model": talk::MODEL, "credential_id": account });
    let lent = host.call("acquire_credential", ask).await;
    let lent = lent.map_err(|error| Deviation::new(format!("acquire_credential: {error}")))?;
    let headers = lent["headers"].as_object().into_iter().flatten();
    let mut found = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let (_, value) = found.next().ok_or_else(|| Deviation::new("no Authorization was lent"))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
