//! The folder and its files: modes, damage, fullness, schemas.

use std::fs;

use super::*;
use crate::store::db::Db;
use crate::store::fail::Fail;

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("droid.db")
}

async fn open_error(dir: &Path) -> Error {
    Store::open(options(dir)).await.unwrap_err()
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_anything() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("made").join("here");
    let store = open(&data).await;
    store.create_account(signed_in("a")).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    for name in ["droid.db", "droid.db-wal", "droid.db-shm", "key"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    store.close().await.unwrap();
    // A restored backup may be readable by all.
    fs::set_permissions(database(&data), fs::Permissions::from_mode(0o644)).unwrap();
    open(&data).await;
    assert_eq!(mode(&database(&data)), 0o600);
}

#[tokio::test]
async fn no_secret_is_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let proxy = Some(Secret::new("http://u:canary-proxy@h:1"));
    store.create_account(NewAccount { proxy, ..signed_in("canary") }).await.unwrap();
    store.create_account(pool("canary-pool", 2)).await.unwrap();
    store.close().await.unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            for canary in ["refresh-canary", "access-canary", "canary-proxy", "fk-canary-pool"] {
                let found = bytes.windows(canary.len()).any(|it| it == canary.as_bytes());
                assert!(!found, "{canary} in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "mine").unwrap();
    for path in [path.clone(), path.join("below")] {
        let error = open_error(&path).await;
        assert!(matches!(error, Error::Data { .. }), "{error:?}");
        assert!(error.to_string().contains("a file is in the way"), "{error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    // Nobody, not even root, makes files there.
    let error = open_error(Path::new("/proc/droid-provider")).await;
    assert!(matches!(error, Error::Data { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with("/proc/droid-provider: the folder cannot be made"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left() {
    let dir = tempfile::tempdir().unwrap();
    let garbage = "this is not a database ".repeat(500);
    fs::write(database(dir.path()), &garbage).unwrap();
    let error = open_error(dir.path()).await;
    assert!(matches!(error, Error::Data { .. }), "{error:?}");
    assert!(error.to_string().contains("damaged and was left as it is"), "{error}");
    assert_eq!(fs::read_to_string(database(dir.path())).unwrap(), garbage);
    assert!(!dir.path().join("key").exists());
}

#[tokio::test]
async fn a_damaged_page_is_told_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for index in 0..200 {
        store.create_account(signed_in(&format!("account-{index}"))).await.unwrap();
    }
    store.close().await.unwrap();
    let path = database(dir.path());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    // The first pages stay, so that it opens.
    let start = 4096 * 4;
    bytes[start..].fill(0xA5);
    fs::write(&path, &bytes).unwrap();
    let error = match Store::open(options(dir.path())).await {
        Ok(store) => store.changes_since(0).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, Error::Data { .. }), "{error:?}");
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await.unwrap();
    let conn = rusqlite::Connection::open(database(dir.path())).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    let error = open_error(dir.path()).await;
    assert!(matches!(error, Error::NewerSchema { found: 99, known: 2 }), "{error:?}");
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(found, 99);
}

/// A database as the first schema left it, with an account in it.
async fn of_the_first_schema(dir: &Path) {
    let store = open(dir).await;
    store.create_account(signed_in("a")).await.unwrap();
    let newest = dir.join("newest.db");
    store.backup(&newest, false).await.unwrap();
    store.close().await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(dir.join(format!("droid.db{end}")));
    }
    let conn = rusqlite::Connection::open(database(dir)).unwrap();
    conn.execute_batch(include_str!("../migrations/001_start.sql")).unwrap();
    conn.execute("ATTACH ?1 AS newest", [newest.to_string_lossy()]).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for table in list("SELECT name FROM main.sqlite_master WHERE type = 'table'") {
        let columns = list(&format!("SELECT name FROM pragma_table_info('{table}')")).join(", ");
        let sql = format!(
            "INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table}"
        );
        conn.execute_batch(&sql).unwrap();
    }
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.execute_batch("DETACH newest").unwrap();
    fs::remove_file(newest).unwrap();
}

#[tokio::test]
async fn a_schema_is_changed_after_a_copy_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    of_the_first_schema(dir.path()).await;
    // Two processes at once: one changes it, and the copy is of before in any case.
    let (one, other) =
        tokio::join!(Store::open(options(dir.path())), Store::open(options(dir.path())));
    for store in [one.unwrap(), other.unwrap()] {
        assert_eq!(store.changes_since(0).await.unwrap().accounts.len(), 1);
        assert!(store.damaged_secrets().await.unwrap().is_empty());
        store.close().await.unwrap();
    }
    let copies: Vec<_> = fs::read_dir(dir.path().join("backups"))
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(copies, ["schema-1.db"]);
    let copy = dir.path().join("backups").join("schema-1.db");
    let conn = rusqlite::Connection::open(&copy).unwrap();
    let schema: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let accounts: i64 =
        conn.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0)).unwrap();
    assert_eq!((schema, accounts), (1, 1));
    drop(conn);
    // And it can be given back.
    let store = open(dir.path()).await;
    assert_eq!(store.restore(&copy, None, "back").await.unwrap().accounts, 1);
}

/// Every older schema leads to the newest; schema 0 is an empty file.
#[tokio::test]
async fn an_empty_file_becomes_the_newest_schema() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(database(dir.path()), "").unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    let conn = rusqlite::Connection::open(database(dir.path())).unwrap();
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(found, migrations::newest());
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("before")).await.unwrap();
    limit_pages(&store, true).await;
    let before = store.changes_since(0).await.unwrap();
    let mut n_refused = 0;
    let mut kept = vec![AccountId::from("before")];
    for index in 0..20 {
        let id = format!("p{index}");
        match store.create_account(pool(&id, 20)).await {
            Ok(made) => kept.push(made.id),
            Err(error) => {
                n_refused += 1;
                assert!(matches!(error, Error::Data { .. }), "{error:?}");
                assert!(error.to_string().contains("the disk is full"), "{error}");
            }
        }
    }
    assert!(n_refused > 0);
    let accounts = store.changes_since(0).await.unwrap().accounts;
    let mut found: Vec<AccountId> = accounts.into_iter().map(|it| it.id).collect();
    found.sort();
    kept.sort();
    assert_eq!(found, kept);
    assert!(before.revision <= store.changes_since(0).await.unwrap().revision);

    // With room again it goes on.
    limit_pages(&store, false).await;
    store.create_account(pool("after", 20)).await.unwrap();
    store.close().await.unwrap();
    let conn = rusqlite::Connection::open(database(dir.path())).unwrap();
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

/// SQLite answers `SQLITE_FULL` when a file may not grow, as it does when the disk is full.
async fn limit_pages(store: &Store, limited: bool) {
    let set = move |db: &Db| -> Result<(), Fail> {
        let n_pages: i64 = db.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let most = if limited { n_pages } else { 1_000_000 };
        let sql = format!("PRAGMA max_page_count = {most}");
        db.conn.query_row(&sql, [], |_| Ok(()))?;
        Ok(())
    };
    store.read("limiting the file", set).await.unwrap();
}
