//! An account as a person sees it.
//!
//! Owns: which columns and facts there are, the tone of each health.
//! Must not know: where an account came from.

use serde_json::Value;

use crate::cli::names::text;
use crate::cli::page::{Cell, Table, Tone};
use crate::cli::session::{Answer, Session};

/// Accounts, one a row.
pub(super) fn table(session: &Session, accounts: &[Value]) -> Table {
    let mut table =
        Table::new(&["NAME", "KIND", "HEALTH", "ENDPOINT", ">PRIO", ">KEYS", "USED", "!ID"]);
    for it in accounts {
        table.row([
            text(&it["name"]).into(),
            text(&it["auth_type"]).into(),
            health(session, it),
            text(&it["endpoint_type"]).into(),
            it["priority"].to_string().into(),
            counts(&it["keys"]).into(),
            session.ago(&it["last_used_at"]).into(),
            Cell::new(text(&it["id"]).chars().take(8).collect::<String>(), Tone::Dim),
        ]);
    }
    table
}

/// One account, with all that may be seen of it.
pub(super) fn one(session: &Session, account: Value) -> Answer {
    let mut page = session.page();
    let it = &account;
    page.fact("name", Cell::new(text(&it["name"]), Tone::Strong));
    page.fact("id", text(&it["id"]));
    page.fact("kind", text(&it["auth_type"]));
    page.fact("health", health(session, it));
    page.fact("error", Cell::new(text(&it["error"]), Tone::Bad));
    page.fact("against it", Cell::new(against(it), Tone::Warn));
    page.fact("endpoint", text(&it["endpoint_type"]));
    page.fact("priority", it["priority"].to_string());
    page.fact("groups", list(&it["groups"]));
    if it["schedulable"] == false {
        page.fact("schedulable", "no: only by binding");
    }
    if it["max_concurrency"].as_u64().is_some_and(|n| n > 0) {
        page.fact("at once", format!("{} of {}", it["in_flight"], it["max_concurrency"]));
    }
    page.fact("proxy", text(&it["proxy"]));
    page.fact("user agent", text(&it["user_agent"]));
    page.fact("owner", text(&it["owner_email"]));
    page.fact("organization", text(&it["organization_id"]));
    page.fact("subscription", text(&it["subscription_expires_at"]));
    page.fact("token ends", session.until(&text(&it["expires_at"])));
    page.fact("last used", session.ago(&it["last_used_at"]));
    page.fact("uses", it["uses"].to_string());
    page.fact("tokens used", it["tokens_used"].to_string());
    if let Some(keys) = it["keys"].as_array() {
        page.gap();
        page.table(&keys_table(session, keys));
    }
    Answer::new(account, page)
}

/// Keys of a pool, one a row.
pub(in crate::cli) fn keys_table(session: &Session, keys: &[Value]) -> Table {
    let mut table = Table::new(&["KEY", "STATUS", ">USES", ">TOKENS", "USED", "!ID"]);
    for key in keys {
        let cooling = session.until(&text(&key["cooling"]["until"]));
        let status = match key["status"].as_str().unwrap_or_default() {
            "active" if !cooling.is_empty() => Cell::new(format!("cooling {cooling}"), Tone::Warn),
            "active" if !against(key).is_empty() => {
                Cell::new(format!("active, {}", against(key)), Tone::Warn)
            }
            "active" => Cell::new("active", Tone::Good),
            other => Cell::new(other, Tone::Bad),
        };
        table.row([
            text(&key["tail"]).into(),
            status,
            key["uses"].to_string().into(),
            key["tokens_used"].to_string().into(),
            session.ago(&key["last_used_at"]).into(),
            Cell::new(text(&key["id"]), Tone::Dim),
        ]);
    }
    table
}

/// What speaks against an account or a key that may still be used.
fn against(it: &Value) -> String {
    let models = it["model_cooling"].as_array().into_iter().flatten();
    let models = models.map(|it| format!("not for {}", text(&it["model"])));
    let strikes = it["strikes"].as_array().map_or(0, Vec::len);
    let strikes = (strikes > 0).then(|| format!("strikes: {strikes}"));
    models.chain(strikes).collect::<Vec<String>>().join(", ")
}

fn health(session: &Session, account: &Value) -> Cell {
    let word = text(&account["health"]);
    let tone = match word.as_str() {
        "healthy" => Tone::Good,
        "cooling" | "disabled" => Tone::Warn,
        _ => Tone::Bad,
    };
    let left = session.until(&text(&account["cooling"]["until"]));
    Cell::new(if left.is_empty() { word } else { format!("{word} {left}") }, tone)
}

/// Usable keys of all.
fn counts(keys: &Value) -> String {
    match (keys["active"].as_u64(), keys["total"].as_u64()) {
        (Some(active), Some(total)) => format!("{active}/{total}"),
        _ => String::new(),
    }
}

fn list(value: &Value) -> String {
    let names = value.as_array().into_iter().flatten().map(text);
    names.collect::<Vec<String>>().join(", ")
}
