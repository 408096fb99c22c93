//! The book in docs/.
//!
//! Owns: that its contents name every page once, that links and anchors lead somewhere and stay in
//! the book, that code says its language, and that files which are named are there.
//! Must not know: what the pages say.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{self, File};

const CONTENTS: &str = "docs/SUMMARY.md";
/// Top folders whose files pages name in backquotes.
const NAMED: [&str; 7] =
    ["docs/", "packaging/", "plugin/", "src-tauri/", "src/", "tests/", ".github/"];

fn documents() -> Vec<File> {
    tree::all().into_iter().filter(|it| it.path.ends_with(".md")).collect()
}

fn pages() -> Vec<File> {
    documents().into_iter().filter(|it| it.path.starts_with("docs/")).collect()
}

#[test]
fn the_contents_name_every_page_once() {
    let contents = tree::read(CONTENTS);
    let listed: Vec<String> = links(&contents).map(|it| format!("docs/{it}")).collect();
    let once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    let there: BTreeSet<String> = pages().into_iter().map(|it| it.path).collect();
    let orphans: Vec<String> = there
        .iter()
        .filter(|it| *it != CONTENTS && !once.contains(it))
        .map(|it| format!("{it} is not in {CONTENTS}"))
        .chain(listed.iter().filter(|it| !there.contains(*it)).map(|it| format!("no {it}")))
        .collect();
    tree::none(&orphans);
}

#[test]
fn links_stay_in_the_book_and_lead_to_headings_that_are_there() {
    let headings: BTreeMap<String, BTreeSet<String>> =
        documents().into_iter().map(|it| (it.path, anchors(&it.text))).collect();
    let mut problems = Vec::new();
    for file in documents() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = without_code(&file.text);
        for link in links(&text).filter(|it| !it.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.path.clone() } else { resolved(folder, path) };
            if file.path.starts_with("docs/") && !target.starts_with("docs/") {
                problems.push(format!("{}: {link} is not in the book", file.path));
            }
            let known = headings.get(&target);
            if !anchor.is_empty() && !known.is_some_and(|it| it.contains(anchor)) {
                problems.push(format!("{}: {link}: there is no such heading", file.path));
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn code_says_its_language() {
    let mut problems = Vec::new();
    let read = |it: &File| it.path.starts_with("docs/") || it.path.starts_with("README");
    for file in documents().iter().filter(|it| read(it)) {
        let mut is_code = false;
        for (n, line) in file.text.lines().enumerate().filter(|(_, it)| it.starts_with("```")) {
            is_code = !is_code;
            if is_code && line == "```" {
                problems.push(format!("{}:{}: name the language", file.path, n + 1));
            }
        }
        assert!(!is_code, "{}: a block does not end", file.path);
    }
    tree::none(&problems);
}

#[test]
fn files_that_are_named_are_there() {
    let mut problems = Vec::new();
    for file in pages() {
        let text = without_code(&file.text);
        for name in text.split('`').skip(1).step_by(2) {
            let is_path = NAMED.iter().any(|it| name.starts_with(it))
                && name.chars().all(|it| it.is_ascii_alphanumeric() || "/._-".contains(it));
            let is_made = name.starts_with("plugin/dist");
            // The pure package is named from its own folder, too.
            let is_there = tree::root().join(name).exists()
                || tree::root().join("src-tauri/protocol").join(name).exists();
            if is_path && !is_made && !is_there {
                problems.push(format!("{}: there is no {name}", file.path));
            }
        }
    }
    tree::none(&problems);
}

/// What stands in `](...)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(|(at, mark)| text[at + mark.len()..].split(')').next())
}

/// The text with empty lines in place of blocks of code.
fn without_code(text: &str) -> String {
    let mut is_code = false;
    let mut rest = String::new();
    for line in text.lines() {
        let fence = line.starts_with("```");
        is_code ^= fence;
        rest.push_str(if is_code || fence { "" } else { line });
        rest.push('\n');
    }
    rest
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut anchors = BTreeSet::new();
    for line in without_code(text).lines() {
        let Some(heading) = line.trim_start_matches('#').strip_prefix(' ') else { continue };
        if !line.starts_with('#') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept: String = kept
            .chars()
            .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'))
            .map(|it| if it == ' ' { '-' } else { it })
            .collect();
        let n = seen.entry(kept.clone()).or_default();
        anchors.insert(if *n == 0 { kept } else { format!("{kept}-{n}") });
        *n += 1;
    }
    anchors
}

/// A path from the root.
fn resolved(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn anchors_are_made_as_they_are_shown() {
    let text =
        "# `list_models`\n## What is *not* here?\n```sh\n# no heading\n```\n## A, b\n## A, b\n";
    let wanted = ["a-b", "a-b-1", "list_models", "what-is-not-here"];
    assert_eq!(anchors(text), wanted.map(str::to_owned).into());
    assert_eq!(resolved("docs/quick-start", "../rpc.md"), "docs/rpc.md");
}
