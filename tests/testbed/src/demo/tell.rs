//! How the demo speaks to the person who runs it.
//!
//! Owns: one short line a step, results indented below it, colours only where they are wanted, and
//! the list of what was shown to hold.
//! Must not know: what the steps are.

use std::io::Write;

/// Writes what happens as it happens.
pub struct Tell<'a> {
    out: &'a mut (dyn Write + Send),
    colours: bool,
    n_steps: usize,
    proven: Vec<String>,
}

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

// === impl Tell ===

impl<'a> Tell<'a> {
    /// Writes here; `colours` puts ANSI sequences in.
    pub fn new(out: &'a mut (dyn Write + Send), colours: bool) -> Self {
        Self { out, colours, n_steps: 0, proven: Vec::new() }
    }

    /// What was shown to hold so far, a sentence each.
    #[must_use]
    pub fn proven(&self) -> &[String] {
        &self.proven
    }

    pub(crate) fn part(&mut self, title: &str) {
        self.line("", BOLD, &format!("\n== {title}"));
    }

    pub(crate) fn step(&mut self, what: &str) {
        self.n_steps += 1;
        self.line("", BOLD, &format!("\n{:>2}. {what}", self.n_steps));
    }

    pub(crate) fn result(&mut self, what: &str) {
        self.line("    ", "", what);
    }

    pub(crate) fn field(&mut self, name: &str, what: &str) {
        self.result(&format!("{name:<12} {what}"));
    }

    pub(crate) fn aside(&mut self, what: &str) {
        self.line("    ", DIM, what);
    }

    /// Says that something held and keeps it for the summary.
    pub(crate) fn proves(&mut self, what: &str) {
        self.line("    ", GREEN, &format!("ok  {what}"));
        self.proven.push(what.to_owned());
    }

    /// The beginning of a text that comes in pieces.
    pub(crate) fn open_text(&mut self) {
        self.write(&format!("    > {}", self.colour(CYAN)));
    }

    /// One piece of it, written through at once.
    pub(crate) fn text(&mut self, piece: &str) {
        self.write(&piece.replace('\n', "\n    > "));
    }

    pub(crate) fn close_text(&mut self) {
        self.write(&format!("{}\n", self.colour(PLAIN)));
    }

    pub(crate) fn summary(&mut self) {
        self.line("", BOLD, "\n== What was shown");
        for what in std::mem::take(&mut self.proven) {
            self.line("  ", GREEN, &format!("ok  {what}"));
            self.proven.push(what);
        }
        let count = format!("\n{} steps, nothing deviated; nothing was left behind.", self.n_steps);
        self.line("", BOLD, &count);
    }

    fn line(&mut self, indent: &str, colour: &'static str, text: &str) {
        let (on, off) = match colour {
            "" => ("", ""),
            colour => (self.colour(colour), self.colour(PLAIN)),
        };
        self.write(&format!("{indent}{on}{text}{off}\n"));
    }

    /// Whoever reads may have gone away; the demo goes on and tells by its exit code.
    fn write(&mut self, text: &str) {
        drop(self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()));
    }

    fn colour(&self, code: &'static str) -> &'static str {
        if self.colours { code } else { "" }
    }
}
