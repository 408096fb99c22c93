//! Text for a person: facts, tables and lines that fit the terminal.
//!
//! Owns: widths, cutting, the few colours there are. 80 columns where nobody says how wide it is.
//! Must not know: what is shown.

use unicode_width::UnicodeWidthStr as _;

/// Between two columns.
const GAP: usize = 2;
/// No column is cut below this.
const NARROWEST: usize = 4;

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As any.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// It will pass, or wants a look.
    Warn,
    /// Somebody has to do something.
    Bad,
    /// Beside the point.
    Dim,
    /// What to look at first.
    Strong,
}

/// One field of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

/// Rows under heads.
#[derive(Debug)]
pub(crate) struct Table {
    heads: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

/// A text being written.
#[derive(Debug)]
pub(crate) struct Page {
    colours: bool,
    width: usize,
    text: String,
}

// === impl Cell ===

impl Cell {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

// === impl Table ===

impl Table {
    /// Without rows yet. A head that begins with `>` stands over numbers, one with `!` over what is
    /// there to be copied: it is cut last.
    pub(crate) const fn new(heads: &'static [&'static str]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As wide as each column may be.
    fn widths(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|it| head(it).0.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        let mut total = widths.iter().sum::<usize>() + gaps;
        while total > room {
            let columns = widths.iter_mut().zip(self.heads).filter(|(it, _)| **it > NARROWEST);
            let widest = columns.max_by_key(|(width, head)| (!head.starts_with('!'), **width));
            let Some((width, _)) = widest else { break };
            *width -= 1;
            total -= 1;
        }
        widths
    }
}

// === impl Page ===

impl Page {
    pub(crate) const fn new(colours: bool, width: usize) -> Self {
        Self { colours, width, text: String::new() }
    }

    /// A line of its own, wrapped between words.
    pub(crate) fn line(&mut self, text: &str) {
        self.wrapped(text, 0, Tone::Plain);
    }

    /// The same in a tone.
    pub(crate) fn said(&mut self, text: &str, tone: Tone) {
        self.wrapped(text, 0, tone);
    }

    /// A line that is never wrapped: a command to copy, a secret that is shown once.
    pub(crate) fn verbatim(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A name and what it stands for; nothing where there is nothing to say.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Cell>) {
        const NAMES: usize = 16;
        let cell = value.into();
        if cell.text.is_empty() {
            return;
        }
        let name = padded(name, NAMES, false);
        self.text.push_str(&painted(&name, Tone::Dim, self.colours));
        let room = self.width.saturating_sub(NAMES).max(NARROWEST);
        for (at, line) in folded(&cell.text, room).iter().enumerate() {
            if at > 0 {
                self.text.push_str(&" ".repeat(NAMES));
            }
            self.text.push_str(&painted(line, cell.tone, self.colours));
            self.text.push('\n');
        }
    }

    pub(crate) fn table(&mut self, table: &Table) {
        let widths = table.widths(self.width);
        let heads = table.heads.iter().map(|it| Cell::new(head(it).0, Tone::Dim)).collect();
        for row in std::iter::once(&heads).chain(&table.rows) {
            let mut line = String::new();
            let last = row.len().saturating_sub(1);
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let right = table.heads.get(at).is_some_and(|it| head(it).1);
                let mut text = cut(&cell.text, *width);
                if right || at < last {
                    text = padded(&text, *width, right);
                }
                line.push_str(&painted(&text, cell.tone, self.colours));
                if at < last {
                    line.push_str(&" ".repeat(GAP));
                }
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn wrapped(&mut self, text: &str, indent: usize, tone: Tone) {
        for line in folded(text, self.width.saturating_sub(indent)) {
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(&painted(&line, tone, self.colours));
            self.text.push('\n');
        }
    }
}

/// A head without its mark, and whether numbers stand below it.
fn head(text: &str) -> (&str, bool) {
    let text = text.trim_start_matches('!');
    text.strip_prefix('>').map_or((text, false), |it| (it, true))
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let room = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{room}{text}") } else { format!("{text}{room}") }
}

/// The text, or as much of it as fits and `…`. Control characters could move the cursor: they are
/// left out.
fn cut(text: &str, width: usize) -> String {
    let text: String = text.chars().filter(|it| !it.is_control()).collect();
    if text.width() <= width {
        return text;
    }
    // Letters change each other's width: what counts is that of the text, not the sum of theirs.
    let ends = text.char_indices().map(|(at, it)| at + it.len_utf8());
    let parts = ends.filter_map(|end| text.get(..end));
    let kept = parts.take_while(|it| it.width() < width).last().unwrap_or_default();
    format!("{kept}…")
}

/// Lines no wider than that, broken between words where there are any.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().filter(|it| !it.is_control()));
        }
        lines.push(line);
    }
    lines
}

fn painted(text: &str, tone: Tone, colours: bool) -> String {
    let code = match tone {
        Tone::Plain => return text.to_owned(),
        _ if !colours => return text.to_owned(),
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "31",
        Tone::Dim => "2",
        Tone::Strong => "1",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(rows: &[[&str; 3]], width: usize) -> String {
        let mut table = Table::new(&["NAME", "STATUS", ">USES"]);
        for row in rows {
            table.row(row.iter().map(|it| Cell::from(*it)));
        }
        let mut page = Page::new(false, width);
        page.table(&table);
        page.into_text()
    }

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let text = shown(&[["Team", "healthy", "7"], ["团队", "cooling", "1024"]], 80);
        assert_eq!(text, "NAME  STATUS   USES\nTeam  healthy     7\n团队  cooling  1024\n");
    }

    #[test]
    fn colours_are_there_only_where_they_are_wanted() {
        for (colours, wanted) in [(false, "ok\n"), (true, "\u{1b}[32mok\u{1b}[0m\n")] {
            let mut page = Page::new(colours, 80);
            page.said("ok", Tone::Good);
            assert_eq!(page.into_text(), wanted);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_terminal(
            cells in proptest::collection::vec(("\\PC{0,60}", "\\PC{0,30}", "[0-9]{0,9}"), 0..8),
            width in 20_usize..120,
        ) {
            let rows: Vec<[&str; 3]> =
                cells.iter().map(|(a, b, c)| [a.as_str(), b.as_str(), c.as_str()]).collect();
            for line in shown(&rows, width).lines() {
                prop_assert!(line.width() <= width, "{line:?} is wider than {width}");
            }
        }

        #[test]
        fn folding_loses_no_word(text in "[a-z]{1,9}( [a-z]{1,9}){0,30}", width in 10_usize..80) {
            let lines = folded(&text, width);
            prop_assert_eq!(lines.join(" "), text);
            prop_assert!(lines.iter().all(|it| it.width() <= width));
        }
    }
}
