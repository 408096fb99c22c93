//! `setup`: points a coding agent on this machine at the gateway.
//!
//! Owns: which clients are known, the client key they get, backups, undoing.
//! Must not know: the form of any client's settings.

mod claude_code;
mod codex;
mod droid;
mod files;
mod json;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::files::Settings;
use super::ask;
use super::failure::{Failure, Result};
use super::names::text;
use super::page::{Cell, Tone};
use super::place;
use super::session::{Answer, Session};
use crate::config::env::Env;
use crate::secret::Secret;

/// Write the settings of Claude Code, Codex or Droid so that it uses this gateway
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli setup claude-code
  droid-provider-cli setup codex --print           show it, write nothing
  droid-provider-cli setup droid --model claude-sonnet-4-5-20250929
  droid-provider-cli setup claude-code --undo

The settings file is copied first, with the date in its name; everything else in
it stays. A client key that an earlier run wrote there is kept while it can be
used. --undo takes out what was put in, puts back what was there, and names the
keys that are left.")]
pub(crate) struct Setup {
    /// Which one
    client: Client,
    /// Where the gateway is; the one that runs on this data if left out
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The model it should use; the client's own choice if left out
    #[arg(long)]
    model: Option<String>,
    /// Read a client key from stdin (or ask), instead of making one
    #[arg(long)]
    key_stdin: bool,
    /// Show what would be written, with no key in it
    #[arg(long, conflicts_with = "undo")]
    print: bool,
    /// Take the settings back
    #[arg(long)]
    undo: bool,
}

/// A client whose settings are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Client {
    /// Anthropic's Claude Code
    ClaudeCode,
    /// OpenAI's Codex
    Codex,
    /// Factory's Droid, with own models
    Droid,
}

/// What a client is told.
pub(super) struct Target<'a> {
    /// Without a slash at its end.
    pub(super) url: &'a str,
    pub(super) key: &'a Secret,
    pub(super) model: Option<&'a str>,
}

// === impl Client ===

impl Client {
    pub(super) const ALL: [Self; 3] = [Self::ClaudeCode, Self::Codex, Self::Droid];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Droid => "Droid",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Droid => "droid",
        }
    }

    /// Where it keeps its settings.
    pub(super) fn path(self, env: &dyn Env) -> Option<PathBuf> {
        let own = |variable: &str, folder: &str| {
            let named = env.get(variable).filter(|it| !it.is_empty()).map(PathBuf::from);
            named.or_else(|| env.home().map(|it| it.join(folder)))
        };
        match self {
            Self::ClaudeCode => Some(own("CLAUDE_CONFIG_DIR", ".claude")?.join("settings.json")),
            Self::Codex => Some(own("CODEX_HOME", ".codex")?.join("config.toml")),
            Self::Droid => Some(env.home()?.join(".factory").join("config.json")),
        }
    }

    /// The settings with ours in them.
    fn applied(self, before: &str, target: &Target<'_>) -> Result<String> {
        match self {
            Self::ClaudeCode => claude_code::applied(before, target),
            Self::Codex => codex::applied(before, target),
            Self::Droid => droid::applied(before, target),
        }
    }

    /// The settings without ours, and with what was there in their place.
    fn undone(self, now: &str, before: &str) -> Result<String> {
        match self {
            Self::ClaudeCode => claude_code::undone(now, before),
            Self::Codex => codex::undone(now, before),
            Self::Droid => droid::undone(now, before),
        }
    }

    /// The gateway's address in the settings, if there is one of ours.
    pub(super) fn points_at(self, text: &str) -> Option<String> {
        match self {
            Self::ClaudeCode => claude_code::points_at(text),
            Self::Codex => codex::points_at(text),
            Self::Droid => droid::points_at(text),
        }
    }

    /// The key in the settings, where an earlier run wrote one.
    fn key(self, text: &str) -> Option<Secret> {
        match self {
            Self::ClaudeCode => claude_code::key(text),
            Self::Codex => codex::key(text),
            Self::Droid => droid::key(text),
        }
    }
}

// === impl Setup ===

