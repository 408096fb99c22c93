//! Who may import whom.
//!
//! Owns: the table, as data; ARCHITECTURE.md shows it, and a new row is a design decision.
//! Must not know: why a module needs another.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{code, docs, tree};

/// A module of one package and what it may use of the same package and of `droid_protocol`.
struct Row {
    module: &'static str,
    may: &'static [&'static str],
    must_not_know: &'static str,
}

const fn row(
    module: &'static str,
    may: &'static [&'static str],
    must_not_know: &'static str,
) -> Row {
    Row { module, may, must_not_know }
}

/// The pure package, `src-tauri/protocol`.
const PROTOCOL: &[Row] = &[
    row("dialect", &[], "accounts, models, HTTP"),
    row("event", &[], "dialects, framing, time"),
    row("fault", &[], "accounts, cool-downs, who asked"),
    row("wire", &[], "dialects, events, HTTP, tasks"),
    row("decode", &["dialect", "event", "wire"], "accounts, faults' consequences, time"),
    row("edit", &["dialect"], "accounts, streams, sockets"),
    row("session", &["dialect", "edit"], "accounts, stickiness, time"),
    row("request", &["dialect"], "dialects' field names, where a request goes"),
    row(
        "translate",
        &["decode", "dialect", "event", "fault", "request", "wire"],
        "accounts, sockets, time; one dialect's part never knows another's",
    ),
];

/// The root package, `src-tauri/src`; `p:` is `droid_protocol`.
const PROGRAM: &[Row] = &[
    row("clock", &[], "everything else"),
    row("ids", &[], "everything else"),
    row("secret", &[], "everything else"),
    row("signals", &[], "what has to end before the program may"),
    row("tasks", &[], "what the work is"),
    row("error", &["p:fault"], "faces, their codes"),
    row("files", &["error"], "what is in the files"),
    row("logging", &["config"], "what is logged"),
    row(
        "config",
        &["clock", "error", "files", "pool", "secret", "p:dialect", "p:edit"],
        "who uses it",
    ),
    row("models", &["config", "p:dialect"], "accounts, requests"),
    row("prices", &["config", "models", "p:event"], "who pays, what is kept"),
    row(
        "pool",
        &["clock", "config", "error", "ids", "secret", "p:dialect", "p:fault"],
        "bytes, decoders, SQL, HTTP, tasks; time is an argument",
    ),
    row("ports", &["clock", "error", "ids", "secret"], "who implements it, who calls it"),
    row("owner", &["clock", "error", "files", "ids"], "what owners own"),
    row(
        "store",
        &[
            "clock",
            "error",
            "files",
            "ids",
            "owner",
            "pool",
            "ports",
            "secret",
            "p:dialect",
            "p:event",
        ],
        "upstream, sign-in, faces",
    ),
    row("upstream", &["clock", "config", "error", "secret", "p:fault"], "accounts, what is sent"),
    row("metrics", &["store", "p:dialect"], "who asks for them, what a request said"),
    row(
        "oauth",
        &["clock", "config", "error", "ids", "ports", "secret", "upstream", "p:fault"],
        "the store, selection, faces",
    ),
    row(
        "outbound",
        &[
            "config",
            "error",
            "models",
            "secret",
            "p:dialect",
            "p:edit",
            "p:request",
            "p:session",
            "p:translate",
        ],
        "accounts, sending",
    ),
    row(
        "probe",
        &[
            "config",
            "error",
            "models",
            "outbound",
            "secret",
            "upstream",
            "p:decode",
            "p:dialect",
            "p:event",
            "p:fault",
        ],
        "accounts, the store",
    ),
    row(
        "broker",
        &[
            "clock",
            "config",
            "error",
            "ids",
            "models",
            "oauth",
            "outbound",
            "pool",
            "ports",
            "prices",
            "secret",
            "store",
            "p:dialect",
            "p:event",
            "p:fault",
            "p:session",
        ],
        "faces, SQL, how a token is refreshed",
    ),
    row(
        "relay",
        &[
            "broker",
            "client_keys",
            "clock",
            "config",
            "error",
            "ids",
            "metrics",
            "outbound",
            "pool",
            "prices",
            "secret",
            "store",
            "tasks",
            "upstream",
            "p:decode",
            "p:dialect",
            "p:event",
            "p:fault",
            "p:translate",
            "p:wire",
        ],
        "faces, HTTP servers, SQL, how an account is picked",
    ),
    row(
        "accounts",
        &[
            "broker",
            "clock",
            "config",
            "error",
            "ids",
            "oauth",
            "pool",
            "ports",
            "secret",
            "store",
            "upstream",
            "p:dialect",
            "p:fault",
        ],
        "faces, SQL",
    ),
    row(
        "trials",
        &[
            "broker",
            "clock",
            "config",
            "error",
            "ids",
            "outbound",
            "pool",
            "prices",
            "probe",
            "store",
            "upstream",
            "p:dialect",
            "p:event",
            "p:fault",
        ],
        "faces, SQL, the rules of the fault table",
    ),
    row(
        "client_keys",
        &["clock", "error", "ids", "models", "pool", "secret", "store", "p:event"],
        "faces, SQL, how a request is answered",
    ),
    row(
        "logins",
        &["accounts", "clock", "error", "ids", "oauth", "ports", "secret", "store"],
        "faces, SQL, HTTP",
    ),
    row(
        "doctor",
        &["accounts", "app", "clock", "config", "error", "pool", "secret", "upstream"],
        "faces, SQL, how anything is mended",
    ),
    row(
        "api",
        &[
            "accounts",
            "app",
            "broker",
            "client_keys",
            "clock",
            "config",
            "doctor",
            "error",
            "ids",
            "logging",
            "logins",
            "models",
            "oauth",
            "outbound",
            "pool",
            "ports",
            "probe",
            "secret",
            "store",
            "trials",
            "upstream",
            "p:decode",
            "p:dialect",
            "p:edit",
            "p:event",
            "p:fault",
            "p:request",
            "p:session",
            "p:translate",
        ],
        "faces, SQL, how an account is picked",
    ),
    row(
        "gateway",
        &[
            "api",
            "app",
            "client_keys",
            "clock",
            "config",
            "error",
            "files",
            "metrics",
            "models",
            "oauth",
            "pool",
            "relay",
            "secret",
            "signals",
            "tasks",
            "p:dialect",
            "p:fault",
            "p:translate",
        ],
        "JSON-RPC, SQL, how an account is picked",
    ),
    row("rpc", &["api", "app", "error", "p:fault"], "the gateway, what a method does"),
    row(
        "app",
        &[
            "accounts",
            "broker",
            "client_keys",
            "clock",
            "config",
            "error",
            "ids",
            "logins",
            "oauth",
            "owner",
            "secret",
            "store",
            "trials",
            "upstream",
        ],
        "what a face asks for",
    ),
    row(
        "demo",
        &["error", "upstream", "p:decode", "p:dialect", "p:event"],
        "the program: it plays the other sides of its connections",
    ),
    row(
        "cli",
        &[
            "accounts",
            "api",
            "app",
            "clock",
            "config",
            "demo",
            "doctor",
            "error",
            "files",
            "gateway",
            "logging",
            "oauth",
            "rpc",
            "secret",
            "signals",
            "store",
            "upstream",
            "p:dialect",
        ],
        "how anything is done: commands call the method table",
    ),
];

