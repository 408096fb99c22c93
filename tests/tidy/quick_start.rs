//! The quick starts, run.
//!
//! Owns: running the shell blocks of a page one after the other in one shell, in a home of their
//! own, with the built program and a fake of Factory; that none is left out without a reason.
//! Must not know: what is in the blocks.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use droid_testbed::rig::addresses;
use droid_testbed::upstream::{Fake, FakeConfig};
use serde_json::Value;
use tokio::process::Command;

use super::docs::calls::StandIns;
use super::{docs, tree};

/// Stands before a block that is not run, with the reason.
const NOT_RUN: &str = "<!-- not run: ";
/// The key of `keys.txt`.
const KEY: &str = "fk-quick-start-000000000001";
/// What the fake answers.
const ANSWER: &str = "Hello there! How can I help you today?";
/// The relay's key that tests/fixtures/import/relay-dump.json is sealed with.
const RELAY_KEY: &str = "0123456789abcdef0123456789abcdef";
/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the shell said.
struct Said {
    stdout: String,
    stderr: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn readmes_first_block_works_as_it_stands() {
    for page in ["README.md", "README.zh-CN.md"] {
        let home = Home::new().await;
        let said = home.run(page).await;
        for wanted in ["Signed in", "Claude Code uses the gateway", "answered", "running at"] {
            assert!(said.stdout.contains(wanted), "{page}: no `{wanted}` in {}", said.stdout);
        }
        let settings = home.read(".claude/settings.json");
        assert!(settings.contains(&home.at()) && settings.contains("dpk_"), "{settings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_quick_start_answers_in_every_dialect() {
    let home = Home::new().await;
    let said = home.run("docs/quick-start/gateway.md").await;
    assert!(said.stdout.matches(ANSWER).count() >= 4, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("response.completed"), "{}", said.stdout);
    assert!(!home.has(".claude/settings.json"), "it was taken back");
    let codex = home.read(".codex/config.toml");
    assert!(codex.contains("wire_api = \"responses\"") && codex.contains(&home.at()), "{codex}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lines_quick_start_works_as_it_stands() {
    let home = Home::new().await;
    let said = home.run("docs/quick-start/command-line.md").await;
    for wanted in ["Team", "tried as number 1", "answered", "claude-sonnet-4-5-20250929"] {
        assert!(said.stdout.contains(wanted), "no `{wanted}` in {}", said.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugins_quick_start_prints_what_it_says() {
    const PAGE: &str = "docs/quick-start/plugin.md";
    let said = Home::new().await.run(PAGE).await;
    assert_eq!(said.stderr, "", "it is quiet");
    let mut stand_ins = StandIns::default();
    let lines: Vec<String> = said
        .stdout
        .lines()
        .filter(|it| it.starts_with('{'))
        .map(|line| match serde_json::from_str::<Value>(line) {
            Ok(value) => stand_ins.put_in(&value).to_string(),
            Err(error) => panic!("{line}: {error}"),
        })
        .collect();
    docs::section_is(PAGE, "answers", &format!("```json\n{}\n```", lines.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_here_works_as_it_stands() {
    let home = Home::new().await;
    let said = home.run("docs/moving.md").await;
    for wanted in ["droid2api-config", "droid2api-key-pool", "claude-relay-service", "auth"] {
        assert!(said.stdout.contains(wanted), "no `{wanted}` in {}", said.stdout);
    }
    for name in ["主力池", "Team OAuth", "Team keys"] {
        assert!(said.stdout.contains(name), "no `{name}` in {}", said.stdout);
    }
    assert!(home.has(".config/droid-provider/config.json"), "the configuration came, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_commands_work_as_they_stand() {
    let said = Home::new().await.run("docs/operations.md").await;
    assert!(said.stdout.contains("droid.db"), "{}", said.stdout);
}

// === impl Home ===

/// A person's home and folder.
struct Home {
    fake: Fake,
    folder: tempfile::TempDir,
    port: u16,
}

impl Home {
    async fn new() -> Self {
        let fake = FakeConfig { device_interval: Duration::from_secs(1), ..FakeConfig::default() };
        let fake = Fake::start(fake).await;
        fake.add_key(KEY);
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = Self { fake, folder, port: free_port() };
        let config = addresses(&home.fake).to_string();
        home.write(".config/droid-provider/config.json", &config);
        home.write("keys.txt", &format!("{KEY}\n"));
        let fixture = |name: &str| tree::read(&format!("tests/fixtures/import/{name}"));
        home.write("droid2api/config.json", &fixture("droid2api-config.json"));
        home.write("droid2api/data/key_pool.json", &fixture("key_pool.json"));
        home.write("droid2api/data/auth.json", &fixture("auth.json"));
        home.write("relay-accounts.json", &fixture("relay-dump.json"));
        // The program is built already, and nobody's browser is opened.
        for name in ["cargo", "xdg-open", "open"] {
            home.write(&format!("stand-ins/{name}"), "#!/bin/sh\n");
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(home.path(&format!("stand-ins/{name}")), executable)
                .expect("a mode");
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect(name)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The gateway's address.
    fn at(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a page's blocks, and signs in whoever wants to.
    async fn run(&self, page: &str) -> Said {
        let script = blocks(page, &tree::read(page)).replace("127.0.0.1:8787", &self.at());
        // What a person stops with Ctrl-C ends with the shell here.
        let script = format!("trap 'kill ${{!-}} 2>/dev/null || :' EXIT\n{script}");
        let program = Path::new(env!("CARGO_BIN_EXE_droid-provider-cli"));
        let search = [self.path("stand-ins"), program.parent().expect("a folder").to_owned()];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let search = std::env::join_paths(search.into_iter().chain(std::env::split_paths(&usual)));
        let running = Command::new("sh")
            .args(["-eu", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", search.expect("a search path"))
            .env("PORT", self.port.to_string())
            .env("ENCRYPTION_KEY", RELAY_KEY)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let confirming = async {
            loop {
                for device in self.fake.pending_devices() {
                    self.fake.approve_device(&device.user_code, None);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let output = tokio::select! {
            output = tokio::time::timeout(PATIENCE, running) => output,
            () = confirming => unreachable!("it goes on for ever"),
        };
        let output = output.unwrap_or_else(|_| panic!("{page}: it does not end")).expect("sh");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said { stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert!(output.status.success(), "{page}: {}{}", said.stdout, said.stderr);
        said
    }
}

/// The shell blocks of a page that are to be run.
fn blocks(page: &str, text: &str) -> String {
    let mut script = String::new();
    let parts: Vec<&str> = text.split("```sh\n").collect();
    for pair in parts.windows(2) {
        let is_left_out =
            pair[0].trim_end().lines().last().is_some_and(|it| it.starts_with(NOT_RUN));
        if !is_left_out {
            script.push_str(pair[1].split("```").next().unwrap_or_default());
        }
    }
    assert!(!script.is_empty(), "{page} has no block that is run");
    script
}

/// A port that no program is given by chance (the system hands out those above), and that no other
/// test of this process has.
fn free_port() -> u16 {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = u16::try_from(std::process::id() % 15_000).expect("small") + 10_000;
    let mut ports = (start..30_000).chain(10_000..start).filter(|it| !taken.contains(it));
    let port = ports.find(|it| TcpListener::bind(("127.0.0.1", *it)).is_ok());
    let port = port.expect("a free port");
    taken.insert(port);
    port
}
