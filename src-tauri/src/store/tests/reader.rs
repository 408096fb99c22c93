//! Reads that take long, beside writes.

use std::sync::mpsc;
use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::store::fail::Fail;

const PATIENCE: Duration = Duration::from_secs(20);

/// A read that lasts until it is let go, and the news that it began.
fn held(
    store: &Store,
) -> (tokio::task::JoinHandle<Result<i64>>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (began, begins) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let store = store.clone();
    let read = tokio::spawn(async move {
        let read = move |conn: &rusqlite::Connection| -> Result<i64, Fail> {
            let count = "SELECT count(*) FROM accounts";
            let before = conn.query_row(count, [], |row| row.get::<_, i64>(0))?;
            let _ = began.send(());
            let _ = wait.recv_timeout(PATIENCE);
            let after = conn.query_row(count, [], |row| row.get::<_, i64>(0))?;
            assert_eq!(before, after, "it sees one state");
            Ok(after)
        };
        store.read_aside("holding", read).await
    });
    (read, begins, go)
}

async fn began(begins: mpsc::Receiver<()>) {
    let waited = tokio::task::spawn_blocking(move || begins.recv_timeout(PATIENCE));
    waited.await.unwrap().expect("it begins");
}

#[tokio::test]
async fn a_long_read_delays_neither_a_write_nor_a_short_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (read, begins, go) = held(&store);
    began(begins).await;
    let meanwhile = async {
        store.create_account(pool("p", 1)).await.unwrap();
        assert_eq!(store.changes_since(0).await.unwrap().accounts.len(), 1);
    };
    timeout(PATIENCE / 4, meanwhile).await.expect("they do not wait for it");
    assert!(!read.is_finished());
    go.send(()).unwrap();
    assert_eq!(read.await.unwrap().unwrap(), 0, "what it began with");
    // The next one sees what was written before it was asked.
    let count = |conn: &rusqlite::Connection| -> Result<i64, Fail> {
        Ok(conn.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?)
    };
    assert_eq!(store.read_aside("counting", count).await.unwrap(), 1);
}

#[tokio::test]
async fn nothing_can_be_written_there_and_a_panic_hits_its_own_caller_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let delete = |conn: &rusqlite::Connection| -> Result<usize, Fail> {
        Ok(conn.execute("DELETE FROM accounts", [])?)
    };
    let error = store.read_aside("writing", delete).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    let panics = |_: &rusqlite::Connection| -> Result<(), Fail> { panic!("on purpose") };
    let error = store.read_aside("failing", panics).await.unwrap_err();
    assert_eq!(error.kind(), "internal");
    assert_eq!(store.usage(UsageFilter::default()).await.unwrap(), []);
}

#[tokio::test]
async fn closing_ends_the_thread_and_what_waits_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (read, begins, go) = held(&store);
    began(begins).await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.usage(UsageFilter::default()).await })
        })
        .collect();
    go.send(()).unwrap();
    timeout(PATIENCE, store.close()).await.expect("it ends").unwrap();
    let _ = read.await.unwrap();
    for one in waiting {
        match one.await.unwrap() {
            Ok(rows) => assert_eq!(rows, []),
            Err(error) => assert!(["stopping", "store"].contains(&error.kind()), "{error}"),
        }
    }
    let after = store.usage(UsageFilter::default()).await.unwrap_err();
    assert_eq!(after.kind(), "stopping");
}

#[tokio::test]
async fn a_read_without_end_is_broken_off_by_closing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (began_at, begins) = mpsc::channel();
    let endless = move |conn: &rusqlite::Connection| -> Result<i64, Fail> {
        let _ = began_at.send(());
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT count(*) FROM n";
        Ok(conn.query_row(sql, [], |row| row.get(0))?)
    };
    let read = {
        let store = store.clone();
        tokio::spawn(async move { store.read_aside("counting for ever", endless).await })
    };
    began(begins).await;
    timeout(PATIENCE, store.close()).await.expect("it ends").unwrap();
    assert_eq!(read.await.unwrap().unwrap_err().kind(), "store");
}
