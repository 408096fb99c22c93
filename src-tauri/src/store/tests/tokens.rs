//! Tokens and the right to refresh them.

use super::*;
use crate::ids::OwnerId;
use crate::owner::Owner;
use crate::ports::{RefreshLease, TokenPair, TokenStore};

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

fn pair(name: &str) -> TokenPair {
    TokenPair {
        access: Secret::new(format!("access-{name}")),
        refresh: Secret::new(format!("refresh-{name}")),
        expires_at: LATER,
        organization_id: None,
        user_id: Some("user".to_owned()),
        owner_email: None,
        owner_name: None,
    }
}

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    id: AccountId,
    owner: Owner,
}

async fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(signed_in("a")).await.unwrap().id;
    let owner = claim(&store);
    Bench { dir, store, id, owner }
}

fn claim(store: &Store) -> Owner {
    Owner::claim(&store.run_dir(), &Rand::from_system().unwrap()).unwrap()
}

fn is_taken(lease: &RefreshLease) -> bool {
    matches!(lease, RefreshLease::Taken(_))
}

#[tokio::test]
async fn a_refreshed_pair_is_found_again_and_its_line_is_remembered() {
    let Bench { dir, store, id, owner } = bench().await;
    let lease = store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap();
    assert!(is_taken(&lease));
    store.save_refreshed(&id, owner.id(), &pair("b"), NOW).await.unwrap();
    store.close().await.unwrap();

    let store = open(dir.path()).await;
    let tokens = store.tokens(&id).await.unwrap();
    assert_eq!(tokens.access, Some(Secret::new("access-b")));
    assert_eq!(tokens.refresh, Secret::new("refresh-b"));
    assert_eq!((tokens.expires_at, tokens.last_refresh_at), (Some(LATER), Some(NOW)));
    let account = store.account(&id).await.unwrap();
    assert_eq!(account.user_id.as_deref(), Some("user"));
    assert_eq!((account.token_expires_at, account.last_refresh_at), (Some(LATER), Some(NOW)));
    for text in ["refresh-a", "refresh-b"] {
        let found = store.find_by_lineage(&Secret::new(text).fingerprint()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&id), "{text}");
    }
    // The lease went with it.
    let other = claim(&store);
    assert!(is_taken(&store.take_refresh_lease(&id, other.id(), NOW, LATER).await.unwrap()));
}

#[tokio::test]
async fn a_living_flight_is_respected_until_its_deadline() {
    let Bench { dir, store, id, owner } = bench().await;
    let there = open(dir.path()).await;
    let other = claim(&there);
    assert!(is_taken(&store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap()));
    let held = there.take_refresh_lease(&id, other.id(), NOW, LATER).await.unwrap();
    let RefreshLease::Held { until, tokens } = held else { panic!("{held:?}") };
    assert_eq!((until, tokens.refresh), (LATER, Secret::new("refresh-a")));
    assert!(is_taken(&there.take_refresh_lease(&id, other.id(), LATER, LATER).await.unwrap()));
}

#[tokio::test]
async fn a_dead_process_holds_nothing() {
    let Bench { store, id, owner, .. } = bench().await;
    assert!(is_taken(&store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap()));
    drop(owner);
    let other = claim(&store);
    assert!(is_taken(&store.take_refresh_lease(&id, other.id(), NOW, LATER).await.unwrap()));
}

#[tokio::test]
async fn a_lease_given_up_is_free() {
    let Bench { store, id, owner, .. } = bench().await;
    assert!(is_taken(&store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap()));
    store.drop_refresh_lease(&id, owner.id()).await.unwrap();
    let other = claim(&store);
    assert!(is_taken(&store.take_refresh_lease(&id, other.id(), NOW, LATER).await.unwrap()));
}

