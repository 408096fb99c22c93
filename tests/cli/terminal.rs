//! At a terminal: sign-in, unseen prompts, questions, progress, colours.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use droid_testbed::http;
use droid_testbed::upstream::{Action, Endpoint, FakeConfig, Match};
use rexpect::process::Signal;
use rexpect::session::{PtySession, spawn_command};

use super::kit::Home;

/// Longer than anything here takes.
const PATIENCE_MS: u64 = 60_000;
const KEY: &str = "fk-canary-0123456789aaaa";

/// The program at a terminal, in that home.
fn at_terminal(home: &Home, arguments: &[&str], env: &[(&str, &str)]) -> PtySession {
    let mut command: Command = home.command(arguments);
    command.env("TERM", "xterm").envs(env.iter().copied());
    spawn_command(command, Some(PATIENCE_MS)).unwrap()
}

/// Waits for the end; gives all that was still to be shown and the exit code.
fn ended(mut session: PtySession) -> (String, i32) {
    let rest = session.exp_eof().unwrap();
    let code = match session.process.wait().unwrap() {
        rexpect::process::wait::WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    };
    (rest, code)
}

async fn brisk() -> Home {
    let device_interval = Duration::from_secs(1);
    Home::with(FakeConfig { device_interval, ..FakeConfig::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn login_shows_code_link_picture_and_countdown_and_signs_in() {
    let home = brisk().await;
    let mut session = at_terminal(&home, &["login", "--name", "Mine", "--no-browser"], &[]);
    session.exp_string("Open ").unwrap();
    session.exp_string("http").unwrap();
    session.exp_string("Enter").unwrap();
    let code = session.exp_regex("[A-Z0-9]{4}-[A-Z0-9]{4}").unwrap().1;
    // Half blocks, as bytes: the terminal's reader takes each for a letter.
    session.exp_regex("(â\u{96}[\u{80}\u{84}\u{88}]){8}").unwrap();
    session.exp_string("waiting for you to confirm").unwrap();
    session.exp_regex(r"\d+:\d\d left").unwrap();
    assert!(home.fake.approve_device(&code, None));
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("Signed in: account `Mine`."), "{rest}");
    assert_eq!(home.json(&["accounts", "list"])[0]["name"], "Mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn login_without_a_terminal_tells_link_and_code() {
    let home = brisk().await;
    let mut command = home.command(&["login", "--name", "Mine", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let link = told.next().unwrap();
    assert!(link.starts_with("Open ") && link.contains("http"), "{link}");
    let code = told.next().unwrap();
    let code = code.strip_prefix("Enter").unwrap().trim();
    assert!(home.fake.approve_device(code, None));
    // Neither a picture nor a countdown: nobody looks.
    assert!(told.all(|it| it.starts_with("or ")));
    let output = child.wait_with_output().unwrap();
    let account: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &account["name"]), (Some(0), &"Mine".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn login_survives_a_network_that_was_away() {
    let home = brisk().await;
    for _ in 0..2 {
        home.fake.script().next(Match::endpoint(Endpoint::DevicePoll), Action::status(503));
    }
    let mut session = at_terminal(&home, &["login", "--no-browser"], &[]);
    session.exp_string("Enter").unwrap();
    let code = session.exp_regex("[A-Z0-9]{4}-[A-Z0-9]{4}").unwrap().1;
    assert!(home.fake.approve_device(&code, None));
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn login_goes_on_after_the_program_was_stopped_for_a_while() {
    let home = brisk().await;
    let mut session = at_terminal(&home, &["login", "--no-browser"], &[]);
    session.exp_string("Enter").unwrap();
    let code = session.exp_regex("[A-Z0-9]{4}-[A-Z0-9]{4}").unwrap().1;
    session.exp_string("waiting for you to confirm").unwrap();
    session.process.signal(Signal::SIGSTOP).unwrap();
    assert!(home.fake.approve_device(&code, None));
    // Longer than it would wait between two questions.
    tokio::time::sleep(Duration::from_secs(3)).await;
    session.process.signal(Signal::SIGCONT).unwrap();
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
}

async fn get(url: &str) -> http::Answer {
    http::request("GET", url, [], b"").await
}

/// Opens the link as a browser would; the person agrees at once. Where it is sent back to.
async fn browsed(link: &str) -> String {
    let answer = get(link).await;
    answer.header("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn login_by_the_browser_ends_when_it_comes_back() {
    let home = brisk().await;
    let mut session =
        at_terminal(&home, &["login", "--pkce", "--name", "Mine", "--no-browser"], &[]);
    let link = session.exp_regex("http://\\S+authorize\\S+").unwrap().1;
    let back = browsed(&link).await;
    assert!(back.starts_with("http://127.0.0.1:") && back.contains("/callback?"), "{back}");
    // Another page of the same machine ends nothing.
    let own = back.split('?').next().unwrap();
    assert_eq!(get(&format!("{own}?code=foreign&state=foreign")).await.status, 400);
    let page = get(&back).await;
    assert!(page.status == 200 && page.text().contains("Signed in"), "{page:?}");
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("Signed in: account `Mine`."), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn login_by_a_browser_elsewhere_ends_with_the_address_pasted() {
    let home = brisk().await;
    let mut session =
        at_terminal(&home, &["login", "--pkce", "--name", "Mine", "--no-browser"], &[]);
    let link = session.exp_regex("http://\\S+authorize\\S+").unwrap().1;
    let back = browsed(&link).await;
    session.exp_string("paste the address").unwrap();
    session.send_line(&back).unwrap();
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
    assert_eq!(home.json(&["accounts", "list"])[0]["name"], "Mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_address_of_another_sign_in_is_refused() {
    let home = brisk().await;
    let mut session = at_terminal(&home, &["login", "--pkce", "--no-browser"], &[]);
    session.exp_string("paste the address").unwrap();
    session.send_line("http://127.0.0.1:1/callback?code=canary&state=foreign").unwrap();
    let (rest, code) = ended(session);
    assert_eq!(code, 2, "{rest}");
    assert_eq!(home.json(&["accounts", "list"]), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn login_that_is_refused_says_so() {
    let home = brisk().await;
    let mut session = at_terminal(&home, &["login", "--no-browser"], &[]);
    session.exp_string("Enter").unwrap();
    let code = session.exp_regex("[A-Z0-9]{4}-[A-Z0-9]{4}").unwrap().1;
    assert!(home.fake.deny_device(&code));
    let (rest, code) = ended(session);
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("the sign-in was refused"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_sign_in_and_leaves_no_account() {
    let home = brisk().await;
    let mut session = at_terminal(&home, &["login", "--no-browser"], &[]);
    session.exp_string("waiting for you to confirm").unwrap();
    session.send_control('c').unwrap();
    let (rest, code) = ended(session);
    assert_eq!(code, 130, "{rest}");
    assert!(rest.contains("the sign-in was cancelled"), "{rest}");
    assert_eq!(home.json(&["accounts", "list"]), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn login_opens_the_browser_there_is() {
    let home = brisk().await;
    let browser = home.path().join("browser");
    std::fs::write(&browser, "#!/bin/sh\nprintf '%s' \"$1\" > opened\n").unwrap();
    std::fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let opener = browser.to_string_lossy().into_owned();
    let mut session = at_terminal(&home, &["login"], &[("BROWSER", &opener)]);
    session.exp_string("Your browser should show it now.").unwrap();
    session.exp_string("waiting for you").unwrap();
    let code = home.fake.pending_devices()[0].user_code.clone();
    assert!(home.fake.approve_device(&code, None));
    assert_eq!(ended(session).1, 0);
    let opened = std::fs::read_to_string(home.path().join("opened")).unwrap();
    assert!(opened.starts_with("http") && opened.contains(&code), "{opened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_typed_is_not_shown() {
    let home = Home::new().await;
    home.fake.add_key(KEY);
    let mut session = at_terminal(&home, &["accounts", "add-keys", "--name", "Team"], &[]);
    session.exp_string("key: ").unwrap();
    session.send_line(KEY).unwrap();
    session.exp_string("key: ").unwrap();
    session.send_line("").unwrap();
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("1 new key"), "{rest}");
    assert!(!rest.contains("canary"), "{rest}");
    assert_eq!(home.json(&["test"])["ok"], true, "it arrived whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_is_asked_first() {
    let home = Home::new().await;
    home.pool("Team", &[KEY]);
    for (answer, code, left) in [("n", 1, 1), ("", 1, 1), ("y", 0, 0)] {
        let mut session = at_terminal(&home, &["accounts", "delete", "Team"], &[]);
        session.exp_string("Delete account `Team` for good? [y/N]").unwrap();
        session.send_line(answer).unwrap();
        let (rest, ended) = ended(session);
        assert_eq!(ended, code, "{answer:?}: {rest}");
        assert_eq!(home.json(&["accounts", "list"]).as_array().map(Vec::len), Some(left));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_a_second_shows_that_it_goes_on() {
    let home = Home::new().await;
    home.pool("Team", &[KEY]);
    let slow = Action::Delay(Duration::from_millis(2500));
    home.fake.script().next(Match::endpoint(Endpoint::Anthropic), slow);
    let session = at_terminal(&home, &["test", "Team"], &[]);
    let (rest, code) = ended(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("testing `Team`"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_that_want_them() {
    let home = Home::new().await;
    home.pool("Team", &[KEY]);
    for (env, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")][..], false)] {
        let (shown, code) = ended(at_terminal(&home, &["accounts", "list"], env));
        assert_eq!((code, shown.contains("\x1b[32mhealthy")), (0, coloured), "{shown}");
    }
    let (shown, _) = ended(at_terminal(&home, &["accounts", "list", "--json"], &[]));
    assert!(!shown.contains('\x1b'), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_arguments_a_person_gets_the_short_help() {
    let home = Home::new().await;
    let (shown, code) = ended(at_terminal(&home, &[], &[]));
    assert_eq!(code, 2);
    assert!(shown.contains("Start here:") && shown.contains("login"), "{shown}");
}