/// Packages that only these modules may use: what makes a module an adapter or a face.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("aes", &["store"]),
    ("axum", &["demo", "gateway"]),
    ("cbc", &["store"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("directories", &["config"]),
    ("env_logger", &["logging"]),
    ("hkdf", &["store"]),
    ("hmac", &["store"]),
    ("indicatif", &["cli"]),
    ("hyper", &["gateway", "upstream"]),
    ("hyper_rustls", &["upstream"]),
    ("hyper_util", &["gateway", "upstream"]),
    ("rustls_platform_verifier", &["upstream"]),
    ("jsonrpsee", &["api", "rpc"]),
    ("qrcode", &["cli"]),
    ("rand", &["clock"]),
    ("reqwest", &["oauth", "upstream"]),
    ("rpassword", &["cli"]),
    ("rusqlite", &["error", "store"]),
    ("scrypt", &["store"]),
    ("toml_edit", &["cli"]),
    ("ureq_proto", &["upstream"]),
    (
        "tokio",
        &[
            "accounts",
            "api",
            "app",
            "broker",
            "cli",
            "client_keys",
            "demo",
            "oauth",
            "probe",
            "rpc",
            "store",
            "upstream",
            "gateway",
            "relay",
            "signals",
            "tasks",
            "trials",
        ],
    ),
];

#[test]
fn imports_go_the_way_the_table_says() {
    let mut problems = Vec::new();
    let mut unused = Vec::new();
    for (folder, rows) in [("src-tauri/protocol/src/", PROTOCOL), ("src-tauri/src/", PROGRAM)] {
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        for file in tree::rust().into_iter().filter(|it| !it.is_test()) {
            let Some(inner) = file.path.strip_prefix(folder) else { continue };
            let module = module_of(inner);
            if ["lib", "main"].contains(&module) {
                continue;
            }
            let Some(row) = rows.iter().find(|it| it.module == module) else {
                problems.push(format!("{}: module `{module}` is in no row", file.path));
                continue;
            };
            for name in imports(inner, &file.text) {
                let is_module = name.starts_with("p:") || rows.iter().any(|it| it.module == name);
                if name == module || !is_module {
                    continue;
                }
                if !row.may.contains(&name.as_str()) {
                    problems.push(format!("{}: `{module}` may not import `{name}`", file.path));
                }
                seen.insert((module.to_owned(), name));
            }
        }
        for row in rows {
            let used = |it: &&str| seen.contains(&(row.module.to_owned(), (*it).to_owned()));
            unused.extend(row.may.iter().filter(|it| !used(it)).map(|it| (row.module, *it)));
        }
    }
    for (module, name) in unused {
        println!("`{module}` need no longer be allowed to import `{name}`");
    }
    tree::none(&problems);
}

#[test]
fn packages_are_used_where_they_belong() {
    let mut problems = Vec::new();
    for file in tree::rust().into_iter().filter(|it| !it.is_test()) {
        let Some(inner) = file.path.strip_prefix("src-tauri/src/") else { continue };
        let module = module_of(inner);
        for (package, modules) in OUTSIDE {
            let uses = !code::imported(&file.text, package).is_empty();
            if uses && !modules.contains(&module) {
                problems.push(format!("{}: `{module}` may not use {package}", file.path));
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn the_pure_package_depends_on_nothing_that_waits() {
    let manifest = tree::read("src-tauri/protocol/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    for name in ["tokio", "log", "reqwest", "rusqlite", "axum", "futures", "rand"] {
        assert!(!dependencies.lines().any(|it| it.starts_with(name)), "droid-protocol uses {name}");
    }
}

#[test]
fn a_dialect_does_not_know_another_one() {
    let dialects = ["anthropic", "chat", "gemini", "responses"];
    let mut problems = Vec::new();
    for file in tree::rust().into_iter().filter(|it| !it.is_test()) {
        for part in ["decode", "edit", "translate"] {
            let Some(inner) = file.path.strip_prefix(&format!("src-tauri/protocol/src/{part}/"))
            else {
                continue;
            };
            let Some(own) = dialects.iter().find(|it| module_of(inner) == **it) else { continue };
            for other in dialects.iter().filter(|it| *it != own) {
                let path = format!("::{other}::");
                let known = code::lines(&file.text).any(|(_, line)| line.contains(&path));
                if known {
                    problems.push(format!("{}: knows `{other}`", file.path));
                }
            }
        }
    }
    tree::none(&problems);
}

#[test]
fn the_architecture_shows_the_table() {
    let mut text = String::from("| module | may import | must not know |\n|---|---|---|\n");
    let show = |names: &[&str]| {
        let names: Vec<String> =
            names.iter().map(|it| format!("`{}`", it.replace("p:", "protocol::"))).collect();
        if names.is_empty() { "nothing of ours".to_owned() } else { names.join(", ") }
    };
    for (prefix, rows) in [("protocol::", PROTOCOL), ("", PROGRAM)] {
        for Row { module, may, must_not_know } in rows {
            writeln!(text, "| `{prefix}{module}` | {} | {must_not_know} |", show(may)).unwrap();
        }
    }
    text.push_str("\n| package | used only by |\n|---|---|\n");
    for (package, modules) in OUTSIDE {
        writeln!(text, "| {package} | {} |", show(modules)).unwrap();
    }
    docs::section_is("ARCHITECTURE.md", "imports", &text);
}

/// The modules a file names, `p:` before those of `droid_protocol`.
fn imports(path: &str, text: &str) -> Vec<String> {
    let mut names = code::imported(text, "crate");
    // In a file at the top, `super` is the package.
    if !path.contains('/') {
        names.extend(code::imported(text, "super"));
    }
    names.extend(code::imported(text, "droid_protocol").iter().map(|it| format!("p:{it}")));
    names
}

/// The top module a file belongs to, from its path below `src`.
fn module_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}
