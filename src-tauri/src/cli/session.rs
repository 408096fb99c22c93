//! What a command works with: the method table, called in this process, and the terminal.
//!
//! Owns: calls and their failures, how an answer is shown, whether anybody is at a terminal.
//! Must not know: what any command does.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::failure::{Exit, Failure, Result};
use super::page::Page;
use super::working;
use crate::api::context::Context;
use crate::api::methods::Api;
use crate::app::{App, Boot};
use crate::clock::Timestamp;
use crate::config::Live;

/// One for each run of the program.
pub(crate) struct Session {
    /// Environment, time and chance.
    pub(crate) boot: Boot,
    /// Answers are for a program.
    pub(crate) json: bool,
    api: Api,
}

/// What a command has to say.
pub(crate) struct Answer {
    /// For a program.
    json: Value,
    /// For a person.
    page: Page,
    exit: Exit,
    /// It is on stdout already.
    written: bool,
}

// === impl Session ===

impl Session {
    /// Nothing is opened yet.
    ///
    /// # Errors
    /// When the method table cannot be built.
    pub(crate) fn new(boot: Boot, json: bool) -> Result<Self> {
        let api = Api::new(Arc::new(Context::new(boot.clone())))?;
        Ok(Self { boot, json, api })
    }

    /// Calls a method and waits; where that takes longer than a second, the person sees it.
    ///
    /// # Errors
    /// What the method answers.
    pub(crate) async fn call(&self, method: &str, params: impl Serialize) -> Result<Value> {
        self.call_telling("working", method, params).await
    }

    /// The same, saying what is being done.
    ///
    /// # Errors
    /// What the method answers.
    pub(crate) async fn call_telling(
        &self,
        doing: &str,
        method: &str,
        params: impl Serialize,
    ) -> Result<Value> {
        let params = serde_json::to_value(params).unwrap_or_default();
        Ok(working::shown(doing, self.api.call(method, &params)).await?)
    }

    /// The same, where the person sees already that it goes on.
    ///
    /// # Errors
    /// What the method answers.
    pub(crate) async fn call_unseen(&self, method: &str, params: Value) -> Result<Value> {
        Ok(self.api.call(method, &params).await?)
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn config(&self) -> Result<Live> {
        Ok(self.api.context().config().await?.clone())
    }

    /// Every part, opened now if it was not yet; for what no method does.
    ///
    /// # Errors
    /// What opening failed with.
    pub(crate) async fn app(&self) -> Result<&App> {
        Ok(self.api.context().app().await?)
    }

    /// Writes what is still to be written.
    ///
    /// # Errors
    /// What the store failed with.
    pub(crate) async fn close(&self) -> Result<()> {
        match self.api.context().opened() {
            Some(app) => Ok(app.close().await?),
            None => Ok(()),
        }
    }

    /// An empty page for stdout.
    pub(crate) fn page(&self) -> Page {
        let stdout = std::io::stdout().is_terminal();
        Page::new(stdout && !self.json && self.wants_colours(), width(stdout))
    }

    /// The moment now.
    pub(crate) fn now(&self) -> Timestamp {
        self.boot.clock.now()
    }

    /// How long until that moment, for a person; empty when it is over or no time at all.
    pub(crate) fn until(&self, rfc3339: &str) -> String {
        match Timestamp::from_rfc3339(rfc3339) {
            Some(then) if then > self.now() => short(then.since(self.now())),
            _ => String::new(),
        }
    }

    /// How long ago that moment was, for a person.
    pub(crate) fn ago(&self, rfc3339: &Value) -> String {
        let then = rfc3339.as_str().and_then(Timestamp::from_rfc3339);
        then.map_or_else(String::new, |it| format!("{} ago", short(self.now().since(it))))
    }

    fn wants_colours(&self) -> bool {
        let set = |name| self.boot.env.get(name).filter(|it| !it.is_empty());
        set("NO_COLOR").is_none() && set("TERM").is_none_or(|it| it != "dumb")
    }

    /// Shows an answer on stdout.
    pub(crate) fn show(&self, answer: Answer) -> Exit {
        let exit = answer.exit;
        if answer.written {
            return exit;
        }
        let text = if self.json { pretty(&answer.json) } else { answer.page.into_text() };
        write_out(&text);
        exit
    }

    /// Tells a failure: to the person on stderr, to a program on stdout, too.
    pub(crate) fn fail(&self, failure: &Failure) -> Exit {
        if self.json {
            write_out(&pretty(&failure.to_json()));
        }
        tell(&failure.to_text());
        failure.exit
    }
}

// === impl Answer ===

impl Answer {
    /// What a program and what a person gets.
    pub(crate) const fn new(json: Value, page: Page) -> Self {
        Self { json, page, exit: Exit::Done, written: false }
    }

    /// Not to be shown any more: it went to stdout by itself.
    pub(crate) const fn written(mut self) -> Self {
        self.written = true;
        self
    }

    /// With another exit code: it was told, and it is no good.
    pub(crate) const fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// Writes to stdout. Nobody reading any more (`| head`) is no failure.
pub(crate) fn write_out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// A line on stderr, beside the answer: what is going on, what went wrong.
pub(crate) fn tell(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.write_all(b"\n")));
}

/// A duration in two letters or so: `45s`, `12m`, `3h`, `9d`.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=99 => format!("{seconds}s"),
        100..=5_999 => format!("{}m", seconds / 60),
        6_000..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// JSON as it is shown.
pub(crate) fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text + "\n"
}

/// As wide as the terminal, within reason; 80 columns for a file or a pipe.
fn width(is_terminal: bool) -> usize {
    const USUAL: usize = 80;
    if !is_terminal {
        return USUAL;
    }
    terminal_size::terminal_size().map_or(USUAL, |(width, _)| usize::from(width.0).clamp(40, 120))
}
