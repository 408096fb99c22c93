//! What traffic writes: health, sessions, leases, usage; and sign-ins.

use std::time::Duration;

use droid_protocol::event::Usage;

use super::*;
use crate::ids::{ClientKeyId, LeaseId, LoginId, OwnerId};
use crate::owner::Owner;
use crate::pool::account::KeyStatus;

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn a_decision_sees_the_account_its_key_and_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 3)).await.unwrap().id;
    let other = KeyId::from("p-2");
    store.set_key_status(&id, vec![other.clone()], KeyStatus::Banned, None).await.unwrap();
    let before = store.changes_since(0).await.unwrap().revision;
    let (account, key) = store
        .update_health(&id, Some(KeyId::from("p-0")), |row| {
            assert!(row.another_is_active);
            row.key.as_mut().unwrap().status = KeyStatus::Error;
            row.status = Status::Error;
            row.error = Some("why".to_owned());
        })
        .await
        .unwrap();
    assert_eq!(account.status, Status::Error);
    assert_eq!(key.unwrap().status, KeyStatus::Error);
    let changes = store.changes_since(before).await.unwrap();
    assert_eq!((changes.accounts.len(), changes.keys.len()), (1, 1));
    let last = |row: &mut HealthRow| assert!(!row.another_is_active);
    store.update_health(&id, Some(KeyId::from("p-1")), last).await.unwrap();
}

#[tokio::test]
async fn a_decision_that_changes_nothing_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 2)).await.unwrap().id;
    let before = store.changes_since(0).await.unwrap();
    store.update_health(&id, Some(KeyId::from("p-0")), |_| {}).await.unwrap();
    store.update_all_health(&id, |_, _| {}).await.unwrap();
    assert_eq!(store.changes_since(0).await.unwrap(), before);
}

#[tokio::test]
async fn a_reset_reaches_every_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 3)).await.unwrap().id;
    let (_, keys) = store
        .update_all_health(&id, |_, keys| {
            for key in keys {
                key.health.streak = 4;
            }
        })
        .await
        .unwrap();
    assert!(keys.iter().all(|it| it.health.streak == 4));
    assert_eq!(store.keys(&id).await.unwrap(), keys);
}

#[tokio::test]
async fn a_panicking_decision_is_an_error_and_undone_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let before = store.account(&id).await.unwrap();
    let failed = store
        .update_health(&id, None, |row| {
            row.health.streak = 9;
            panic!("a defect");
        })
        .await;
    assert!(matches!(failed, Err(Error::Internal(_))), "{failed:?}");
    assert_eq!(store.account(&id).await.unwrap(), before);
}

fn session(account: &str, expires_at: Timestamp) -> SessionRow {
    SessionRow {
        sticky_key: "s".to_owned(),
        account_id: AccountId::from(account),
        key_id: None,
        expires_at,
    }
}

#[tokio::test]
async fn the_first_binding_of_a_session_wins_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    for id in ["a", "b"] {
        here.create_account(signed_in(id)).await.unwrap();
    }
    let first = session("a", later(10));
    assert_eq!(here.bind_session(first.clone(), None, NOW).await.unwrap(), first);
    let second = session("b", later(20));
    assert_eq!(there.bind_session(second.clone(), None, NOW).await.unwrap(), first);
    assert_eq!(there.session("s", NOW).await.unwrap(), Some(first));
    assert_eq!(there.session("s", later(10)).await.unwrap(), None);
    assert_eq!(there.bind_session(second.clone(), None, later(10)).await.unwrap(), second);
    let third = session("a", later(30));
    let (a, b) = (AccountId::from("a"), AccountId::from("b"));
    let from_a = here.bind_session(third.clone(), Some((&a, None)), NOW).await.unwrap();
    assert_eq!(from_a, second, "it is not there any more");
    let from_b = here.bind_session(third.clone(), Some((&b, None)), NOW).await.unwrap();
    assert_eq!(from_b, third);
}