#[tokio::test]
async fn an_overdue_flight_does_not_overwrite_a_newer_sign_in() {
    let Bench { store, id, owner, .. } = bench().await;
    assert!(is_taken(&store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap()));
    let tokens = signed_in("person").tokens;
    let patch = AccountPatch { tokens, ..AccountPatch::default() };
    store.update_account(&id, patch, None).await.unwrap();
    store.save_refreshed(&id, owner.id(), &pair("overdue"), NOW).await.unwrap();
    assert_eq!(store.tokens(&id).await.unwrap().refresh, Secret::new("refresh-person"));
}

#[tokio::test]
async fn an_overdue_flight_still_saves_its_pair_while_nobody_has_a_newer_one() {
    let Bench { store, id, owner, .. } = bench().await;
    assert!(is_taken(&store.take_refresh_lease(&id, owner.id(), NOW, LATER).await.unwrap()));
    let other = claim(&store);
    let much_later = LATER.plus(std::time::Duration::from_secs(60));
    assert!(is_taken(&store.take_refresh_lease(&id, other.id(), LATER, much_later).await.unwrap()));
    store.save_refreshed(&id, owner.id(), &pair("late"), LATER).await.unwrap();
    assert_eq!(store.tokens(&id).await.unwrap().refresh, Secret::new("refresh-late"));
    // The one who took over is refused the spent token and must not condemn the account.
    let spent = Secret::new("refresh-a").fingerprint();
    assert!(!store.mark_needs_login(&id, other.id(), &spent, "invalid_grant").await.unwrap());
    assert_eq!(store.account(&id).await.unwrap().status, Status::Active);
}

#[tokio::test]
async fn needs_login_is_marked_for_the_spent_token_only_and_ended_by_new_tokens() {
    let Bench { store, id, owner, .. } = bench().await;
    let other = Secret::new("refresh-other").fingerprint();
    assert!(!store.mark_needs_login(&id, owner.id(), &other, "no").await.unwrap());
    let current = Secret::new("refresh-a").fingerprint();
    assert!(store.mark_needs_login(&id, owner.id(), &current, "it is spent").await.unwrap());
    let marked = store.account(&id).await.unwrap();
    assert_eq!((marked.status, marked.error.as_deref()), (Status::NeedsLogin, Some("it is spent")));
    assert_eq!(store.tokens(&id).await.unwrap().needs_login.as_deref(), Some("it is spent"));

    let patch = AccountPatch { tokens: signed_in("new").tokens, ..AccountPatch::default() };
    let revived = store.update_account(&id, patch, None).await.unwrap();
    assert_eq!((revived.status, revived.error), (Status::Active, None));

    let current = Secret::new("refresh-new").fingerprint();
    assert!(store.mark_needs_login(&id, owner.id(), &current, "again").await.unwrap());
    store.save_refreshed(&id, owner.id(), &pair("late"), NOW).await.unwrap();
    assert_eq!(store.account(&id).await.unwrap().status, Status::Active);
}

#[tokio::test]
async fn a_pool_of_keys_has_no_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.create_account(pool("p", 1)).await.unwrap().id;
    let error = store.tokens(&id).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    let error = store.take_refresh_lease(&id, &OwnerId::from("o"), NOW, LATER).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}

/// The database is altered behind the store's back.
#[tokio::test]
async fn swapped_or_emptied_tokens_are_damaged_and_never_used() {
    for tampering in [
        "UPDATE accounts SET refresh = (SELECT refresh FROM accounts WHERE id = 'b') WHERE id = 'a'",
        "UPDATE accounts SET refresh = access WHERE id = 'a'",
        "UPDATE accounts SET refresh = '' WHERE id = 'a'",
        "UPDATE accounts SET refresh = substr(refresh, 1, length(refresh) - 2) WHERE id = 'a'",
        "UPDATE accounts SET access = refresh WHERE id = 'a'",
    ] {
        let Bench { dir, store, id, .. } = bench().await;
        store.create_account(signed_in("b")).await.unwrap();
        let conn = rusqlite::Connection::open(dir.path().join("droid.db")).unwrap();
        assert_eq!(conn.execute(tampering, []).unwrap(), 1, "{tampering}");
        let error = store.tokens(&id).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{tampering}: {error:?}");
        store.tokens(&AccountId::from("b")).await.unwrap();
    }
}
