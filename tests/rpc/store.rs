//! Data that cannot be used: folders, files, databases, keys. A clear error each, nothing
//! overwritten, and all there again once the cause is gone.
//!
//! Owns: the ways in which what is on disk goes wrong.
//! Must not know: how the store reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use droid_testbed::host::{HostConfig, OneShot};
use droid_testbed::rig::Rig;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{id_of, ok, pool_of, rig, signed_in};

const MODEL: &str = "claude-sonnet-4-5-20250929";
const KEY: &str = "fk-store-0123456789abcdef";
const PASSPHRASE: &str = "correct horse battery staple";

/// Methods that need no data.
fn dataless() -> Vec<(&'static str, Value)> {
    vec![
        ("ping", Value::Null),
        ("get_info", Value::Null),
        ("supports_model", json!({ "model": "gpt-5" })),
        ("parse_error", json!({ "status": 429, "body": "{}" })),
        ("parse_response_chunk", json!({ "chunk": "", "endpoint_type": "comm" })),
    ]
}

/// Methods that need it.
fn needy() -> Vec<(&'static str, Value)> {
    let config = json!({ "api_keys": ["fk-another-0123456789"] });
    vec![
        ("init", Value::Null),
        ("list_credentials", Value::Null),
        ("acquire_credential", json!({ "model": MODEL })),
        ("create_credential", json!({ "auth_type": "api_key", "config": config })),
        ("start_login", json!({})),
        ("save_group", json!({ "id": "team" })),
    ]
}

/// A rig whose data holds a pool and a signed-in account.
struct Filled {
    rig: Rig,
    pool: String,
    account: String,
    access: String,
    env: Vec<(String, String)>,
}

impl Filled {
    async fn new(passphrase: Option<&str>) -> Self {
        let rig = rig().await;
        let env: Vec<(String, String)> = passphrase
            .map(|it| ("DROID_ENCRYPTION_KEY".to_owned(), it.to_owned()))
            .into_iter()
            .collect();
        let host = HostConfig { env: env.clone(), ..rig.host() };
        let bridge = droid_testbed::host::Bridge::connect(&host).expect("starts");
        let pool = pool_of(&rig, &bridge, &[KEY], json!({ "name": "Pool" })).await;
        let (account, minted) = signed_in(&rig, &bridge, json!({ "name": "Person" })).await;
        bridge.close().await.expect("a clean end");
        settle(&rig.database());
        Self { rig, pool, account, access: minted.access_token, env }
    }

    fn host(&self) -> OneShot {
        OneShot::new(HostConfig { env: self.env.clone(), ..self.rig.host() })
    }

    fn with(&self, env: &[(&str, &str)]) -> OneShot {
        let env =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        OneShot::new(HostConfig { env, ..self.rig.host() })
    }

