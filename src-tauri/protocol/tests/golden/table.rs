//! Every field of every fixture is carried to each target, or a row of `docs/translation.md` says
//! what becomes of it.
//!
//! Owns: what counts as carried, and the reading of the table.
//! Must not know: how a field is translated.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use droid_protocol::dialect::Dialect;
use droid_protocol::translate::pair;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::support::{pairs, requests, root, streams, translate, wholes, wish};

/// A row: which fields of which dialect become what in which others.
#[derive(Debug)]
struct Row {
    from: Dialect,
    fields: Vec<String>,
    to: Vec<Dialect>,
    /// Names of [`droid_protocol::request::Loss`], one of which is told; none where nothing is.
    lost: Vec<String>,
}

/// One value of a document, by its path.
#[derive(Debug)]
struct Leaf {
    path: String,
    text: String,
}

/// What a translation made, to look values up in.
struct Made {
    /// Without white space and escapes.
    text: String,
    /// Each value by the last name of its path, in no spelling.
    named: BTreeSet<(String, String)>,
}

/// Members that are copied whole: not looked into.
const WHOLE: [&str; 7] = [
    "args",
    "parameters",
    "input_schema",
    "schema",
    "parametersJsonSchema",
    "parameters_json_schema",
    "responseJsonSchema",
];

/// Members that hold text, in pieces of any length.
const PIECES: [&str; 8] =
    ["arguments", "content", "delta", "input", "partialjson", "refusal", "text", "thinking"];

#[test]
fn every_field_of_a_request_is_carried_or_in_the_table() {
    let rows = rows("Requests");
    let mut check = Check::new(&rows);
    for (from, to) in pairs().filter(|(from, to)| from != to) {
        for (case, sent) in requests(from) {
            for body in [Some(&sent.body), sent.body_stream.as_ref()].into_iter().flatten() {
                let read = pair::read_request(from, body.get().as_bytes()).unwrap();
                let written = pair::write_request(to, &read).unwrap();
                let lost = written.losses.iter().map(|it| it.field).collect();
                let made = Made::of([std::str::from_utf8(&written.body).unwrap()]);
                check.document(&case, (from, to), body.get(), &made, Some(&lost));
            }
        }
    }
    check.finish();
}

#[test]
fn every_field_of_an_answer_is_carried_or_in_the_table() {
    let rows = rows("Answers");
    let mut check = Check::new(&rows);
    for (from, to) in pairs().filter(|(from, to)| from != to) {
        for fixture in wholes(from) {
            let body = pair::whole(from, to, &fixture.bytes, &wish(from)).unwrap().body;
            let made = Made::of([std::str::from_utf8(&body).unwrap()]);
            let text = std::str::from_utf8(&fixture.bytes).unwrap();
            check.document(&fixture.case, (from, to), text, &made, None);
        }
        for fixture in streams(from) {
            let stream = translate(from, to, [fixture.bytes.as_slice()]);
            let made = Made::of(frames(std::str::from_utf8(&stream.bytes).unwrap()));
            for frame in frames(std::str::from_utf8(&fixture.bytes).unwrap()) {
                check.document(&fixture.case, (from, to), frame, &made, None);
            }
        }
    }
    check.finish();
}

/// The JSON in a stream, or a body where there is none.
fn frames(text: &str) -> Vec<&str> {
    if text.starts_with(['{', '[']) {
        return vec![text];
    }
    let data = text.lines().filter_map(|it| it.strip_prefix("data: "));
    data.filter(|it| *it != "[DONE]").collect()
}

/// The rows under a heading of the document: `| from | field | to | becomes | lost |`.
fn rows(heading: &str) -> Vec<Row> {
    let path = root().join("../../../docs/translation.md");
    let text = fs::read_to_string(&path).unwrap();
    let part = text.split("\n## ").find(|it| it.starts_with(&format!("{heading}\n"))).unwrap();
    let lines = part.lines().filter(|it| it.starts_with("| ") && !it.starts_with("| from"));
    let rows: Vec<Row> = lines.map(Row::read).collect();
    assert!(rows.len() > 20, "{heading}: {}", rows.len());
    rows
}

/// Walks documents, and notes what is neither carried nor in a row.
struct Check<'a> {
    rows: &'a [Row],
    used: BTreeSet<usize>,
    missing: BTreeMap<(Dialect, String), (BTreeSet<Dialect>, String)>,
    problems: BTreeSet<String>,
}

// === impl Check ===

impl<'a> Check<'a> {
    const fn new(rows: &'a [Row]) -> Self {
        Self { rows, used: BTreeSet::new(), missing: BTreeMap::new(), problems: BTreeSet::new() }
    }

    fn document(
        &mut self,
        case: &str,
        (from, to): (Dialect, Dialect),
        document: &str,
        made: &Made,
        lost: Option<&BTreeSet<&str>>,
    ) {
        for leaf in leaves(document) {
            if made.carries(&leaf) {
                continue;
            }
            let rows = self.rows.iter().enumerate();
            let mut matched = rows.filter(|(_, row)| row.is_of(from, to, &leaf.path)).peekable();
            if matched.peek().is_none() {
                let missing = self.missing.entry((from, leaf.path)).or_default();
                missing.0.insert(to);
                missing.1 = format!("{case}: {:.40}", leaf.text);
                continue;
            }
            let matched: Vec<_> = matched.collect();
            self.used.extend(matched.iter().map(|it| it.0));
            let told = |row: &Row| {
                let lost = lost.is_none_or(|lost| row.lost.iter().any(|it| lost.contains(&**it)));
                row.lost.is_empty() || lost
            };
            if !matched.iter().any(|(_, row)| told(row)) {
                let names: Vec<_> = matched.iter().flat_map(|it| &it.1.lost).collect();
                self.problems.insert(format!(
                    "{from}/{case} to {to}: {} should be told as one of {names:?}, not {lost:?}",
                    leaf.path
                ));
            }
        }
        for name in lost.into_iter().flatten() {
            let rows = self.rows.iter().enumerate();
            let tells = rows.filter(|(_, row)| {
                row.from == from && row.to.contains(&to) && row.lost.iter().any(|it| it == name)
            });
            let tells: Vec<usize> = tells.map(|it| it.0).collect();
            if tells.is_empty() {
                self.problems.insert(format!("{from} to {to} loses {name}, in no row"));
            }
            self.used.extend(tells);
        }
    }

