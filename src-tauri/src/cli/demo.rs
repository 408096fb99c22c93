//! `demo`: the gateway at work, without any account.
//!
//! Owns: the order of what is shown. The commands, the gateway and the files are the real ones; only
//! Factory is a stand-in, and it says so.
//! Must not know: how anything is done: it runs this program as a person would.

mod stage;

use std::time::Duration;

use clap::Args;
use droid_protocol::dialect::Dialect;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use self::stage::{Gateway, Stage};
use super::NAME;
use super::failure::{Failure, Result};
use super::page::Tone;
use super::session::{Answer, Session, write_out};
use crate::demo::{self, KEYS, StandIn};

/// No line of an answer is wider.
const WIDTH: usize = 80;
const MODEL: &str = "claude-sonnet-4-5-20250929";

/// See the gateway at work, with a stand-in for Factory and without any account
#[derive(Args)]
#[command(after_help = "\
Examples:
  droid-provider-cli demo
  droid-provider-cli demo --stay      then look at its web page, until Ctrl-C

It runs this program's own commands in a folder of their own, which is removed
at the end: your accounts and your configuration are not touched, and no request
leaves this machine. Factory is played by a stand-in whose answers are made up.")]
pub(crate) struct Demo {
    /// Leave the gateway and its web page up until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    stay: bool,
}

/// What was shown, for a program.
#[derive(Default)]
struct Shown(Vec<Value>);

/// The play, from the stage to what was shown on it.
struct Play<'a> {
    session: &'a Session,
    stage: Stage,
    shown: Shown,
}

// === impl Demo ===

impl Demo {
    pub(crate) async fn run(&self, session: &Session) -> Result<Answer> {
        let stand_in = StandIn::start().await?;
        let entropy = &session.boot.entropy;
        let unique = format!("{:016x}", entropy.u64());
        let stage = Stage::set(&unique, format!("demo-{:016x}", entropy.u64()), &stand_in)?;
        let mut play = Play { session, stage, shown: Shown::default() };
        // The folder and the gateway are gone when what is dropped here is.
        tokio::select! {
            played = play.perform(self.stay) => played?,
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::new("interrupted", "the demo was stopped"));
            }
        }
        let json = json!({ "ok": true, "steps": play.shown.0 });
        let answer = Answer::new(json, session.page());
        Ok(if session.json { answer } else { answer.written() })
    }
}

// === impl Play ===

impl Play<'_> {
    async fn perform(&mut self, stay: bool) -> Result<()> {
        self.said("This is played on this machine alone. Factory is a stand-in whose answers are");
        self.said("made up; everything else is the program itself, in a folder that is removed:");
        self.said(&format!("{}\n", self.stage.folder().display()));

        self.say("Two API keys (made-up ones) become a pool:", Tone::Strong);
        let keys = KEYS.join("\n");
        self.command(&["accounts", "add-keys", "--name", "Demo"], &keys).await?;

        self.say("A program of yours gets a key to the gateway:", Tone::Strong);
        let made = self.command(&["client-keys", "create", "--name", "laptop"], "").await?;
        let client_key = key_of(&made)?;

        self.say("The gateway starts:", Tone::Strong);
        self.said(&format!("$ {NAME} serve"));
        let gateway = self.stage.serve().await?;
        self.shown.add(json!({ "command": "serve", "answer": { "listening": gateway.url } }));
        self.said(&format!("listening on {}\n", gateway.url));

        self.say(
            "A client of Anthropic's protocol asks. The first key is told to wait:",
            Tone::Strong,
        );
        self.ask(&gateway, &client_key, Dialect::Anthropic).await?;
        self.say(
            "So that key rests, and the other one answered. The client saw nothing of it:",
            Tone::Strong,
        );
        self.command(&["keys", "list", "Demo"], "").await?;

        self.say("A client of OpenAI's Chat Completions asks the same model:", Tone::Strong);
        self.ask(&gateway, &client_key, Dialect::Chat).await?;

        self.say("What was used, by client key:", Tone::Strong);
        self.written_down().await?;
        self.command(&["usage", "--by", "client-key"], "").await?;

        if stay {
            self.say("The gateway stays up, with its web page, until Ctrl-C:", Tone::Strong);
            self.said(&format!("{}\nadmin key  {}", gateway.url, self.stage.admin_key()));
            std::future::pending::<()>().await;
        }
        self.say("That was all. With your own account:", Tone::Good);
        self.said(&format!("  {NAME} login        or: {NAME} accounts add-keys"));
        self.said(&format!("  {NAME} serve"));
        self.said(&format!("  {NAME} setup claude-code"));
        Ok(())
    }

    /// Runs a command, shows it as it would be typed and what it says, and gives that back.
    async fn command(&mut self, arguments: &[&str], stdin: &str) -> Result<String> {
        let line = arguments.join(" ");
        self.said(&format!("$ {NAME} {line}"));
        let json = self.session.json.then_some("--json");
        let arguments: Vec<&str> = arguments.iter().copied().chain(json).collect();
        let said = self.stage.run(&arguments, stdin).await?;
        self.said(&said);
        let answer: Value = serde_json::from_str(&said).unwrap_or_default();
        self.shown.add(json!({ "command": line, "answer": answer }));
        Ok(said)
    }

    /// Asks the gateway, and shows the words as they come.
    async fn ask(&mut self, gateway: &Gateway, key: &str, dialect: Dialect) -> Result<()> {
        let loud = !self.session.json;
        let mut column = 0;
        let show = |word: &str| {
            if !loud {
                return;
            }
            column += word.width();
            if column >= WIDTH {
                write_out("\n");
                column = word.width();
            }
            write_out(word);
        };
        let asked = demo::ask(&gateway.url, key, dialect, MODEL, show).await?;
        let millis = asked.first.as_millis();
        self.said(&format!("\n({} pieces, the first after {millis} ms)\n", asked.pieces));
        let protocol = json!(dialect);
        self.shown.add(json!({
            "asked": MODEL, "protocol": protocol, "text": asked.text, "pieces": asked.pieces,
        }));
        Ok(())
    }

    /// Waits for the gateway to store what was used: it does so behind the requests.
    async fn written_down(&self) -> Result<()> {
        for _ in 0..20 {
            let said = self.stage.run(&["usage", "--json"], "").await?;
            let usage: Value = serde_json::from_str(&said).unwrap_or_default();
            // The refused try is one, too.
            if usage["total"]["requests"].as_u64().is_some_and(|it| it >= 3) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }

    fn said(&self, text: &str) {
        self.say(text, Tone::Plain);
    }

    fn say(&self, text: &str, tone: Tone) {
        if self.session.json {
            return;
        }
        let mut page = self.session.page();
        match tone {
            Tone::Plain => page.verbatim(text),
            _ => page.said(text, tone),
        }
        write_out(&page.into_text());
    }
}

// === impl Shown ===

impl Shown {
    fn add(&mut self, step: Value) {
        self.0.push(step);
    }
}

/// The client key in what a command said, as a person would copy it.
fn key_of(said: &str) -> Result<String> {
    let letters = |it: char| !(it.is_ascii_alphanumeric() || it == '_' || it == '-');
    let key = said.split(letters).find(|it| it.starts_with("dpk_"));
    key.map(str::to_owned).ok_or_else(|| Failure::new("failed", "no client key was made"))
}