    fn in_folder(&self, folder: impl Into<PathBuf>) -> OneShot {
        OneShot::new(HostConfig {
            data_dir: folder.into(),
            env: self.env.clone(),
            ..self.rig.host()
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.rig.data_dir().join(name)
    }

    /// Everything that was stored is there.
    async fn is_whole(&self) {
        for (id, secret) in [(&self.pool, KEY), (&self.account, self.access.as_str())] {
            let ask = json!({ "model": MODEL, "credential_id": id });
            let lent = self.host().call("acquire_credential", ask).await.expect("lent");
            assert_eq!(lent["headers"]["authorization"], format!("Bearer {secret}"));
        }
    }
}

/// Moves the log into the database, so that one file holds everything.
fn settle(database: &Path) {
    let conn = Connection::open(database).expect("opens");
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("settled");
}

/// Puts a whole database in place: a log beside it belongs to the former one.
fn restore(database: &Path, bytes: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let beside = format!("{}{ending}", database.display());
        drop(std::fs::remove_file(beside));
    }
    std::fs::write(database, bytes).expect("written");
}

/// What is in a folder, but for what any reader of a database makes beside it and lock files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let is_transient = name.ends_with("-shm") || name == "run" || name == "refresh";
        if !is_transient && path.is_file() {
            found.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    // An empty log is as good as none.
    found.retain(|name, bytes| !(name.ends_with("-wal") && bytes.is_empty()));
    found
}

/// Every call that needs data fails with this kind and these words, and exits 0 as documented; the
/// others are answered.
async fn refuses(host: &OneShot, kind: &str, words: &[&str]) {
    for (method, params) in needy() {
        let error = host.call(method, params).await.expect_err(method).rpc();
        assert_eq!(error.data["kind"], kind, "{method}: {error}");
        assert_eq!(error.data["retryable"], false, "{method}: {error}");
        for word in words {
            assert!(error.message.contains(word), "{method}: {word:?} not in: {error}");
        }
        let hint = error.data["hint"].as_str().unwrap_or_default();
        assert!(!hint.is_empty() || kind == "newer_schema", "{method}: no hint: {error}");
    }
    for (method, params) in dataless() {
        host.call(method, params).await.expect(method);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let filled = Filled::new(None).await;
    let in_the_way = filled.rig.folder().join("file");
    std::fs::write(&in_the_way, "mine").expect("written");
    for folder in [PathBuf::from("/dev/null/x"), in_the_way.clone(), in_the_way.join("below")] {
        let shown = folder.display().to_string();
        refuses(&filled.in_folder(&folder), "data_folder", &[&shown]).await;
    }
    assert_eq!(std::fs::read(&in_the_way).expect("there"), b"mine");
    // A folder where the database should be.
    let odd = filled.rig.folder().join("odd");
    std::fs::create_dir_all(odd.join("droid.db")).expect("made");
    refuses(&filled.in_folder(&odd), "data_folder", &["droid.db"]).await;
}

#[tokio::test]
async fn a_damaged_database_is_told_and_left_as_it_is() {
    let filled = Filled::new(None).await;
    let database = filled.rig.database();
    let good = std::fs::read(&database).expect("a database");
    let mut no_header = good.clone();
    no_header[..16].copy_from_slice(b"garbage garbage ");
    let mut text = b"this is a text, not a database. ".repeat(200);
    text.truncate(good.len());
    for (bytes, how) in [
        (no_header, "garbage header"),
        (text, "text"),
        (good[..good.len() / 2].to_vec(), "half"),
        (good[..4096].to_vec(), "one page"),
        (good[..100].to_vec(), "the header alone"),
    ] {
        std::fs::write(&database, &bytes).expect("written");
        let before = contents(&filled.rig.data_dir());
        println!("{how}");
        refuses(&filled.host(), "data_folder", &["droid.db", "damaged"]).await;
        assert!(contents(&filled.rig.data_dir()) == before, "{how}: something was overwritten");
    }
    std::fs::write(&database, &good).expect("written");
    filled.is_whole().await;
}

/// Pages overwritten at random: whatever is answered, it is never another secret than was stored,
/// and the process ends as it should.
#[tokio::test]
async fn overwritten_pages_never_give_a_wrong_secret() {
    const CASES: usize = 12;
    let filled = Filled::new(None).await;
    let database = filled.rig.database();
    let good = std::fs::read(&database).expect("a database");
    let kinds =
        ["data_folder", "damaged", "store", "wrong_key", "newer_schema", "no_account", "internal"];
    let mut seed: usize = 0x5EED;
    for case in 0..CASES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let page = (seed >> 33) % (good.len() / 4096);
        let mut bytes = good.clone();
        let from = page * 4096 + if page == 0 { 100 } else { 0 };
        for (n, byte) in bytes[from..(page + 1) * 4096].iter_mut().enumerate() {
            *byte ^= u8::try_from((n * 31 + case * 7) % 255).expect("small") | 1;
        }
        restore(&database, &bytes);
        for id in [&filled.pool, &filled.account] {
            let ask = json!({ "model": MODEL, "credential_id": id });
            match filled.host().call("acquire_credential", ask).await {
                Ok(lent) => {
                    let header = lent["headers"]["authorization"].as_str().expect("a header");
                    let secret = header.strip_prefix("Bearer ").expect("a bearer");
                    assert!(
                        secret == KEY || secret == filled.access,
                        "page {page}: a wrong secret"
                    );
                }
                Err(error) => {
                    let error = error.rpc();
                    let kind = error.data["kind"].as_str().unwrap_or_default();
                    let expected = kinds.contains(&kind) || kind == "not_found";
                    assert!(expected, "page {page}: {error}");
                }
            }
        }
        drop(filled.host().call("list_credentials", Value::Null).await.map_err(|it| it.rpc()));
    }
    restore(&database, &good);
    filled.is_whole().await;
}

/// A secret that was altered, or put in another's place, is an error that names the record.
#[tokio::test]
async fn altered_and_swapped_secrets_are_damaged() {
    let filled = Filled::new(None).await;
    let database = filled.rig.database();
    let good = std::fs::read(&database).expect("a database");
    for sql in [
        "UPDATE accounts SET access = substr(access, 1, length(access) - 2)",
        "UPDATE accounts SET access = refresh",
        "UPDATE accounts SET access = 'v2:00:00:00'",
        "UPDATE accounts SET access = replace(access, 'v2:', 'v3:')",
        "UPDATE accounts SET access = (SELECT secret FROM api_keys)",
    ] {
        let conn = Connection::open(&database).expect("opens");
        conn.execute(sql, []).expect(sql);
        drop(conn);
        settle(&database);
        let ask = json!({ "model": MODEL, "credential_id": filled.account });
        let error = filled.host().call("acquire_credential", ask).await.expect_err(sql).rpc();
        assert_eq!(
            (error.code, &error.data["kind"]),
            (-32013, &json!("damaged")),
            "{sql}: {error}"
        );
        assert!(error.message.contains(&filled.account), "{sql}: {error}");
        assert!(error.data["hint"].is_string());
        // The others are not held up.
        let ask = json!({ "model": MODEL, "credential_id": filled.pool });
        filled.host().call("acquire_credential", ask).await.expect("the pool is fine");
        restore(&database, &good);
    }
    filled.is_whole().await;
}

#[tokio::test]
async fn another_schema_is_told_or_brought_up_to_date() {
    let filled = Filled::new(None).await;
    let database = filled.rig.database();
    let good = std::fs::read(&database).expect("a database");
    let conn = Connection::open(&database).expect("opens");
    conn.pragma_update(None, "user_version", 4711).expect("set");
    drop(conn);
    settle(&database);
    let before = contents(&filled.rig.data_dir());
    refuses(&filled.host(), "newer_schema", &["4711", "newer"]).await;
    assert!(contents(&filled.rig.data_dir()) == before, "something was overwritten");
    std::fs::write(&database, &good).expect("written");
    filled.is_whole().await;
    // The oldest there is: a file without a table, with or without a header.
    for with_header in [false, true] {
        let folder = filled.rig.folder().join(format!("old {with_header}"));
        std::fs::create_dir(&folder).expect("made");
        let path = folder.join("droid.db");
        if with_header {
            let conn = Connection::open(&path).expect("opens");
            conn.execute_batch("CREATE TABLE t (x); DROP TABLE t").expect("written");
        } else {
            std::fs::write(&path, b"").expect("written");
        }
        let host = filled.in_folder(&folder);
        let config = json!({ "api_keys": [KEY] });
        let created = host
            .call("create_credential", json!({ "auth_type": "api_key", "config": config }))
            .await
            .expect("created");
        let lent = host.call("acquire_credential", json!({ "model": MODEL })).await.expect("lent");
        assert_eq!(lent["id"].as_str(), Some(id_of(&created).as_str()));
    }
}

#[tokio::test]
async fn a_lost_or_wrong_key_file_is_told_and_nothing_is_overwritten() {
    let filled = Filled::new(None).await;
    let key = filled.file("key");
    let good = std::fs::read(&key).expect("a key");
    let before = contents(&filled.rig.data_dir());

    std::fs::remove_file(&key).expect("removed");
    let without = contents(&filled.rig.data_dir());
    refuses(
        &filled.host(),
        "wrong_key",
        &["key", "missing", "`Pool`", "`Person`", "stored secrets"],
    )
    .await;
    assert!(contents(&filled.rig.data_dir()) == without, "something was made or overwritten");

    std::fs::write(&key, format!("{}\n", "ab".repeat(32))).expect("written");
    let wrong = contents(&filled.rig.data_dir());
    refuses(&filled.host(), "wrong_key", &["is not the one", "`Pool`"]).await;
    assert!(contents(&filled.rig.data_dir()) == wrong, "something was overwritten");

    for garbage in [&b""[..], b"too short", b"\xff\xfe"] {
        std::fs::write(&key, garbage).expect("written");
        let wrong = contents(&filled.rig.data_dir());
        refuses(&filled.host(), "data_folder", &["key"]).await;
        assert!(contents(&filled.rig.data_dir()) == wrong, "something was overwritten");
    }

    // A passphrase where a key file was in force.
    std::fs::write(&key, &good).expect("written");
    refuses(
        &filled.with(&[("DROID_ENCRYPTION_KEY", "surprise")]),
        "wrong_key",
        &["DROID_ENCRYPTION_KEY", "unset"],
    )
    .await;
    assert!(contents(&filled.rig.data_dir()) == before, "something was overwritten");
    filled.is_whole().await;
}

#[tokio::test]
async fn a_missing_or_wrong_passphrase_is_told_and_nothing_is_overwritten() {
    let filled = Filled::new(Some(PASSPHRASE)).await;
    let before = contents(&filled.rig.data_dir());
    assert!(!before.contains_key("key"), "a passphrase needs no key file");
    refuses(&filled.with(&[]), "wrong_key", &["DROID_ENCRYPTION_KEY is not set", "`Pool`"]).await;
    assert!(contents(&filled.rig.data_dir()) == before, "something was overwritten");
    // scrypt is slow: a wrong passphrase is found out when a secret is needed, or by `init`.
    let host = filled.with(&[("DROID_ENCRYPTION_KEY", "wrong horse")]);
    let needs_secret = ["init", "acquire_credential", "create_credential"];
    for (method, params) in needy().into_iter().filter(|it| needs_secret.contains(&it.0)) {
        let error = host.call(method, params).await.expect_err(method).rpc();
        assert_eq!(error.data["kind"], "wrong_key", "{method}: {error}");
        assert!(error.message.contains("DROID_ENCRYPTION_KEY is not the one"), "{error}");
        assert!(!error.message.contains("horse"), "{error}");
    }
    let refused = host.call("refresh_token", json!({ "credential_id": filled.account })).await;
    assert_eq!(refused.expect_err("refused").rpc().data["kind"], "wrong_key");
    for (method, params) in dataless() {
        host.call(method, params).await.expect(method);
    }
    assert!(contents(&filled.rig.data_dir()) == before, "something was overwritten");
    filled.is_whole().await;
}

/// Runs in a mount namespace of its own, where that is allowed (Linux, root or user namespaces);
/// elsewhere it says so. What a full disk does inside a transaction is tested beside the store.
#[cfg(target_os = "linux")]
mod mounts {
    use std::process::Command;

