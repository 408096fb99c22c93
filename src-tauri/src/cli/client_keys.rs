//! `client-keys`: keys of the gateway's own clients.
//!
//! Owns: their arguments, and that a new key is shown once.
//! Must not know: how a key is checked, what a limit does.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::ask;
use super::failure::{Failure, Result};
use super::names::{self, text};
use super::page::{Cell, Table, Tone};
use super::session::{Answer, Session};

/// Takes a setting away.
const NONE: &str = "none";

/// Make, list, change, renew and delete the keys that clients use the gateway with
#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  droid-provider-cli client-keys create --name laptop
  droid-provider-cli client-keys create --name ci --models 'claude-*' --daily-tokens 1000000
  droid-provider-cli client-keys edit ci --bind group:night
  droid-provider-cli client-keys rotate laptop

KEY is a name, an id, or the first letters of an id.")]
pub(crate) enum ClientKeys {
    Create(Create),
    /// Every client key, and what it used
    List,
    /// One client key with its limits
    Show(One),
    Edit(Edit),
    Rotate(Rotate),
    Delete(Delete),
}

/// Make a client key. It is shown once: only its hash is kept
#[derive(Args)]
pub(crate) struct Create {
    /// Whose it is
    #[arg(long)]
    name: String,
    #[command(flatten)]
    options: Options,
}

/// A client key.
#[derive(Args)]
pub(crate) struct One {
    /// Name, id, or the first letters of an id
    key: String,
}

/// Change what is given and leave the rest
#[derive(Args)]
pub(crate) struct Edit {
    /// Name, id, or the first letters of an id
    key: String,
    /// Whose it is
    #[arg(long)]
    name: Option<String>,
    /// Whether requests may use it
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    #[command(flatten)]
    options: Options,
}

