//! The right key, the wrong key, no key, a new key.

use std::fs;

use super::*;
use crate::ports::TokenStore;
use crate::store::db::Db;
use crate::store::rekey;

fn key_file(dir: &Path) -> std::path::PathBuf {
    dir.join("key")
}

fn next_key_file(dir: &Path) -> std::path::PathBuf {
    dir.join("key.new")
}

/// A store with one account under a key file, closed.
async fn filled(dir: &Path) -> AccountId {
    let store = open(dir).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    store.create_account(pool("p", 2)).await.unwrap();
    store.close().await.unwrap();
    id
}

async fn assert_readable(store: &Store, id: &AccountId) {
    assert_eq!(store.tokens(id).await.unwrap().refresh, Secret::new("refresh-a"));
    assert_eq!(store.key_secret(&KeyId::from("p-1")).await.unwrap(), Secret::new("fk-p-1"));
    assert_eq!(store.damaged_secrets().await.unwrap(), Vec::<String>::new());
}

fn assert_wrong_key(error: &Error, words: &[&str]) {
    assert!(matches!(error, Error::WrongKey { .. }), "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is missing in: {error}");
    }
}

#[tokio::test]
async fn another_key_file_is_refused_by_name_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let id = filled(dir.path()).await;
    let right = fs::read(key_file(dir.path())).unwrap();
    fs::write(key_file(dir.path()), "ab".repeat(32)).unwrap();
    let error = Store::open(options(dir.path())).await.unwrap_err();
    assert_wrong_key(&error, &["4 stored secrets", "`name of a`", "`name of p`", "key"]);
    assert_eq!(fs::read_to_string(key_file(dir.path())).unwrap(), "ab".repeat(32));
    fs::write(key_file(dir.path()), right).unwrap();
    assert_readable(&open(dir.path()).await, &id).await;
}

#[tokio::test]
async fn a_lost_key_file_is_told_and_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    fs::remove_file(key_file(dir.path())).unwrap();
    let error = Store::open(options(dir.path())).await.unwrap_err();
    assert_wrong_key(&error, &["is missing", "4 stored secrets"]);
    assert!(!key_file(dir.path()).exists());
}

#[tokio::test]
async fn a_key_file_that_is_none_is_told_and_left() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    fs::write(key_file(dir.path()), "short").unwrap();
    let error = Store::open(options(dir.path())).await.unwrap_err();
    assert!(matches!(error, Error::Data { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(key_file(dir.path())).unwrap(), "short");
}

#[tokio::test]
async fn while_nothing_is_sealed_any_key_will_do() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await.unwrap();
    fs::remove_file(key_file(dir.path())).unwrap();
    open(dir.path()).await.close().await.unwrap();
    assert!(key_file(dir.path()).exists());
    let store = open_with(dir.path(), "passphrase").await.unwrap();
    store.create_account(signed_in("a")).await.unwrap();
    store.close().await.unwrap();
    assert_wrong_key(&Store::open(options(dir.path())).await.unwrap_err(), &["is not set"]);
}

#[tokio::test]
async fn a_passphrase_is_asked_for_only_when_a_secret_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), "right").await.unwrap();
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    assert!(!key_file(dir.path()).exists());
    store.close().await.unwrap();

    let store = open_with(dir.path(), "right").await.unwrap();
    store.check_key().await.unwrap();
    assert_eq!(store.tokens(&id).await.unwrap().access, Some(Secret::new("access-a")));
    store.close().await.unwrap();

    let store = open_with(dir.path(), "wrong").await.unwrap();
    assert_eq!(store.account(&id).await.unwrap().name, "name of a");
    let words = ["DROID_ENCRYPTION_KEY is not the one", "2 stored secrets", "`name of a`"];
    assert_wrong_key(&store.check_key().await.unwrap_err(), &words);
    assert_wrong_key(&store.tokens(&id).await.unwrap_err(), &words);
    assert_wrong_key(&store.create_account(signed_in("b")).await.unwrap_err(), &words);
    store.close().await.unwrap();

    let store = open_with(dir.path(), "right").await.unwrap();
    assert_eq!(store.tokens(&id).await.unwrap().refresh, Secret::new("refresh-a"));
    assert!(store.account(&AccountId::from("b")).await.is_err());
}

#[tokio::test]
async fn a_passphrase_over_a_key_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let error = open_with(dir.path(), "passphrase").await.unwrap_err();
    assert_wrong_key(&error, &["DROID_ENCRYPTION_KEY is set", "rekey"]);
}

#[tokio::test]
async fn a_record_in_the_old_format_is_read_and_sealed_anew_by_rekey() {
    let dir = tempfile::tempdir().unwrap();
    let passphrase = "correct horse battery staple";
    let store = open_with(dir.path(), passphrase).await.unwrap();
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let old = "000102030405060708090a0b0c0d0e0f:\
               e3491ecd74d903fcb181dda54bee60cbe4b42faa93b3fbce9cbcc8539b0975a5";
    let refresh = Secret::new("wrkos_rt_0123456789abcdef");
    let conn = rusqlite::Connection::open(dir.path().join("droid.db")).unwrap();
    conn.execute(
        "UPDATE accounts SET refresh = ?1, refresh_fingerprint = ?2",
        [old, &refresh.fingerprint()],
    )
    .unwrap();
    assert_eq!(store.tokens(&id).await.unwrap().refresh, refresh);
    assert_eq!(store.rekey(KeySource::KeyFile).await.unwrap(), 2);
    let sealed: String =
        conn.query_row("SELECT refresh FROM accounts", [], |row| row.get(0)).unwrap();
    assert!(sealed.starts_with("v2:"));
    assert_eq!(store.tokens(&id).await.unwrap().refresh, refresh);
}