    use super::*;
    use crate::rpc::contract::call;

    /// Runs a script with a small file system mounted at `$1`, the plugin being `$2`; none where
    /// that is not allowed.
    fn unshared(filled: &Filled, script: &str) -> Option<String> {
        let allowed = Command::new("unshare")
            .args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
            .output()
            .is_ok_and(|it| it.status.success());
        if !allowed {
            println!("not allowed here: mounting in a namespace of one's own");
            return None;
        }
        let folder = filled.rig.folder().join("mounted");
        std::fs::create_dir_all(&folder).expect("made");
        let out = Command::new("unshare")
            .args(["-rm", "sh", "-ec", script, "sh"])
            .arg(&folder)
            .arg(crate::support::BINARY)
            .arg(filled.rig.data_dir())
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("DROID_DATA_DIR", &folder)
            .env("DROID_CONFIG", filled.rig.config_path())
            .output()
            .expect("ran");
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && !errors.contains("defect"), "{errors}");
        Some(String::from_utf8(out.stdout).expect("UTF-8"))
    }

    fn answers(text: &str) -> Vec<Value> {
        text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect()
    }

    #[tokio::test]
    async fn a_read_only_folder_is_told() {
        let filled = Filled::new(None).await;
        let lines = [call("1", "init", &Value::Null), call("2", "ping", &Value::Null)].join("\n");
        let acquire = call("3", "acquire_credential", &json!({ "model": MODEL }));
        let script = format!(
            "mount -t tmpfs none \"$1\"; cp -a \"$3\"/. \"$1\"; mount -o remount,ro \"$1\"\n\
             printf '%s\\n' '{lines}' '{acquire}' | \"$2\" --json-rpc"
        );
        let Some(text) = unshared(&filled, &script) else { return };
        let answers = answers(&text);
        assert_eq!(answers.len(), 3, "{text}");
        for answer in answers {
            if answer["id"] == 2 {
                assert_eq!(answer["result"], json!({}));
                continue;
            }
            assert_eq!(answer["error"]["data"]["kind"], "data_folder", "{answer}");
            let message = answer["error"]["message"].as_str().expect("a message");
            assert!(message.contains("read-only") || message.contains("cannot be"), "{message}");
        }
    }

