//! Copies of the database and what a restore keeps.

use super::*;
use crate::store::KeySource;

/// A copy's path in another folder.
fn elsewhere() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.db");
    (dir, path)
}

async fn names(store: &Store) -> Vec<String> {
    let accounts = store.changes_since(0).await.unwrap().accounts;
    let mut names: Vec<String> = accounts.into_iter().map(|it| it.name).collect();
    names.sort();
    names
}

async fn restore(store: &Store, from: &Path) -> Result<crate::store::Restored> {
    store.restore(from, None, "now").await
}

#[tokio::test]
async fn what_was_copied_comes_back_and_others_see_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_keep, copy) = elsewhere();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    here.create_account(pool("kept", 2)).await.unwrap();
    let copied = here.backup(&copy, false).await.unwrap();
    assert!(copied.bytes > 0 && copied.key_file.is_none());
    here.delete_account(&AccountId::from("kept")).await.unwrap();
    here.create_account(pool("new", 1)).await.unwrap();
    let seen = there.changes_since(0).await.unwrap().revision;
    let restored = restore(&here, &copy).await.unwrap();
    assert_eq!((restored.accounts, names(&there).await), (1, names(&here).await));
    let changes = there.changes_since(seen).await.unwrap();
    assert_eq!(changes.accounts.len(), 1, "a process that looks for changes finds them");
    assert_eq!(changes.gone_accounts, [AccountId::from("new")]);
    assert_eq!(changes.keys.len(), 2);
    let secret = here.key_secret(&changes.keys[0].id).await.unwrap();
    assert!(secret.expose().starts_with("fk-"));
    // And the restore itself can be taken back.
    restore(&here, &restored.before).await.unwrap();
    assert_eq!(here.changes_since(0).await.unwrap().accounts[0].id, AccountId::from("new"));
}

#[tokio::test]
async fn a_file_that_is_there_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (_keep, copy) = elsewhere();
    let store = open(dir.path()).await;
    std::fs::write(&copy, "mine").unwrap();
    assert!(matches!(store.backup(&copy, false).await, Err(Error::Invalid { .. })));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "mine");
}

#[tokio::test]
async fn what_is_no_copy_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_keep, copy) = elsewhere();
    let store = open(dir.path()).await;
    store.create_account(pool("a", 1)).await.unwrap();
    store.backup(&copy, false).await.unwrap();
    let whole = std::fs::read(&copy).unwrap();
    let mut newer = whole.clone();
    // `user_version` in the header of the file.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    for (bytes, is_newer) in [
        (&b"no database at all"[..], false),
        (&whole[..whole.len() / 2], false),
        (&[], false),
        (&newer, true),
    ] {
        std::fs::write(&copy, bytes).unwrap();
        match restore(&store, &copy).await.unwrap_err() {
            Error::Invalid { field, .. } if !is_newer => assert_eq!(field, "path"),
            Error::NewerSchema { found: 99, .. } if is_newer => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(names(&store).await.len(), 1);
    }
}

#[tokio::test]
async fn another_key_is_needed_and_may_stand_beside_the_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (_keep, copy) = elsewhere();
    let store = open(dir.path()).await;
    store.create_account(pool("a", 1)).await.unwrap();
    let copied = store.backup(&copy, true).await.unwrap();
    let key_file = copied.key_file.expect("the key");
    store.rekey(KeySource::KeyFile).await.unwrap();
    let hidden = key_file.with_extension("hidden");
    std::fs::rename(&key_file, &hidden).unwrap();
    let error = restore(&store, &copy).await.unwrap_err().to_string();
    assert!(error.contains("copy.db.key"), "it says where to put the key: {error}");
    std::fs::rename(&hidden, &key_file).unwrap();
    restore(&store, &copy).await.unwrap();
    let key = store.changes_since(0).await.unwrap().keys[0].id.clone();
    assert!(!store.key_secret(&key).await.unwrap().is_empty());
    // A new process finds the key in its place.
    store.close().await.unwrap();
    let later = open(dir.path()).await;
    assert!(!later.key_secret(&key).await.unwrap().is_empty());
    assert!(!dir.path().join("key.new").exists());
}

#[tokio::test]
async fn tokens_that_are_newer_than_the_copy_stay() {
    let dir = tempfile::tempdir().unwrap();
    let (_keep, copy) = elsewhere();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    store.backup(&copy, false).await.unwrap();
    let id = AccountId::from("a");
    let rotated = NewTokens {
        access: Some(Secret::new("access-2")),
        refresh: Secret::new("refresh-2"),
        expires_at: None,
        refreshed_at: Some(Timestamp(9_000_000_000_000)),
    };
    let patch = AccountPatch { tokens: Some(rotated), ..AccountPatch::default() };
    store.update_account(&id, patch, None).await.unwrap();
    assert_eq!(restore(&store, &copy).await.unwrap().newer_tokens_kept, 1);
    let tokens = crate::ports::TokenStore::tokens(&store, &id).await.unwrap();
    assert_eq!(tokens.refresh.expose(), "refresh-2", "the copy's was spent long ago");
}

#[tokio::test]
async fn every_table_has_its_rule() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let tables: Vec<String> = store
        .read("listing tables", |db| {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'
                       AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
            let mut statement = db.conn.prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
        .await
        .unwrap();
    // A new table is replaced by the copy's unless backup.rs says otherwise: decide, then add it.
    let decided = [
        "account_groups",
        "accounts",
        "api_keys",
        "client_key_spent",
        "client_keys",
        "groups",
        "leases",
        "lineage",
        "logins",
        "meta",
        "refresh_leases",
        "requests",
        "sessions",
        "tombstones",
        "usage_hourly",
    ];
    for table in tables {
        assert!(decided.contains(&table.as_str()), "{table}: what does a restore do with it?");
    }
}
