//! The commands that documents tell people to run.
//!
//! Owns: that each `make` target and test binary named there exists, and that links lead somewhere.
//! Must not know: what the commands do.

use std::collections::BTreeSet;

use super::tree::{self, File};

fn documents() -> Vec<File> {
    let told = |it: &File| {
        it.path.ends_with(".md") || it.path.ends_with(".yml") || it.path.starts_with(".ci/")
    };
    tree::all().into_iter().filter(told).collect()
}

fn targets() -> BTreeSet<String> {
    let makefile = tree::read("Makefile");
    let rules = makefile.lines().filter(|it| it.starts_with(|c: char| c.is_ascii_lowercase()));
    let names = rules.filter_map(|it| Some(it.split_once(':')?.0.trim().to_owned()));
    names.filter(|it| it.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect()
}

#[test]
fn every_make_target_that_is_told_exists() {
    let targets = targets();
    let mut problems = Vec::new();
    let mut told = BTreeSet::new();
    for file in documents() {
        for mark in ["`make ", "\nmake ", " make ", "run: make "] {
            for (at, _) in file.text.match_indices(mark) {
                let rest = &file.text[at + mark.len()..];
                let name: String =
                    rest.chars().take_while(|it| it.is_ascii_lowercase() || *it == '-').collect();
                let is_command = !mark.starts_with(' ') || file.path.starts_with(".ci/");
                if is_command && !name.is_empty() && !targets.contains(&name) {
                    problems.push(format!("{}: there is no `make {name}`", file.path));
                }
                told.insert(name);
            }
        }
    }
    for wanted in ["demo", "test"] {
        assert!(targets.contains(wanted) && told.contains(wanted), "make {wanted}");
    }
    tree::none(&problems);
}

#[test]
fn every_test_binary_that_is_told_exists() {
    let mut problems = Vec::new();
    for file in documents() {
        for (at, mark) in file.text.match_indices("--test ") {
            let rest = &file.text[at + mark.len()..];
            let name: String =
                rest.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
            let root = tree::root().join("tests");
            let is_there = root.join(format!("{name}.rs")).is_file()
                || root.join(&name).join("main.rs").is_file();
            if !name.is_empty() && !is_there {
                problems.push(format!("{}: there is no test binary {name}", file.path));
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for file in documents().iter().filter(|it| it.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (at, mark) in file.text.match_indices("](") {
            let link = file.text[at + mark.len()..].split([')', '#']).next().unwrap_or_default();
            let outside = link.is_empty() || link.contains("://");
            if !outside && !tree::root().join(folder).join(link).exists() {
                problems.push(format!("{}: {link} is not there", file.path));
            }
        }
    }
    tree::none(&problems);
}