    /// Accounts are added until the disk is full: each that was answered is there afterwards.
    #[tokio::test]
    async fn a_full_disk_is_told_and_what_was_answered_is_there() {
        const CALLS: usize = 400;
        let filled = Filled::new(None).await;
        let calls: Vec<String> = (0..CALLS)
            .map(|n| {
                let keys: Vec<String> =
                    (0..20).map(|k| format!("fk-full-{n}-{k}-{}", "x".repeat(400))).collect();
                let config = json!({ "name": format!("Pool {n}"), "api_keys": keys });
                call(
                    &n.to_string(),
                    "create_credential",
                    &json!({ "auth_type": "api_key", "config": config }),
                )
            })
            .collect();
        let input = filled.rig.folder().join("calls");
        std::fs::write(&input, calls.join("\n")).expect("written");
        let list = call("\"list\"", "list_credentials", &Value::Null);
        let check = call("\"check\"", "acquire_credential", &json!({ "model": MODEL }));
        let script = format!(
            "mount -t tmpfs -o size=3m none \"$1\"\n\
             \"$2\" --json-rpc < '{}'\n\
             printf '%s\\n' '{list}' | \"$2\" --json-rpc\n\
             mount -o remount,size=64m \"$1\"\n\
             printf '%s\\n' '{list}' '{check}' | \"$2\" --json-rpc",
            input.display()
        );
        let Some(text) = unshared(&filled, &script) else { return };
        let answers = answers(&text);
        let made: Vec<&Value> =
            answers.iter().filter_map(|it| it.pointer("/result/credential_id")).collect();
        let refused: Vec<&Value> = answers
            .iter()
            .filter(|it| it["id"].is_u64())
            .filter_map(|it| it.get("error"))
            .collect();
        assert_eq!(made.len() + refused.len(), CALLS);
        assert!(!made.is_empty() && !refused.is_empty(), "{} made", made.len());
        for error in &refused {
            let kind = error["data"]["kind"].as_str().unwrap_or_default();
            assert!(["data_folder", "store"].contains(&kind), "{error}");
        }
        let told = refused
            .iter()
            .filter(|it| it["message"].as_str().is_some_and(|it| it.contains("the disk is full")));
        assert!(told.count() > 0, "{:?}", refused[0]);
        let lists: Vec<&Value> = answers.iter().filter(|it| it["id"] == "list").collect();
        let last = lists.last().expect("listed")["result"].as_array().expect("a list").clone();
        for id in &made {
            assert!(
                last.iter().any(|it| it["credential_id"] == **id),
                "{id} was answered and is lost"
            );
        }
        assert_eq!(last.len(), made.len(), "nothing half done is there");
        let check = answers.iter().find(|it| it["id"] == "check").expect("answered");
        assert!(check["result"]["headers"]["authorization"].is_string(), "{check}");
        println!("{} accounts fit 3 MB, {} were refused", made.len(), refused.len());
    }
}

#[tokio::test]
async fn modes_keep_others_out() {
    let filled = Filled::new(None).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&filled.rig.data_dir()), 0o700);
        for (name, _) in contents(&filled.rig.data_dir()) {
            assert_eq!(mode(&filled.file(&name)), 0o600, "{name}");
        }
    }
    let bridge = filled.rig.bridge();
    ok(&bridge, "ping", Value::Null).await;
    filled.is_whole().await;
}