#[tokio::test]
async fn rekey_leads_from_any_key_to_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let id = filled(dir.path()).await;
    let passphrase = |text: &str| KeySource::Passphrase(Secret::new(text));
    let first = fs::read(key_file(dir.path())).unwrap();

    let store = open(dir.path()).await;
    assert_eq!(store.rekey(KeySource::KeyFile).await.unwrap(), 4);
    assert_readable(&store, &id).await;
    assert_ne!(fs::read(key_file(dir.path())).unwrap(), first);
    assert!(!next_key_file(dir.path()).exists());
    store.rekey(passphrase("one")).await.unwrap();
    assert_readable(&store, &id).await;
    assert!(!key_file(dir.path()).exists());
    store.close().await.unwrap();

    let store = open_with(dir.path(), "one").await.unwrap();
    store.rekey(passphrase("two")).await.unwrap();
    assert_readable(&store, &id).await;
    store.close().await.unwrap();

    let store = open_with(dir.path(), "one").await.unwrap();
    assert_wrong_key(&store.rekey(passphrase("three")).await.unwrap_err(), &["is not the one"]);
    store.close().await.unwrap();

    let store = open_with(dir.path(), "two").await.unwrap();
    store.rekey(KeySource::KeyFile).await.unwrap();
    store.close().await.unwrap();
    assert_readable(&open(dir.path()).await, &id).await;
}

#[tokio::test]
async fn another_process_goes_on_after_a_rekey() {
    let dir = tempfile::tempdir().unwrap();
    let id = filled(dir.path()).await;
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    assert_readable(&there, &id).await;
    here.rekey(KeySource::KeyFile).await.unwrap();
    assert_readable(&there, &id).await;
    there.create_account(signed_in("b")).await.unwrap();
    there.rekey(KeySource::KeyFile).await.unwrap();
    assert_readable(&here, &id).await;
    assert_eq!(here.tokens(&AccountId::from("b")).await.unwrap().refresh, Secret::new("refresh-b"));
}

#[tokio::test]
async fn a_damaged_record_stops_a_rekey_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let id = filled(dir.path()).await;
    let conn = rusqlite::Connection::open(dir.path().join("droid.db")).unwrap();
    conn.execute("UPDATE api_keys SET secret = 'v2:00:00:00' WHERE id = 'p-0'", []).unwrap();
    let store = open(dir.path()).await;
    let error = store.rekey(KeySource::KeyFile).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(store.tokens(&id).await.unwrap().refresh, Secret::new("refresh-a"));
    let damaged = store.damaged_secrets().await.unwrap();
    assert_eq!(damaged, ["the stored API key of key `p-0` is damaged and was not used"]);
}

/// Where a rekey may be cut off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// `key.new` is written, the transaction is not committed.
    BeforeCommit,
    /// The transaction is committed, `key.new` is not renamed.
    BeforeRename,
}

fn cut_rekey(dir: &Path, cut: Cut, new: KeySource) {
    let db = Db::open(options(dir)).unwrap();
    db.conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    rekey::reseal(&db, new).unwrap();
    match cut {
        // The connection is dropped with the transaction open, as by a kill.
        Cut::BeforeCommit => {}
        Cut::BeforeRename => db.conn.execute_batch("COMMIT").unwrap(),
    }
}

#[tokio::test]
async fn a_rekey_cut_off_anywhere_loses_nothing() {
    for cuts in [
        vec![Cut::BeforeCommit],
        vec![Cut::BeforeRename],
        vec![Cut::BeforeCommit, Cut::BeforeCommit],
        vec![Cut::BeforeCommit, Cut::BeforeRename],
        vec![Cut::BeforeRename, Cut::BeforeCommit],
        vec![Cut::BeforeRename, Cut::BeforeRename],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let id = filled(dir.path()).await;
        for cut in &cuts {
            cut_rekey(dir.path(), *cut, KeySource::KeyFile);
        }
        let store = open(dir.path()).await;
        assert_readable(&store, &id).await;
        store.rekey(KeySource::KeyFile).await.unwrap();
        assert_readable(&store, &id).await;
        store.close().await.unwrap();
        assert!(!next_key_file(dir.path()).exists(), "{cuts:?}");
        assert_readable(&open(dir.path()).await, &id).await;
    }
}

/// Two processes, neither of which was opened after the other's commit.
#[tokio::test]
async fn a_second_rekey_does_not_overwrite_the_only_copy_of_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let id = filled(dir.path()).await;
    let second = Db::open(options(dir.path())).unwrap();
    cut_rekey(dir.path(), Cut::BeforeRename, KeySource::KeyFile);
    second.conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    rekey::reseal(&second, KeySource::KeyFile).unwrap();
    drop(second);
    assert_readable(&open(dir.path()).await, &id).await;
}

#[tokio::test]
async fn a_change_to_a_passphrase_cut_off_anywhere_loses_nothing() {
    for (cut, passphrase) in [(Cut::BeforeCommit, None), (Cut::BeforeRename, Some("new"))] {
        let dir = tempfile::tempdir().unwrap();
        let id = filled(dir.path()).await;
        cut_rekey(dir.path(), cut, KeySource::Passphrase(Secret::new("new")));
        let store = match passphrase {
            Some(passphrase) => open_with(dir.path(), passphrase).await.unwrap(),
            None => open(dir.path()).await,
        };
        assert_readable(&store, &id).await;
    }
}
