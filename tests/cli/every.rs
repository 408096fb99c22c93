//! Every command of the tree, by a table: it works, says so in JSON of one shape, and fails with the
//! code that scripts go by. A command without a row fails here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use droid_provider::cli::tree;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::kit::{Home, MODEL};

/// A command, and what is expected of it in [`settled`]'s home.
struct Row {
    /// As it is typed, without the program.
    path: &'static str,
    /// Further arguments with which it works, or the test that shows it working.
    works: Works,
    /// Further arguments that are a usage error.
    usage: &'static str,
    /// Further arguments that name what is not there; none where nothing can be named.
    missing: Option<&'static str>,
    /// Further arguments for which somebody has to sign in first; none where nobody ever has.
    needs_login: Option<&'static str>,
}

enum Works {
    /// With these arguments and this on stdin; the fields of the answer, or of its first element.
    With(&'static str, &'static str, &'static str),
    /// It waits for somebody: that test plays them.
    Shown(&'static str),
}

use Works::{Shown, With};

const fn row(path: &'static str, works: Works, usage: &'static str) -> Row {
    Row { path, works, usage, missing: None, needs_login: None }
}

// === impl Row ===

impl Row {
    const fn missing(mut self, arguments: &'static str) -> Self {
        self.missing = Some(arguments);
        self
    }

    const fn needs_login(mut self, arguments: &'static str) -> Self {
        self.needs_login = Some(arguments);
        self
    }

    fn arguments(&self, more: &'static str) -> Vec<&'static str> {
        self.path.split(' ').chain(more.split_whitespace()).collect()
    }
}

const KEYS: [&str; 3] =
    ["fk-canary-0123456789aaaa", "fk-canary-0123456789bbbb", "fk-canary-0123456789cccc"];

/// The fields of a pool, of an account that is signed in, and of a client key.
macro_rules! fields {
    (pool) => {
        "auth_type created_at credential_id enabled endpoint_type groups has_proxy health id \
         key_strategy keys max_concurrency name priority revision schedulable status tokens_used \
         uses"
    };
    (client_key) => {
        "limits models name requests revision status tail tokens_used"
    };
}
const POOL: &str = fields!(pool);
const POOLS: &str = concat!("[] ", fields!(pool));
const SIGNED_IN: &str = "auth_type created_at credential_id enabled endpoint_type expires_at groups has_proxy health \
     id last_refresh_at max_concurrency name organization_id owner_email owner_name priority \
     revision schedulable status tokens_used user_id uses";
const CLIENT_KEY: &str =
    concat!("binding cost created_at enabled id in_flight ", fields!(client_key));
const CLIENT_KEYS: &str =
    concat!("[] binding cost created_at enabled id in_flight ", fields!(client_key));
const NEW_CLIENT_KEY: &str =
    concat!("binding cost created_at enabled id in_flight key ", fields!(client_key));

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("login", Shown("login_without_a_terminal_tells_link_and_code"), "--port x").missing("--account nobody"),
    row("accounts list", With("", "", POOLS), "more"),
    row("accounts show", With("Team", "", POOL), "").missing("nobody"),
    row("accounts add-keys", With("--name Team", KEYS[2], "added created credential_id duplicates id keys malformed name"), "--name Team --priority 101"),
    row("accounts add-token", Shown("a_pasted_token_is_verified_and_one_that_is_dead_is_not_kept"), "--name Other")
        .missing("--replace nobody").needs_login("--name Other"),
    row("accounts edit", With("Team --priority 7", "", POOL), "Team").missing("nobody --priority 7"),
    row("accounts enable", With("Team", "", POOL), "").missing("nobody"),
    row("accounts disable", With("Team", "", POOL), "").missing("nobody"),
    row("accounts refresh", With("Mine", "", SIGNED_IN), "Team").missing("nobody").needs_login("Gone"),
    row("accounts reset", With("Team", "", POOL), "").missing("nobody"),
    row("accounts delete", With("Team --yes", "", "deleted"), "Team").missing("nobody --yes"),
    row("accounts test", With("Team", "", "ok results"), "Team --all").missing("nobody").needs_login("Gone"),
    row("keys list", With("Team", "", "[] created_at id status tail tokens_used uses"), "Mine").missing("nobody"),
    row("keys add", With("Team", KEYS[2], "added duplicates keys removed"), "Mine").missing("nobody"),
    row("keys remove", With("Team aaaa --yes", "", "added duplicates keys removed"), "Team aaaa").missing("Team zzzz --yes"),
    row("keys prune", With("Team --yes", "", "keys removed"), "Team").missing("nobody --yes"),
    row("keys enable", With("Team aaaa", "", "keys"), "Team").missing("Team zzzz"),
    row("keys disable", With("Team aaaa", "", "keys"), "Team").missing("Team zzzz"),
    row("keys test", With("Team", "", "ok results"), "Team --all").missing("nobody").needs_login("Gone"),
    row("groups list", With("", "", "[] accounts created_at id name priority revision strategy"), "more"),
    row("groups save", With("day --priority 2", "", "accounts created_at id name priority revision strategy"), "day --strategy luck"),
    row("groups delete", With("night --yes", "", "deleted"), "night").missing("day --yes"),
    row("client-keys create", With("--name phone", "", NEW_CLIENT_KEY), "").missing("--name x --bind nobody"),
    row("client-keys list", With("", "", CLIENT_KEYS), "more"),
    row("client-keys show", With("laptop", "", CLIENT_KEY), "").missing("nobody"),
    row("client-keys edit", With("laptop --daily-tokens 1000", "", CLIENT_KEY), "laptop --enabled maybe").missing("nobody --enabled true"),
    row("client-keys rotate", With("laptop --yes", "", NEW_CLIENT_KEY), "laptop").missing("nobody --yes"),
    row("client-keys delete", With("laptop --yes", "", "deleted"), "laptop").missing("nobody --yes"),
    row("models", With("", "", "[] aliases api_provider context_length display_name endpoint_type family id reasoning supports_tools supports_vision"), "a b").missing("no-such-family"),
    row("usage", With("", "", "rows total"), "--since yesterday").missing("--account nobody"),
    row("test", With("Team", "", "ok results"), "Team --all").missing("nobody").needs_login("Gone"),
    row("explain", With(MODEL, "", "accounts endpoint_type model"), "--group a --account b").missing("--account nobody"),
    row("validate", With("Mine", "", "details message valid"), "").missing("nobody").needs_login("Gone"),
    row("refresh", With("Mine", "", SIGNED_IN), "Team").missing("nobody").needs_login("Gone"),
    row("import", With("keys.txt", "", "added blanked dry_run format known lines merged skipped"), "broken.json").missing("nothing.json"),
    row("export", With("out.export", "correct horse battery", "accounts file keys sealed"), ""),
    row("backup", With("copy.db", "", "bytes file key_file"), "keys.txt"),
    row("restore", With("monday.db --yes", "", "accounts before newer_tokens_kept"), "monday.db").missing("nothing.db --yes"),
    row("rekey", With("", "", "encryption secrets"), "--passphrase"),
    row("doctor", Shown("all_is_well_where_it_is"), "more"),
    row("serve", Shown("from_an_empty_home_to_an_answered_request"), "--listen nowhere"),
    row("ready", Shown("from_an_empty_home_to_an_answered_request"), "--url nowhere"),
    row("demo", With("", "", "ok steps"), "--stay --json"),
    row("setup", With("codex", "", "backup client file key_kept url"), "emacs").missing("codex --undo"),
    row("install-plugin", With("--folder plugins", "", "binary config_kept folder ui"), "--ui nothing"),
    row("info", With("", "", "info status"), "more"),
    row("completions", With("bash", "", "script shell"), "csh"),
    row("man", With("--out pages", "", "folder"), "more"),
];

/// A home in which there is one of each: a pool, an account that is signed in, one that is not any
/// more, a group, a client key, files to read.
async fn settled() -> Home {
    let home = Home::new().await;
    home.pool("Team", &KEYS[..2]);
    home.fake.add_key(KEYS[2]);
    for name in ["Mine", "Gone"] {
        let minted = home.fake.mint_account();
        home.run_with(&["accounts", "add-token", "--name", name], &minted.refresh_token).ok();
        if name == "Gone" {
            home.fake.revoke(&minted.refresh_token);
            home.run(&["refresh", "Gone"]).failed(4);
        }
    }
    home.run(&["groups", "save", "night"]).ok();
    home.run(&["client-keys", "create", "--name", "laptop"]).ok();
    home.run(&["backup", "monday.db"]).ok();
    std::fs::write(home.path().join("keys.txt"), KEYS[2]).unwrap();
    std::fs::write(home.path().join("broken.json"), "{").unwrap();
    home
}

/// The leaves of the tree, as they are typed.
fn leaves(command: &clap::Command, at: &str, found: &mut BTreeSet<String>) {
    for sub in command.get_subcommands().filter(|it| it.get_name() != "help") {
        let path = format!("{at} {}", sub.get_name()).trim_start().to_owned();
        if sub.has_subcommands() {
            leaves(sub, &path, found);
        } else {
            found.insert(path);
        }
    }
}

/// The fields of an answer, or of its first element.
fn shape(value: &Value) -> String {
    let (mark, fields) = match value {
        Value::Array(list) => ("[] ", list.first().and_then(Value::as_object)),
        other => ("", other.as_object()),
    };
    let names: Vec<&str> = fields.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    format!("{mark}{}", names.join(" "))
}

#[test]
fn every_command_has_a_row_and_no_row_is_left_over() {
    let mut found = BTreeSet::new();
    leaves(&tree(), "", &mut found);
    let rows: BTreeSet<String> = ROWS.iter().map(|it| it.path.to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a command has two rows");
    assert_eq!(rows, found);
    let tests = [
        include_str!("accounts.rs"),
        include_str!("client_keys.rs"),
        include_str!("doctor.rs"),
        include_str!("terminal.rs"),
    ];
    for row in ROWS {
        if let Shown(name) = row.works {
            let is_there = tests.iter().any(|it| it.contains(&format!("fn {name}()")));
            assert!(is_there, "{}: there is no test {name}", row.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_for_a_person_and_for_a_program() {
    let mut problems = String::new();
    for row in ROWS {
        let With(more, stdin, wanted) = row.works else { continue };
        let mut arguments = row.arguments(more);
        let home = settled().await;
        let said = home.run_with(&arguments, stdin);
        if (said.code, said.stderr.as_str()) != (Some(0), "") || said.stdout.is_empty() {
            writeln!(problems, "{arguments:?}: {said:?}").unwrap();
        }
        let is_text_for_others = row.path == "completions";
        for line in said.stdout.lines().filter(|_| !is_text_for_others) {
            let is_path = line.contains(&*home.path().to_string_lossy()) || line.contains("://");
            if line.contains('\x1b') || (line.width() > 80 && !is_path) {
                writeln!(problems, "{arguments:?}: {line}").unwrap();
            }
        }
        // What it changed must not be in the way of doing it again.
        let home = settled().await;
        arguments.push("--json");
        let said = home.run_with(&arguments, stdin);
        let answer = serde_json::from_str::<Value>(&said.stdout).map(|it| shape(&it));
        if said.code != Some(0) || !answer.as_ref().is_ok_and(|it| it == wanted) {
            writeln!(problems, "{arguments:?}: {answer:?} {}", said.stderr).unwrap();
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_tells_by_its_code_why_it_failed() {
    let home = settled().await;
    let mut problems = String::new();
    for row in ROWS {
        let cases = [
            (Some(row.usage), 2, "usage invalid"),
            (row.missing, 3, "not_found"),
            (row.needs_login, 4, "needs_login"),
        ];
        for (more, code, kinds) in cases {
            let Some(more) = more else { continue };
            let mut arguments = row.arguments(more);
            // A dead refresh token, where one is asked for.
            let stdin = if row.path == "accounts add-token" && code != 2 { "dead" } else { "" };
            let said = home.run_with(&arguments, stdin);
            // That an account is not accepted is an answer of the commands that ask for it.
            let tells = |it: &str| said.stdout.contains(it);
            let is_answer = code == 4 && (tells("sign-in is needed") || tells("needs login"));
            let is_told = is_answer || said.stderr.starts_with("error: ");
            if said.code != Some(code) || !is_told {
                writeln!(problems, "{arguments:?}, {code}: {said:?}").unwrap();
            }
            if !arguments.contains(&"--json") {
                arguments.push("--json");
            }
            let said = home.run_with(&arguments, stdin);
            let error = serde_json::from_str::<Value>(&said.stdout).unwrap_or_default();
            let kind = error["error"]["kind"].as_str().or(error["results"][0]["class"].as_str());
            let kind = kind.or(is_answer.then_some("needs_login")).unwrap_or("none");
            if said.code != Some(code) || !kinds.split(' ').any(|it| it == kind) {
                writeln!(problems, "{arguments:?}, {code}, {kind}: {said:?}").unwrap();
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn a_command_that_names_something_has_a_row_for_its_absence() {
    const NAMED: [&str; 4] = ["account", "key", "keys", "file"];
    // What these name is made by them.
    const MAKING: [&str; 2] = ["export", "backup"];
    for row in ROWS.iter().filter(|it| !MAKING.contains(&it.path)) {
        let mut command = tree();
        for name in row.path.split(' ') {
            command = command.find_subcommand(name).unwrap().clone();
        }
        let names = command.get_positionals().any(|it| NAMED.contains(&it.get_id().as_str()));
        assert!(!names || row.missing.is_some(), "{}", row.path);
    }
}