impl Setup {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let path = self.client.path(&*session.boot.env).ok_or_else(|| {
            Failure::new("failed", "there is no home folder to look for settings in")
        })?;
        let settings = Settings::at(path);
        if self.undo {
            return self.take_back(session, &settings).await;
        }
        let url = self.checked_url(session).await?;
        let before = settings.read()?;
        if self.print {
            let key = Secret::new("dpk_your-client-key");
            let target = Target { url: &url, key: &key, model: self.model.as_deref() };
            let text = self.client.applied(before.as_deref().unwrap_or_default(), &target)?;
            let mut page = session.page();
            page.verbatim(text.trim_end());
            return Ok(Answer::new(json!({ "file": settings.shown(), "text": text }), page));
        }
        // A file that cannot be understood is found out before a key is made.
        let probe = Target { url: &url, key: &Secret::new("dpk_"), model: self.model.as_deref() };
        self.client.applied(before.as_deref().unwrap_or_default(), &probe)?;
        let (key, kept) = self.key(session, before.as_deref()).await?;
        let target = Target { url: &url, key: &key, model: self.model.as_deref() };
        let after = self.client.applied(before.as_deref().unwrap_or_default(), &target)?;
        let backup = settings.replace(before.as_deref(), &after, session.now())?;
        let mut page = session.page();
        let title = self.client.title();
        page.said(&format!("{title} uses the gateway at {url} now."), Tone::Good);
        page.fact("settings", settings.shown());
        if kept {
            page.fact("client key", "the one that was there");
        }
        page.fact("copy of before", Cell::from(backup.clone().unwrap_or_default()));
        let undo = format!("{} setup {} --undo", super::NAME, self.client.name());
        page.line(&format!("Restart {title}. To take it back:"));
        // To be copied: never broken over two lines.
        page.verbatim(&format!("  {undo}"));
        let json = json!({
            "client": self.client.name(), "file": settings.shown(), "url": url, "backup": backup,
            "key_kept": kept,
        });
        Ok(Answer::new(json, page))
    }

    async fn take_back(&self, session: &Session, settings: &Settings) -> Result<Answer> {
        let title = self.client.title();
        let now = settings.read()?.filter(|it| self.client.points_at(it).is_some());
        let Some(now) = now else {
            let message = format!("{title}'s settings hold nothing of this program");
            return Err(Failure::new("not_found", message));
        };
        let before = settings.backup()?;
        let after = self.client.undone(&now, before.as_deref().unwrap_or_default())?;
        settings.put_back(&after, before.as_deref())?;
        let mut page = session.page();
        page.said(&format!("{title} is as it was before."), Tone::Good);
        page.fact("settings", settings.shown());
        let left = self.keys_left(session).await;
        if !left.is_empty() {
            page.line("Client keys of its name can still be used. To remove them:");
        }
        for key in &left {
            let (id, tail) = (text(&key["id"]), text(&key["tail"]));
            page.verbatim(&format!("  {} client-keys delete {id}    ({tail})", super::NAME));
        }
        let json = json!({
            "client": self.client.name(), "file": settings.shown(), "undone": true,
            "client_keys_left": left,
        });
        Ok(Answer::new(json, page))
    }

    /// The client keys of the name that `setup` gives that can be used; not worth failing for.
    async fn keys_left(&self, session: &Session) -> Vec<Value> {
        let keys = session.call("list_client_keys", json!({})).await.unwrap_or_default();
        let keys = keys.as_array().into_iter().flatten();
        keys.filter(|it| it["name"] == self.client.name() && it["status"] == "active")
            .map(|it| json!({ "id": it["id"], "name": it["name"], "tail": it["tail"] }))
            .collect()
    }

    /// The key that goes into the settings, and whether it was there before.
    async fn key(&self, session: &Session, before: Option<&str>) -> Result<(Secret, bool)> {
        if self.key_stdin {
            return Ok((ask::secret("client key")?, false));
        }
        if let Some(key) = before.and_then(|it| self.client.key(it))
            && self.is_usable(session, &key).await?
        {
            return Ok((key, true));
        }
        let params = json!({ "name": self.client.name() });
        let made = session.call("create_client_key", params).await?;
        Ok((Secret::new(text(&made["key"])), false))
    }

    /// Whether a gateway on this data would take the key.
    async fn is_usable(&self, session: &Session, key: &Secret) -> Result<bool> {
        let keys = &session.app().await?.client_keys;
        keys.catch_up().await?;
        Ok(keys.verify(key).is_some_and(|it| keys.check(&it, session.now()).is_ok()))
    }

    async fn checked_url(&self, session: &Session) -> Result<String> {
        let given = match &self.url {
            Some(url) => url.clone(),
            None => place::of_gateway(session).await?,
        };
        let url = url::Url::parse(&given).ok();
        let is_usable = url.is_some_and(|it| matches!(it.scheme(), "http" | "https"));
        if !is_usable {
            return Err(Failure::usage("--url: expected such as http://127.0.0.1:8787"));
        }
        let url = given.trim_end_matches('/');
        Ok(url.strip_suffix("/v1").unwrap_or(url).to_owned())
    }
}
