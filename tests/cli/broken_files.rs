//! Files to import as they really are: cut, marked, turned round, huge, twice the same. Nothing is
//! half imported, nothing is lost, nothing secret is told.

use std::path::PathBuf;

use droid_provider::accounts::transfer::{self, Keys};
use droid_provider::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::kit::{Home, Said};
use super::transfer::{RELAY_KEY, accounts, fixture, no_secret, outcomes};

/// Every file there is to import, and what is asked for with it.
const FILES: [(&str, &str); 6] = [
    ("auth.json", ""),
    ("droid2api-config.json", ""),
    ("host-rows.json", ""),
    ("key_pool.json", ""),
    ("relay-dump.json", RELAY_KEY),
    ("relay-export.json", ""),
];

fn text_of(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn put(home: &Home, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Imports it and gives back what is told.
#[track_caller]
fn imported(home: &Home, name: &str, stdin: &str) -> Value {
    let said = home.run_with(&["import", name, "--json"], stdin);
    assert_eq!(said.code, Some(0), "{name}: {}", said.all());
    no_secret(&said);
    said.to_json()
}

#[track_caller]
fn refused(home: &Home, arguments: &[&str], stdin: &str, code: i32) -> Said {
    let said = home.run_with(arguments, stdin).failed(code);
    no_secret(&said);
    assert_eq!(accounts(home).len(), 0, "{arguments:?}: nothing of it is stored");
    said
}

#[test]
fn there_is_a_row_for_every_file() {
    let folder = PathBuf::from(fixture(""));
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, FILES.map(|(name, _)| name));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_happens_and_a_second_import_changes_nothing() {
    for (name, stdin) in FILES {
        let home = Home::new().await;
        put(&home, name, text_of(name));
        let said = home.run_with(&["import", name, "--dry-run", "--json"], stdin);
        let dry = said.to_json();
        assert_eq!(accounts(&home).len(), 0, "{name}: nothing is stored");
        let first = imported(&home, name, stdin);
        assert_eq!(outcomes(&first), outcomes(&dry), "{name}");
        let before = accounts(&home);
        let again = imported(&home, name, stdin);
        let counts = |report: &Value| {
            let lines = report["lines"].as_array().cloned().unwrap();
            let stored = |it: &&Value| {
                it["what"] != "configuration"
                    && ["added", "merged"].contains(&it["outcome"].as_str().unwrap())
            };
            (lines.iter().filter(stored).count(), lines.len())
        };
        assert_eq!(counts(&again), (0, counts(&first).1), "{name}: {again}");
        assert_eq!(accounts(&home), before, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_line_ends_and_wide_letters_make_no_difference() {
    for (name, stdin) in FILES {
        let plain = text_of(name);
        let home = Home::new().await;
        put(&home, name, &plain);
        let wanted = outcomes(&imported(&home, name, stdin));
        for (how, content) in [
            ("a mark", format!("\u{feff}{plain}").into_bytes()),
            ("Windows' line ends", plain.replace('\n', "\r\n").into_bytes()),
            ("UTF-16, as PowerShell writes", utf16(&plain.replace('\n', "\r\n"))),
        ] {
            let home = Home::new().await;
            put(&home, name, content);
            assert_eq!(outcomes(&imported(&home, name, stdin)), wanted, "{name}: {how}");
        }
    }
    let home = Home::new().await;
    put(&home, "keys.txt", utf16("fk-lines-canary-0001\r\n\r\nfk-lines-canary-0002\r\n"));
    assert_eq!(imported(&home, "keys.txt", "")["added"], 1);
    assert_eq!(accounts(&home)[0]["keys"]["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_is_refused_as_a_whole() {
    let home = Home::new().await;
    for (name, stdin) in FILES {
        let whole = text_of(name);
        let whole = whole.trim_end();
        for part in [1, 2, 3, 4] {
            // Somewhere on the way, and just before the last bracket.
            let mut end = (whole.len() * part / 4).min(whole.len() - 1);
            while !whole.is_char_boundary(end) {
                end -= 1;
            }
            put(&home, name, &whole[..end]);
            let said = refused(&home, &["import", name], stdin, 2);
            assert!(said.stderr.contains(name) && said.stderr.contains("line"), "{}", said.stderr);
        }
    }
    let rows = home.path().join("proxycast.db");
    {
        let conn = rusqlite::Connection::open(&rows).unwrap();
        let filled = "CREATE TABLE plugin_credentials (id, plugin_id, auth_type, display_name,
                config_encrypted, created_at);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO plugin_credentials SELECT i, 'droid', 'oauth', 'canary',
                '{\"refreshToken\": \"canary-' || i || hex(randomblob(100)) || '\"}', i FROM n;";
        conn.execute_batch(filled).unwrap();
    }
    let bytes = std::fs::read(&rows).unwrap();
    put(&home, "cut.db", &bytes[..bytes.len() / 2]);
    refused(&home, &["import", "cut.db"], "", 2);
    put(&home, "other.db", &bytes[..100]);
    refused(&home, &["import", "other.db"], "", 2);
    std::fs::create_dir(home.path().join("folder")).unwrap();
    refused(&home, &["import", "folder"], "", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_altered_does_not_open() {
    let home = Home::new().await;
    home.pool("Team", &["fk-export-canary-0001"]);
    home.run_with(&["export", "out.export"], "correct horse\n").ok();
    let sealed = std::fs::read_to_string(home.path().join("out.export")).unwrap();
    let other = Home::new().await;
    let turned = |at: usize| {
        let mut bytes = sealed.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        bytes
    };
    let mut tried = 0;
    for field in ["\"salt\": \"", "\"sealed\": \"v2:"] {
        let Some(start) = sealed.find(field).map(|it| it + field.len()) else { continue };
        for at in [start, start + 20] {
            put(&other, "out.export", turned(at));
            let said = refused(&other, &["import", "out.export"], "correct horse", 2);
            assert!(said.stderr.contains("altered"), "{}", said.stderr);
            tried += 1;
        }
    }
    assert_eq!(tried, 4, "{sealed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_hides_no_good_one_of_the_same_secret() {
    let home = Home::new().await;
    let (key, token) = ("fk-canary-000000000001", "canary-refresh-1");
    let content = json!({ "accounts": [
        { "auth_type": "api_key", "name": "Bad", "priority": 700, "keys": [{ "key": key }] },
        { "auth_type": "api_key", "name": "Good", "keys": [{ "key": key }] },
        { "auth_type": "manual", "name": "Bad", "priority": 700, "refresh_token": token },
        { "auth_type": "manual", "name": "Good token", "refresh_token": token },
        { "auth_type": "api_key", "name": "Half", "keys": [{ "key": "fk-canary-000000000002" }, { "key": "no key" }] },
    ] });
    let file = json!({ "format": "droid-provider-export", "version": 1, "content": content });
    put(&home, "mixed.json", file.to_string());
    for dry in [true, false] {
        let dry = dry.then_some("--dry-run");
        let arguments: Vec<&str> = ["import", "mixed.json"].into_iter().chain(dry).collect();
        let report = home.json(&arguments);
        let told = report["lines"].as_array().unwrap().iter().map(|it| {
            (it["at"].as_str().unwrap().to_owned(), it["outcome"].as_str().unwrap().to_owned())
        });
        let mut told: Vec<(String, String)> = told.collect();
        told.sort();
        let wanted = ["skipped", "added", "skipped", "added", "skipped"];
        let told: Vec<&str> = told.iter().map(|(_, outcome)| outcome.as_str()).collect();
        assert_eq!(told, wanted, "{report}");
    }
    let mut names: Vec<String> =
        accounts(&home).iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["Good", "Good token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_file_is_taken_whole_or_refused() {
    let home = Home::new().await;
    let n_keys = 5_000;
    let lines: Vec<String> = (0..n_keys).map(|it| format!("fk-canary-{it:012}")).collect();
    put(&home, "keys.txt", lines.join("\n"));
    imported(&home, "keys.txt", "");
    assert_eq!(accounts(&home)[0]["keys"]["total"], n_keys);
    let other = Home::new().await;
    let large = std::fs::File::create(other.path().join("large.json")).unwrap();
    large.set_len(64 * 1024 * 1024 + 1).unwrap();
    let said = refused(&other, &["import", "large.json"], "", 2);
    assert!(said.stderr.contains("64 MiB"), "{}", said.stderr);
    // On stdin it must not be cut either: whole lines would seem to be all there is.
    let mut many = "fk-canary-000000000000\n".repeat(64 * 1024 * 1024 / 23);
    many.push_str("fk-canary-000000000001\n");
    let said = refused(&other, &["import", "-"], &many, 2);
    assert!(said.stderr.contains("64 MiB"), "{}", said.stderr);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_file_it_is_read_or_refused_without_a_secret(
        which in 0..FILES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[\\[\\]{}\",:0-9a-z]{0,6}"), 1..4),
    ) {
        let mut text: Vec<char> = text_of(FILES[which].0).chars().collect();
        for (at, n_removed, put_in) in cuts {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + n_removed).min(text.len());
            text.splice(at..end, put_in.chars());
        }
        let text: String = text.into_iter().collect();
        let keys = Keys { passphrase: None, relay: Some(Secret::new(RELAY_KEY)) };
        if let Err(error) = transfer::read(&Secret::new(text), &keys) {
            prop_assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
