//! Pools of keys.

use super::*;
use crate::pool::account::{Cooling, KeyStatus};

fn keys(ids: &[&str]) -> Vec<NewKey> {
    ids.iter().map(|id| new_key(id)).collect()
}

async fn tails(store: &Store, id: &AccountId) -> Vec<KeyId> {
    store.keys(id).await.unwrap().into_iter().map(|it| it.id).collect()
}

#[tokio::test]
async fn keys_are_deduplicated_within_a_pool_and_not_across_pools() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let spaced = NewKey {
        id: KeyId::from("x"),
        secret: Secret::new(" fk-p-0\n"),
        status: KeyStatus::Active,
    };
    let twice = NewKey {
        id: KeyId::from("y"),
        secret: Secret::new("fk-new-key-0123456789"),
        status: KeyStatus::Active,
    };
    let again = NewKey { id: KeyId::from("z"), ..twice.clone() };
    let outcomes =
        store.add_keys(&id, vec![spaced, twice, again], Mode::Append, NOW).await.unwrap();
    let outcome = |id: &str, tail: &str, outcome| KeyOutcome {
        id: KeyId::from(id),
        tail: tail.to_owned(),
        outcome,
    };
    assert_eq!(
        outcomes,
        [
            outcome("p-0", "…", Outcome::Duplicate),
            outcome("y", "…6789", Outcome::Added),
            outcome("y", "…6789", Outcome::Duplicate),
        ]
    );
    let mut other = pool("q", 0);
    other.keys = vec![NewKey {
        id: KeyId::from("q-0"),
        secret: Secret::new("fk-p-0"),
        status: KeyStatus::Active,
    }];
    store.create_account(other).await.unwrap();
    assert_eq!(store.key_secret(&KeyId::from("q-0")).await.unwrap().expose(), "fk-p-0");
    assert_eq!(store.key_secret(&KeyId::from("p-0")).await.unwrap().expose(), "fk-p-0");
}

#[tokio::test]
async fn replacing_keeps_what_is_in_both_with_its_state() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 3)).await.unwrap().id;
    let kept = KeyId::from("p-1");
    store
        .set_key_status(&id, vec![kept.clone()], KeyStatus::Banned, Some("402".to_owned()))
        .await
        .unwrap();
    let before = store.changes_since(0).await.unwrap().revision;
    store.add_keys(&id, keys(&["p-1", "p-9"]), Mode::Replace, NOW).await.unwrap();
    assert_eq!(tails(&store, &id).await, [kept.clone(), KeyId::from("p-9")]);
    assert_eq!(store.keys(&id).await.unwrap()[0].status, KeyStatus::Banned);
    let gone = store.changes_since(before).await.unwrap().gone_keys;
    assert_eq!(gone, [KeyId::from("p-0"), KeyId::from("p-2")]);
}

#[tokio::test]
async fn an_empty_key_adds_none_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let mut new = keys(&["a", "b"]);
    new[1].secret = Secret::new(" ");
    let error = store.add_keys(&id, new, Mode::Append, NOW).await.unwrap_err();
    assert!(matches!(&error, Error::Invalid { field, .. } if field == "api_keys[1]"), "{error:?}");
    assert_eq!(tails(&store, &id).await, [KeyId::from("p-0")]);
}

#[tokio::test]
async fn only_a_pool_has_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let error = store.add_keys(&id, keys(&["k"]), Mode::Append, NOW).await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
}

#[tokio::test]
async fn a_pool_without_an_active_key_says_so_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let made = store.create_account(pool("p", 0)).await.unwrap();
    assert_eq!((made.status, made.error.as_deref()), (Status::NoKeys, Some("it has no key")));
    store.add_keys(&made.id, keys(&["k"]), Mode::Append, NOW).await.unwrap();
    assert_eq!(store.account(&made.id).await.unwrap().status, Status::Active);
    let key = KeyId::from("k");
    store.set_key_status(&made.id, vec![key.clone()], KeyStatus::Disabled, None).await.unwrap();
    let stopped = store.account(&made.id).await.unwrap();
    assert_eq!(
        (stopped.status, stopped.error.as_deref()),
        (Status::NoKeys, Some("none of its 1 keys is active"))
    );
    store.set_key_status(&made.id, vec![key.clone()], KeyStatus::Active, None).await.unwrap();
    let again = store.account(&made.id).await.unwrap();
    assert_eq!((again.status, again.error), (Status::Active, None));
}

#[tokio::test]
async fn activating_a_key_ends_its_pause_and_keeps_its_counters() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let key = KeyId::from("p-0");
    store
        .update_health(&id, Some(key.clone()), |row| {
            let key = row.key.as_mut().unwrap();
            key.status = KeyStatus::Error;
            key.health.successes = 5;
            key.health.strikes = vec![NOW];
            key.health.cooling =
                Some(Cooling { until: NOW, reason: "401".to_owned(), probed: false });
        })
        .await
        .unwrap();
    let active =
        store.set_key_status(&id, vec![key.clone()], KeyStatus::Active, None).await.unwrap();
    assert_eq!(active[0].status, KeyStatus::Active);
    assert_eq!(active[0].health, Health { successes: 5, ..Health::default() });
}

#[tokio::test]
async fn keys_are_removed_by_id_or_hash() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 3)).await.unwrap().id;
    store.create_account(pool("q", 1)).await.unwrap();
    let removed = store
        .remove_keys(
            &id,
            vec![
                KeyRef::Id(KeyId::from("p-0")),
                KeyRef::Hash(Secret::new("fk-p-2").fingerprint()),
                KeyRef::Id(KeyId::from("never")),
                KeyRef::Id(KeyId::from("q-0")),
            ],
        )
        .await
        .unwrap();
    assert_eq!(removed, [KeyId::from("p-0"), KeyId::from("p-2")]);
    assert_eq!(tails(&store, &id).await, [KeyId::from("p-1")]);
    assert_eq!(tails(&store, &AccountId::from("q")).await, [KeyId::from("q-0")]);
}