#[tokio::test]
async fn a_touched_session_lasts_longer_and_never_shorter() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    store.bind_session(session("a", later(10)), None, NOW).await.unwrap();
    store.touch_session("s", later(20));
    store.touch_session("s", later(15));
    store.touch_session("unknown", later(15));
    store.flush().await.unwrap();
    assert_eq!(store.session("s", NOW).await.unwrap(), Some(session("a", later(20))));
    store.sweep(later(20)).await.unwrap();
    assert_eq!(store.session("s", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_go_with_their_account_or_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 2)).await.unwrap().id;
    let row = SessionRow { key_id: Some(KeyId::from("p-0")), ..session("p", later(10)) };
    store.bind_session(row.clone(), None, NOW).await.unwrap();
    store.remove_keys(&id, vec![KeyRef::Id(KeyId::from("p-0"))]).await.unwrap();
    assert_eq!(store.session("s", NOW).await.unwrap(), None);
    assert!(store.bind_session(row, None, NOW).await.is_err(), "the key is gone");
}

#[tokio::test]
async fn touches_are_counted_once_each_and_written_on_close() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let key = KeyId::from("p-0");
    for seconds in [3, 9, 5] {
        store.touch(&id, Some(&key), later(seconds));
    }
    store.touch(&AccountId::from("gone"), None, NOW);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    let account = store.account(&id).await.unwrap();
    assert_eq!((account.uses, account.last_used_at), (3, Some(later(9))));
    let key = &store.keys(&id).await.unwrap()[0];
    assert_eq!((key.uses, key.last_used_at), (3, Some(later(9))));
}

#[tokio::test]
async fn touches_are_written_by_themselves_within_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    let id = here.create_account(signed_in("a")).await.unwrap().id;
    let begun = tokio::time::Instant::now();
    here.touch(&id, None, NOW);
    while there.account(&id).await.unwrap().uses == 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "it was never written");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn lease(id: &str, owner: Option<&OwnerId>, created_at: Timestamp) -> LeaseRow {
    LeaseRow {
        id: LeaseId::from(id),
        account_id: AccountId::from("a"),
        key_id: None,
        model: "m".to_owned(),
        owner: owner.cloned(),
        created_at,
        expires_at: created_at.plus(Duration::from_secs(10)),
    }
}

#[tokio::test]
async fn leases_are_limited_across_processes() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    here.create_account(signed_in("a")).await.unwrap();
    assert!(here.take_lease(lease("1", None, NOW), 2).await.unwrap());
    assert!(there.take_lease(lease("2", None, NOW), 2).await.unwrap());
    assert!(!here.take_lease(lease("3", None, NOW), 2).await.unwrap());
    assert!(here.take_lease(lease("4", None, NOW), 0).await.unwrap(), "0 is no limit");
    assert_eq!(there.live_leases(NOW).await.unwrap(), [(AccountId::from("a"), 3)]);
    let dropped = there.drop_lease(&LeaseId::from("1")).await.unwrap();
    assert_eq!(dropped, Some(lease("1", None, NOW)));
    assert_eq!(here.drop_lease(&LeaseId::from("1")).await.unwrap(), None);
}

#[tokio::test]
async fn overdue_leases_and_those_of_dead_processes_do_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    let owner = Owner::claim(&store.run_dir(), &Rand::seeded(1)).unwrap();
    let dead = OwnerId::from("dead");
    assert!(store.take_lease(lease("dead", Some(&dead), NOW), 1).await.unwrap());
    assert_eq!(store.live_leases(NOW).await.unwrap(), []);
    assert!(store.take_lease(lease("mine", Some(owner.id()), NOW), 1).await.unwrap());
    assert!(!store.take_lease(lease("no", None, later(9)), 1).await.unwrap());
    assert_eq!(store.live_leases(NOW).await.unwrap(), [(AccountId::from("a"), 1)]);
    assert!(store.take_lease(lease("next", None, later(10)), 1).await.unwrap());
    store.sweep(later(10)).await.unwrap();
    assert_eq!(store.drop_lease(&LeaseId::from("mine")).await.unwrap(), None, "it was swept");
}

