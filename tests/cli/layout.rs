//! What every command has in common: help, width, colours, streams.

use std::process::Stdio;

use droid_provider::cli::tree;
use unicode_width::UnicodeWidthStr as _;

use super::kit::{Home, finish};

/// Every command there is, by its path.
fn paths(command: &clap::Command, at: &[String], found: &mut Vec<Vec<String>>) {
    for sub in command.get_subcommands().filter(|it| it.get_name() != "help") {
        let path: Vec<String> = at.iter().cloned().chain([sub.get_name().to_owned()]).collect();
        paths(sub, &path, found);
        found.push(path);
    }
}

fn all() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    paths(&tree(), &[], &mut found);
    assert!(found.len() > 30, "{found:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_explains_itself_within_80_columns() {
    let home = Home::new().await;
    for path in all() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let said = home.run(&arguments).ok();
        assert!(said.stdout.contains("Usage: "), "{path:?}: {}", said.stdout);
        // Examples hold real paths; everything else is wrapped.
        let prose = said.stdout.split("\nExample").next().unwrap_or_default();
        if let Some(line) = prose.lines().find(|it| it.width() > 80) {
            panic!("{path:?}: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_do_something_show_an_example() {
    let home = Home::new().await;
    for sub in tree().get_subcommands().filter(|it| it.get_name() != "help") {
        let said = home.run(&[sub.get_name(), "--help"]).ok();
        assert!(said.stdout.contains("Example"), "{}: {}", sub.get_name(), said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_option_is_a_usage_error_of_every_command() {
    let home = Home::new().await;
    for path in all() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--no-such-option");
        home.run(&arguments).failed(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_fit_and_nothing_is_coloured_where_nobody_looks() {
    let home = Home::new().await;
    let long = "团队".repeat(40) + &"x".repeat(60);
    home.pool(&long, &["fk-canary-0123456789aaaa", "fk-canary-0123456789bbbb"]);
    for arguments in [
        &["accounts", "list"][..],
        &["keys", "list", &long],
        &["models"],
        &["explain"],
        &["test"],
        &["usage", "--by", "account"],
        &["info"],
    ] {
        let said = home.run(arguments).ok();
        for line in said.stdout.lines() {
            assert!(line.width() <= 80 || line.contains("https://"), "{arguments:?}: {line}");
        }
        assert!(!said.stdout.contains('\x1b'), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_arguments_and_without_a_terminal_it_is_the_plugin() {
    let home = Home::new().await;
    let call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    for arguments in [&[][..], &["--json-rpc"]] {
        let mut command = home.command(arguments);
        let said = finish(command.stdin(Stdio::piped()), call).ok();
        assert_eq!(said.stdout, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n", "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_manual_are_made_from_the_tree() {
    let home = Home::new().await;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = home.run(&["completions", shell]).ok();
        assert!(said.stdout.contains("add-keys"), "{shell}");
    }
    home.run(&["completions", "csh"]).failed(2);
    let said = home.run(&["man"]).ok();
    assert!(said.stdout.contains(".TH droid-provider-cli 1"), "{}", said.stdout);
    home.run(&["man", "--out", "pages"]).ok();
    assert!(home.path().join("pages/droid-provider-cli-accounts-add-keys.1").is_file());
}
