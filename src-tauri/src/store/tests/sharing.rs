//! Several stores on one folder; many jobs in one transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::ids::LeaseId;

#[test]
fn eight_threads_on_two_stores_lose_no_update() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 40;
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let stores = runtime.block_on(async { [open(dir.path()).await, open(dir.path()).await] });
    let id = runtime.block_on(stores[0].create_account(pool("p", 2))).unwrap().id;
    std::thread::scope(|scope| {
        for (index, store) in (0..THREADS).zip(stores.iter().cycle()) {
            let (id, runtime) = (&id, &runtime);
            let key = KeyId::from(format!("p-{}", index % 2));
            scope.spawn(move || {
                runtime.block_on(async {
                    for _ in 0..ROUNDS {
                        let both = |row: &mut HealthRow| {
                            row.health.successes += 1;
                            row.key.as_mut().unwrap().health.failures += 1;
                        };
                        store.update_health(id, Some(key.clone()), both).await.unwrap();
                        store.touch(id, Some(&key), NOW);
                    }
                    store.flush().await.unwrap();
                });
            });
        }
    });
    runtime.block_on(async {
        let account = stores[1].account(&id).await.unwrap();
        assert_eq!(account.health.successes, THREADS * ROUNDS);
        assert_eq!(account.uses, THREADS * ROUNDS);
        for key in stores[0].keys(&id).await.unwrap() {
            assert_eq!((key.health.failures, key.uses), (4 * ROUNDS, 4 * ROUNDS));
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_holds_against_a_race() {
    let dir = tempfile::tempdir().unwrap();
    let stores = [open(dir.path()).await, open(dir.path()).await];
    stores[0].create_account(signed_in("a")).await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|index| {
            let store = stores[index % 2].clone();
            let lease = LeaseRow {
                id: LeaseId::from(format!("{index}")),
                account_id: AccountId::from("a"),
                key_id: None,
                model: "m".to_owned(),
                owner: None,
                created_at: NOW,
                expires_at: NOW.plus(Duration::from_secs(9)),
            };
            tokio::spawn(async move { store.take_lease(lease, 7).await.unwrap() })
        })
        .collect();
    let mut n_taken = 0;
    for task in tasks {
        n_taken += u32::from(task.await.unwrap());
    }
    assert_eq!(n_taken, 7);
}

/// Another connection reads: it sees only what was committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_after_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let tasks: Vec<_> = (0..100)
        .map(|index| {
            let (store, path) = (store.clone(), dir.path().join("droid.db"));
            tokio::spawn(async move {
                let made = store.create_account(signed_in(&format!("{index}"))).await.unwrap();
                let conn = rusqlite::Connection::open(path).unwrap();
                let sql = "SELECT count(*) FROM accounts WHERE id = ?1";
                conn.query_row(sql, [made.id.as_str()], |row| row.get::<_, i64>(0)).unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn one_failed_job_of_a_batch_undoes_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (first, second, third) = tokio::join!(
        store.create_account(signed_in("a")),
        store.create_account(NewAccount { account: account("b", Kind::Manual), ..signed_in("a") }),
        store.create_account(signed_in("c")),
    );
    assert!(first.is_ok() && third.is_ok());
    assert!(matches!(second, Err(Error::Invalid { .. })), "{second:?}");
    assert_eq!(store.changes_since(0).await.unwrap().accounts.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_does_not_wait_for_another_process_that_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let conn = rusqlite::Connection::open(dir.path().join("droid.db")).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE; UPDATE accounts SET name = 'x'").unwrap();
    // The lock is held until these have answered.
    let account = store.account(&id).await.unwrap();
    assert_eq!(account.name, "name of a");
    store.changes_since(0).await.unwrap();
    store.data_version().await.unwrap();
    conn.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_waits_for_another_process_that_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let conn = rusqlite::Connection::open(dir.path().join("droid.db")).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE; UPDATE accounts SET priority = 7").unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let task = tokio::spawn({
        let (store, done) = (store.clone(), Arc::clone(&done));
        async move {
            let answer = store.update_health(&id, None, |row| row.health.streak = 1).await;
            done.store(true, Ordering::SeqCst);
            answer
        }
    });
    // Long enough for a write that does not wait to be caught.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!done.load(Ordering::SeqCst));
    conn.execute_batch("COMMIT").unwrap();
    let (account, _) = task.await.unwrap().unwrap();
    assert_eq!((account.priority, account.health.streak), (7, 1));
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let other = store.clone();
    store.close().await.unwrap();
    assert!(matches!(other.changes_since(0).await, Err(Error::Stopping)));
    other.close().await.unwrap();
}

#[test]
fn eight_processes_may_make_the_store_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new");
    std::thread::scope(|scope| {
        for index in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let store = open(path).await;
                    store.create_account(signed_in(&format!("{index}"))).await.unwrap();
                    store.close().await.unwrap();
                });
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = open(&path).await;
        assert_eq!(store.changes_since(0).await.unwrap().accounts.len(), 8);
        // All of them sealed with the one key.
        assert_eq!(store.damaged_secrets().await.unwrap(), Vec::<String>::new());
    });
}