#[tokio::test]
async fn a_lease_outlives_its_process_once_that_hands_it_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    let owner = Owner::claim(&store.run_dir(), &Rand::seeded(1)).unwrap();
    assert!(store.take_lease(lease("kept", Some(owner.id()), NOW), 9).await.unwrap());
    store.disown_leases(owner.id()).await.unwrap();
    assert!(store.take_lease(lease("lost", Some(owner.id()), NOW), 9).await.unwrap());
    drop(owner);
    assert_eq!(store.live_leases(NOW).await.unwrap(), [(AccountId::from("a"), 1)]);
    assert!(store.drop_lease(&LeaseId::from("kept")).await.unwrap().is_some());
}

#[tokio::test]
async fn who_does_not_name_a_lease_gives_the_oldest_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let account = store.create_account(signed_in("a")).await.unwrap().id;
    for (id, at) in [("young", later(2)), ("old", later(1))] {
        assert!(store.take_lease(lease(id, None, at), 9).await.unwrap());
    }
    for expected in [Some("old"), Some("young"), None] {
        let dropped = store.drop_oldest_lease(&account).await.unwrap().map(|it| it.id);
        assert_eq!(dropped, expected.map(LeaseId::from));
    }
}

#[tokio::test]
async fn what_is_over_is_swept_once_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    let hour = |n: u64| NOW.plus(Duration::from_secs(3600 * n));
    let left =
        async || store.usage(UsageFilter::default()).await.unwrap().first().map(|it| it.requests);
    store.record_usage(usage(NOW, "m")).await.unwrap();
    store.bind_session(session("a", hour(1)), None, NOW).await.unwrap();
    assert!(store.sweep_if_due(hour(1), NOW, NOW).await.unwrap());
    let sessions = "SELECT count(*) FROM sessions";
    let count = async || {
        store
            .read("counting", |db| Ok(db.conn.query_row(sessions, [], |it| it.get::<_, u32>(0))?))
            .await
    };
    assert_eq!((count().await.unwrap(), left().await), (0, Some(1)));
    assert!(
        !store.sweep_if_due(hour(2).minus(Duration::from_millis(1)), hour(9), NOW).await.unwrap()
    );
    assert_eq!(left().await, Some(1));
    assert!(store.sweep_if_due(hour(2), hour(9), NOW).await.unwrap());
    assert_eq!(left().await, None);
    assert!(store.sweep_if_due(hour(1), NOW, NOW).await.unwrap(), "a clock that was set back");
}

fn usage(hour: Timestamp, model: &str) -> UsageRow {
    UsageRow {
        hour,
        account_id: AccountId::from("p"),
        key_id: Some(KeyId::from("p-0")),
        client_key_id: Some(ClientKeyId::from("c")),
        model: model.to_owned(),
        outcome: "ok".to_owned(),
        usage: Usage {
            input_tokens: 1,
            output_tokens: 2,
            cache_read_tokens: 4,
            cache_write_5m_tokens: 8,
            cache_write_1h_tokens: 16,
            reasoning_tokens: 1,
        },
        cost: 1000,
        latency_ms: 100,
        first_token_ms: Some(10),
    }
}