/// Give a client key a new secret; the former one ends at once
#[derive(Args)]
pub(crate) struct Rotate {
    /// Name, id, or the first letters of an id
    key: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Delete a client key; whoever uses it is refused at once
#[derive(Args)]
pub(crate) struct Delete {
    /// Name, id, or the first letters of an id
    key: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What a client key may do. A limit of 0 takes it away.
#[derive(Args)]
struct Options {
    /// Only this account or `group:GROUP`; `?fallback` behind it lets others help; `none` for all
    #[arg(long, value_name = "ACCOUNT|group:GROUP")]
    bind: Option<String>,
    /// A model it may use, with `*` for any letters; give it again for several, `none` for all
    #[arg(long, value_name = "MODEL")]
    models: Vec<String>,
    /// When it ends, such as 2027-01-31T00:00:00Z; `none` for never
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// How many days after its first use it ends
    #[arg(long, value_name = "DAYS")]
    expires_days: Option<u32>,
    /// Requests at the same time
    #[arg(long, value_name = "N")]
    concurrency: Option<u64>,
    /// Seconds of the window that the next two count in
    #[arg(long, value_name = "SECONDS")]
    window_seconds: Option<u64>,
    /// Requests in a window
    #[arg(long, value_name = "N")]
    window_requests: Option<u64>,
    /// Tokens in a window
    #[arg(long, value_name = "N")]
    window_tokens: Option<u64>,
    /// Tokens in a day (UTC)
    #[arg(long, value_name = "N")]
    daily_tokens: Option<u64>,
    /// Dollars in a day (UTC)
    #[arg(long, value_name = "DOLLARS")]
    daily_cost: Option<f64>,
    /// Tokens ever
    #[arg(long, value_name = "N")]
    total_tokens: Option<u64>,
    /// Dollars ever
    #[arg(long, value_name = "DOLLARS")]
    total_cost: Option<f64>,
}

// === impl Options ===

impl Options {
    /// The params of `create_client_key` and `update_client_key`; limits go over those there are.
    async fn params(&self, session: &Session, limits: &Value) -> Result<Map<String, Value>> {
        let mut params = Map::new();
        let mut put = |name: &str, value: Value| drop(params.insert(name.to_owned(), value));
        if let Some(bind) = &self.bind {
            put("binding", json!(binding(session, bind).await?));
        }
        if !self.models.is_empty() {
            let models: Vec<&String> = self.models.iter().filter(|it| *it != NONE).collect();
            put("models", json!(models));
        }
        if let Some(expires) = &self.expires {
            put("expires_at", if expires == NONE { Value::Null } else { json!(expires) });
        }
        if let Some(days) = self.expires_days {
            put("expires_days", if days == 0 { Value::Null } else { json!(days) });
        }
        let mut all = limits.as_object().cloned().unwrap_or_default();
        let mut is_changed = false;
        let given = [
            ("concurrency", self.concurrency.map(|it| json!(it))),
            ("window_seconds", self.window_seconds.map(|it| json!(it))),
            ("window_requests", self.window_requests.map(|it| json!(it))),
            ("window_tokens", self.window_tokens.map(|it| json!(it))),
            ("daily_tokens", self.daily_tokens.map(|it| json!(it))),
            ("daily_cost", self.daily_cost.map(|it| json!(it))),
            ("total_tokens", self.total_tokens.map(|it| json!(it))),
            ("total_cost", self.total_cost.map(|it| json!(it))),
        ];
        for (name, value) in given {
            let Some(value) = value else { continue };
            is_changed = true;
            if value.as_f64() == Some(0.0) {
                all.remove(name);
            } else {
                all.insert(name.to_owned(), value);
            }
        }
        if is_changed {
            put("limits", Value::Object(all));
        }
        Ok(params)
    }
}

/// An account by its name becomes its id; a group stays.
async fn binding(session: &Session, given: &str) -> Result<String> {
    if given == NONE {
        return Ok(String::new());
    }
    if given.starts_with("group:") {
        return Ok(given.to_owned());
    }
    let (account, rest) = match given.split_once('?') {
        Some((account, _)) => (account, "?fallback"),
        None => (given, ""),
    };
    Ok(format!("{}{rest}", names::account_id(session, account).await?))
}

// === impl ClientKeys ===

impl ClientKeys {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        match self {
            Self::Create(it) => it.run(session).await,
            Self::List => list(session).await,
            Self::Show(it) => Ok(shown(session, find(session, &it.key).await?)),
            Self::Edit(it) => it.run(session).await,
            Self::Rotate(it) => it.run(session).await,
            Self::Delete(it) => it.run(session).await,
        }
    }
}

async fn find(session: &Session, wanted: &str) -> Result<Value> {
    let found = names::find(&names::client_keys(session).await?, wanted)?.cloned();
    found.ok_or_else(|| {
        Failure::from(crate::error::Error::not_found("client key", wanted))
            .hint(format!("{} client-keys list shows what there is", super::NAME))
    })
}

async fn list(session: &Session) -> Result<Answer> {
    let keys = names::client_keys(session).await?;
    let mut page = session.page();
    if keys.is_empty() {
        page.line("There is no client key yet. Clients need one:");
        page.verbatim(&format!("  {} client-keys create --name laptop", super::NAME));
        return Ok(Answer::new(Value::Array(keys), page));
    }
    let mut table = Table::new(&["NAME", "KEY", "STATUS", ">REQUESTS", ">TOKENS", "USED", "!ID"]);
    for it in &keys {
        table.row([
            text(&it["name"]).into(),
            text(&it["tail"]).into(),
            status(it),
            it["requests"].to_string().into(),
            it["tokens_used"].to_string().into(),
            session.ago(&it["last_used_at"]).into(),
            Cell::new(text(&it["id"]).chars().take(8).collect::<String>(), Tone::Dim),
        ]);
    }
    page.table(&table);
    Ok(Answer::new(Value::Array(keys), page))
}

fn status(key: &Value) -> Cell {
    let word = text(&key["status"]);
    let tone = if word == "active" { Tone::Good } else { Tone::Warn };
    Cell::new(word, tone)
}

fn shown(session: &Session, key: Value) -> Answer {
    let mut page = session.page();
    let it = &key;
    page.fact("name", Cell::new(text(&it["name"]), Tone::Strong));
    page.fact("id", text(&it["id"]));
    page.fact("key", text(&it["tail"]));
    page.fact("status", status(it));
    page.fact("ends", text(&it["ends_at"]));
    page.fact("bound to", text(&it["binding"]));
    let models: Vec<String> = it["models"].as_array().into_iter().flatten().map(text).collect();
    page.fact("models", models.join(", "));
    for (name, value) in it["limits"].as_object().into_iter().flatten() {
        page.fact(&name.replace('_', " "), value.to_string());
    }
    page.fact("requests", it["requests"].to_string());
    page.fact("tokens", it["tokens_used"].to_string());
    page.fact("last used", session.ago(&it["last_used_at"]));
    Answer::new(key, page)
}

/// A key that was just made, shown this one time.
fn shown_once(session: &Session, made: Value) -> Answer {
    let mut page = session.page();
    page.said(&format!("Client key `{}`:", text(&made["name"])), Tone::Good);
    page.gap();
    page.verbatim(&format!("  {}", text(&made["key"])));
    page.gap();
    page.line("It is shown this once: only its hash is kept.");
    Answer::new(made, page)
}

// === impl Create ===

impl Create {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let mut params = self.options.params(session, &Value::Null).await?;
        params.insert("name".to_owned(), json!(self.name));
        Ok(shown_once(session, session.call("create_client_key", params).await?))
    }
}

// === impl Edit ===

impl Edit {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let key = find(session, &self.key).await?;
        let mut params = self.options.params(session, &key["limits"]).await?;
        if let Some(name) = &self.name {
            params.insert("name".to_owned(), json!(name));
        }
        if let Some(enabled) = self.enabled {
            params.insert("enabled".to_owned(), json!(enabled));
        }
        if params.is_empty() {
            let hint = "client-keys edit --help lists what can be changed";
            return Err(Failure::usage("nothing to change was given").hint(hint));
        }
        params.insert("client_key_id".to_owned(), key["id"].clone());
        params.insert("revision".to_owned(), key["revision"].clone());
        Ok(shown(session, session.call("update_client_key", params).await?))
    }
}

// === impl Rotate ===

impl Rotate {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let key = find(session, &self.key).await?;
        let question = format!("Renew client key `{}`; the former one ends", text(&key["name"]));
        ask::confirm(&question, self.yes)?;
        let params = json!({ "client_key_id": key["id"] });
        Ok(shown_once(session, session.call("rotate_client_key", params).await?))
    }
}

// === impl Delete ===

impl Delete {
    async fn run(&self, session: &Session) -> Result<Answer> {
        let key = find(session, &self.key).await?;
        let name = text(&key["name"]);
        ask::confirm(&format!("Delete client key `{name}` for good"), self.yes)?;
        session.call("delete_client_key", json!({ "client_key_id": key["id"] })).await?;
        let mut page = session.page();
        page.said(&format!("Client key `{name}` is deleted."), Tone::Good);
        Ok(Answer::new(json!({ "deleted": key["id"] }), page))
    }
}