    fn finish(self) {
        let mut text: Vec<String> = self.problems.into_iter().collect();
        for ((from, path), (to, example)) in self.missing {
            let to: Vec<_> = to.iter().map(|it| it.as_str()).collect();
            text.push(format!("| {from} | `{path}` | {} | | | {example}", to.join(", ")));
        }
        for (at, row) in self.rows.iter().enumerate() {
            if !self.used.contains(&at) {
                text.push(format!("a row that no fixture needs: {row:?}"));
            }
        }
        assert!(
            text.is_empty(),
            "docs/translation.md, {} problems:\n{}",
            text.len(),
            text.join("\n")
        );
    }
}

// === impl Row ===

impl Row {
    fn read(line: &str) -> Self {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [from, fields, to, becomes, lost] = cells[..] else { panic!("not five cells: {line}") };
        assert!(!becomes.is_empty(), "a rule is missing: {line}");
        let dialect = |name: &str| {
            let found = Dialect::ALL.into_iter().find(|it| it.as_str() == name);
            found.unwrap_or_else(|| panic!("no dialect {name}: {line}"))
        };
        let from = dialect(from);
        let others = Dialect::ALL.into_iter().filter(|it| *it != from);
        let to = if to == "all" { others.collect() } else { to.split(", ").map(dialect).collect() };
        let list = |cell: &str| -> Vec<String> {
            cell.split(", ").map(|it| it.trim_matches('`').to_owned()).collect()
        };
        let lost = if lost == "-" { Vec::new() } else { list(lost) };
        Self { from, fields: list(fields), to, lost }
    }

    fn is_of(&self, from: Dialect, to: Dialect, path: &str) -> bool {
        let fits = self.from == from && self.to.contains(&to);
        fits && self.fields.iter().any(|it| matches(it, path))
    }
}

/// Whether a path is one of a pattern's: `*` stands for anything.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            let ends = path.char_indices().map(|it| it.0).chain([path.len()]);
            ends.into_iter().any(|at| matches(rest, path.get(at..).unwrap()))
        }),
    }
}

// === impl Made ===

impl Made {
    fn of<'a>(documents: impl IntoIterator<Item = &'a str>) -> Self {
        let mut named = BTreeSet::new();
        // The pieces of one text are that text.
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for document in documents {
            for Leaf { path, text } in leaves(document) {
                named.insert((name_of(&path), bare(&text)));
                texts.entry(path).or_default().push_str(&bare(&text));
            }
        }
        let text = texts.into_values().collect::<Vec<_>>().join(" ");
        Self { text, named }
    }

    /// A value that could be nothing else is found anywhere, a word is found as a value, and a flag
    /// or a short number only under its own name.
    fn carries(&self, leaf: &Leaf) -> bool {
        let text = bare(&leaf.text);
        let name = name_of(&leaf.path);
        if PIECES.contains(&name.as_str()) {
            return self.text.contains(&text);
        }
        let short = text.len() < 3 || matches!(text.as_str(), "true" | "false");
        let word =
            text.len() < 16 && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        if short {
            self.named.contains(&(name, text))
        } else if word {
            self.named.iter().any(|(_, value)| *value == text)
        } else {
            self.text.contains(&text)
        }
    }
}

/// Every value in a document with its path; places in lists are `[]`.
fn leaves(document: &str) -> Vec<Leaf> {
    let mut out = Vec::new();
    let raw: &RawValue = serde_json::from_str(document).unwrap();
    walk(raw, String::new(), &mut out);
    out
}

fn walk(value: &RawValue, path: String, out: &mut Vec<Leaf>) {
    let text = value.get();
    let whole = WHOLE.contains(&path.rsplit('.').next().unwrap_or_default())
        || (path.ends_with("input") && text.starts_with('{'));
    if text.starts_with('{') && !whole {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
        for (name, value) in members {
            let dot = if path.is_empty() { "" } else { "." };
            walk(value, format!("{path}{dot}{name}"), out);
        }
    } else if text.starts_with('[') && !whole {
        let items: Vec<&RawValue> = serde_json::from_str(text).unwrap();
        items.into_iter().for_each(|it| walk(it, format!("{path}[]"), out));
    } else {
        let said = match serde_json::from_str(text) {
            Ok(Value::String(said)) => said,
            _ => text.to_owned(),
        };
        // Nothing says nothing.
        if !said.is_empty() && !matches!(said.as_str(), "null" | "0") {
            out.push(Leaf { path, text: said });
        }
    }
}

/// Without white space and escapes: text within text is escaped once more each time.
fn bare(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace() && *it != '\\').collect()
}

/// The last name of a path in no spelling: `topP` and `top_p` are one.
fn name_of(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    last.chars().filter(|it| *it != '_').map(|it| it.to_ascii_lowercase()).collect()
}
