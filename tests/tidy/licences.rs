//! Licences, banned packages, sources.
//!
//! Owns: holding what is built against the lists of deny.toml, so that they hold where
//! `cargo deny` is not installed.
//! Must not know: which licences are good: deny.toml has them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::tree;

/// The strings of a list in deny.toml, e.g. `allow` of `[licenses]`.
fn list(section: &str, key: &str) -> Vec<String> {
    let text = tree::read("deny.toml");
    let section = text.split(&format!("[{section}]")).nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let list = section.split(&format!("\n{key} = [")).nth(1).unwrap_or_default();
    let list = list.split("\n]").next().unwrap_or_default();
    let found: Vec<String> = list
        .lines()
        .filter_map(|it| Some(it.split('#').next()?.split('"').nth(1)?.to_owned()))
        .collect();
    assert!(!found.is_empty(), "deny.toml has no [{section}] {key}");
    found
}

/// Name and source of each package of the lock file, for every platform.
fn locked() -> Vec<(String, Option<String>)> {
    let lock = tree::read("Cargo.lock");
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|it| it.strip_prefix(&format!("{key} = \"")));
        line.map(|it| it.trim_end_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages.map(|it| (value(it, "name").expect("a name"), value(it, "source"))).collect()
}

#[test]
fn no_banned_package_is_locked() {
    let banned = list("bans", "deny");
    let found: Vec<String> =
        locked().into_iter().map(|(name, _)| name).filter(|it| banned.contains(it)).collect();
    tree::none(&found);
}

#[test]
fn packages_come_from_one_registry_and_from_here() {
    let ours = ["droid-protocol", "droid-provider", "droid-testbed"];
    let mut registries = BTreeSet::new();
    let mut strange = Vec::new();
    for (name, source) in locked() {
        match source {
            Some(source) if source.starts_with("registry+") => {
                registries.insert(source);
            }
            Some(source) => strange.push(format!("{name}: {source}")),
            None if ours.contains(&name.as_str()) => {}
            None => strange.push(format!("{name}: a package of this folder nobody listed")),
        }
    }
    assert_eq!(registries.len(), 1, "{registries:?}");
    tree::none(&strange);
}

#[test]
fn every_licence_is_allowed() {
    let allowed = list("licenses", "allow");
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    let packages = metadata();
    for package in packages["packages"].as_array().into_iter().flatten() {
        let licence = package["license"].as_str().unwrap_or("none");
        if !fits(licence, &allowed) {
            problems.push(format!("{}: {licence}", package["name"]));
        }
    }
    tree::none(&problems);
}

/// What this machine's build uses; nothing is fetched.
fn metadata() -> Value {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|it| it.strip_prefix("host: ")).expect("a host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", host])
        .current_dir(tree::root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Whether one way to read an SPDX expression is allowed.
fn fits(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any(&words, &mut at, allowed) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut fits = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        fits |= both(words, at, allowed);
    }
    fits
}

fn both(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut fits = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        fits &= one(words, at, allowed);
    }
    fits
}

fn one(words: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let fits = any(words, at, allowed);
        *at += 1;
        return fits;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name.as_str())
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND GPL-2.0", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("none", false),
    ] {
        assert_eq!(fits(expression, &["MIT", "ISC", "Apache-2.0"]), expected, "{expression}");
    }
}