#[tokio::test]
async fn usage_adds_up_by_hour_and_to_account_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let hour = Timestamp(NOW.0 - NOW.0.rem_euclid(3_600_000));
    for row in [
        usage(hour, "m"),
        usage(hour.plus(Duration::from_secs(3599)), "m"),
        UsageRow { first_token_ms: None, key_id: None, ..usage(hour, "n") },
        usage(hour.plus(Duration::from_secs(3600)), "m"),
    ] {
        store.record_usage(row).await.unwrap();
    }
    assert_eq!(store.account(&id).await.unwrap().tokens_used, 4 * 31);
    assert_eq!(store.keys(&id).await.unwrap()[0].tokens_used, 3 * 31);

    let all = store.usage(UsageFilter::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].requests, all[0].latency_ms), (4, 400));
    assert_eq!((all[0].first_token_ms, all[0].first_tokens), (30, 3));
    assert_eq!(all[0].usage.cache_write_1h_tokens, 64);
    assert_eq!((&all[0].start, &all[0].model), (&None, &None));

    let filter = UsageFilter {
        until: Some(hour.plus(Duration::from_secs(3600))),
        by: vec![UsageBy::Hour, UsageBy::Model, UsageBy::Key],
        ..UsageFilter::default()
    };
    let rows = store.usage(filter).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|it| (it.start, it.key_id.clone(), it.model.as_deref(), it.requests))
        .collect();
    assert_eq!(
        rows,
        [(Some(hour), None, Some("n"), 1), (Some(hour), Some(KeyId::from("p-0")), Some("m"), 2),]
    );
    let filter = UsageFilter { model: Some("n".to_owned()), ..UsageFilter::default() };
    assert_eq!(store.usage(filter).await.unwrap()[0].requests, 1);
    let none = UsageFilter { outcome: Some("error".to_owned()), ..UsageFilter::default() };
    assert_eq!(store.usage(none).await.unwrap(), []);

    // Usage outlives the account and is forgotten by age.
    store.delete_account(&id).await.unwrap();
    assert_eq!(store.sweep_usage(hour.plus(Duration::from_secs(3600))).await.unwrap(), 2);
    assert_eq!(store.usage(UsageFilter::default()).await.unwrap()[0].requests, 1);
}

fn login(id: &str) -> LoginRow {
    LoginRow {
        id: LoginId::from(id),
        flow: "device".to_owned(),
        secret: Secret::new(r#"{"device_code":"dc"}"#),
        created_at: NOW,
        expires_at: later(600),
        next_poll_at: later(5),
        interval: Duration::from_secs(5),
        state: LoginState::Pending,
        credential_id: None,
    }
}

#[tokio::test]
async fn a_sign_in_is_kept_changed_and_ended_once() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    here.save_login(login("l")).await.unwrap();
    let id = LoginId::from("l");
    assert_eq!(there.login(&id).await.unwrap(), login("l"));
    let patch = LoginPatch {
        next_poll_at: Some(later(9)),
        interval: Some(Duration::from_secs(10)),
        ..LoginPatch::default()
    };
    there.update_login(&id, patch).await.unwrap();
    let row = here.login(&id).await.unwrap();
    let expected =
        LoginRow { next_poll_at: later(9), interval: Duration::from_secs(10), ..login("l") };
    assert_eq!(row, expected);

    assert!(here.finish_login(&id, LoginState::Exchanging).await.unwrap());
    assert!(!there.finish_login(&id, LoginState::Exchanging).await.unwrap());
    assert_eq!(here.login(&id).await.unwrap().secret, login("l").secret);
    let ended = tokio::join!(
        here.finish_login(&id, LoginState::Denied),
        there.finish_login(&id, LoginState::Cancelled)
    );
    assert_ne!(ended.0.unwrap(), ended.1.unwrap(), "exactly one ends it");
    assert!(here.login(&id).await.unwrap().secret.is_empty());
    let error = here.update_login(&id, LoginPatch::default()).await.unwrap_err();
    assert!(matches!(error, Error::LoginOver { .. }), "{error:?}");
}

#[tokio::test]
async fn an_account_and_the_end_of_its_sign_in_are_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.save_login(login("l")).await.unwrap();
    let id = LoginId::from("l");
    let from_login = |name: &str| NewAccount { login: Some(id.clone()), ..signed_in(name) };
    store.create_account(from_login("a")).await.unwrap();
    let row = store.login(&id).await.unwrap();
    assert_eq!((row.state, row.credential_id), (LoginState::Done, Some(AccountId::from("a"))));
    let error = store.create_account(from_login("b")).await.unwrap_err();
    assert!(matches!(error, Error::LoginOver { .. }), "{error:?}");
    assert!(store.account(&AccountId::from("b")).await.is_err());
    store.sweep(later(600 + 24 * 3600)).await.unwrap();
    assert!(store.login(&id).await.is_err());
}
