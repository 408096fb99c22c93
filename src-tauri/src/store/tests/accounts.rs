//! Accounts, groups, what other processes learn of them.

use super::*;
use crate::ids::{GroupId, LoginId};
use crate::pool::account::{Cooling, Group, KeyStatus};
use crate::secret::Personal;

fn group(id: &str) -> Group {
    Group {
        id: GroupId::from(id),
        name: id.to_uppercase(),
        priority: 3,
        strategy: Strategy::FillFirst,
        created_at: NOW,
        revision: 0,
    }
}

#[tokio::test]
async fn every_field_of_an_account_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.save_group(group("b"), None).await.unwrap();
    store.save_group(group("a"), None).await.unwrap();
    let full = Account {
        endpoint: Endpoint::Google,
        priority: 0,
        groups: vec![GroupId::from("b"), GroupId::from("a")],
        enabled: false,
        schedulable: false,
        status: Status::NeedsLogin,
        error: Some("why".to_owned()),
        max_concurrency: 7,
        has_proxy: true,
        user_agent: Some("agent".to_owned()),
        owner_email: Some(Personal("a@example.com".to_owned())),
        owner_name: Some(Personal("Ann".to_owned())),
        user_id: Some("user".to_owned()),
        organization_id: Some("org".to_owned()),
        subscription_expires_at: Some(Timestamp(-5)),
        last_used_at: Some(Timestamp(6)),
        last_refresh_at: Some(Timestamp(7)),
        health: Health {
            cooling: Some(Cooling { until: NOW, reason: "429".to_owned(), probed: true }),
            strikes: vec![NOW],
            streak: 2,
            ..Health::default()
        },
        key_strategy: Strategy::WeightedScore,
        uses: u64::try_from(i64::MAX).unwrap(),
        tokens_used: 9,
        token_budget: Some(10),
        ..account("full", Kind::Manual)
    };
    let new = NewAccount {
        account: full.clone(),
        proxy: Some(Secret::new("http://u:p@proxy:1")),
        ..signed_in("full")
    };
    let made = store.create_account(new).await.unwrap();
    let expected = Account { revision: made.revision, token_expires_at: Some(NOW), ..full };
    assert_eq!(made, expected);
    assert!(made.revision > 0);
    store.close().await.unwrap();

    let store = open(dir.path()).await;
    assert_eq!(store.account(&made.id).await.unwrap(), made);
    assert_eq!(store.proxy(&made.id).await.unwrap().unwrap().expose(), "http://u:p@proxy:1");
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let made = store.create_account(signed_in("a")).await.unwrap();
    let patch = AccountPatch {
        priority: Some(0),
        user_agent: Some(Some("x".to_owned())),
        proxy: Some(Some(Secret::new("socks5://h:1"))),
        ..AccountPatch::default()
    };
    let changed = store.update_account(&made.id, patch, Some(made.revision)).await.unwrap();
    let expected = Account {
        priority: 0,
        user_agent: Some("x".to_owned()),
        has_proxy: true,
        revision: changed.revision,
        ..made.clone()
    };
    assert_eq!(changed, expected);
    assert!(changed.revision > made.revision);
    let patch =
        AccountPatch { user_agent: Some(None), proxy: Some(None), ..AccountPatch::default() };
    let changed = store.update_account(&made.id, patch, None).await.unwrap();
    assert_eq!((changed.user_agent, changed.has_proxy, changed.priority), (None, false, 0));
    assert!(store.proxy(&made.id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_edit_over_anothers_edit_is_stale_but_traffic_is_no_edit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let seen = store.create_account(signed_in("a")).await.unwrap();
    let id = seen.id.clone();
    store.touch(&id, None, NOW);
    store.flush().await.unwrap();
    store.update_health(&id, None, |row| row.health.successes += 1).await.unwrap();
    let rename =
        |name: &str| AccountPatch { name: Some(name.to_owned()), ..AccountPatch::default() };
    let mine = store.update_account(&id, rename("mine"), Some(seen.revision)).await.unwrap();
    let error = store.update_account(&id, rename("theirs"), Some(seen.revision)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Stale { what: "account", current, .. } if *current == mine.revision),
        "{error:?}"
    );
    assert_eq!(store.account(&id).await.unwrap().name, "mine");
}

#[tokio::test]
async fn an_account_with_a_missing_group_is_not_half_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut new = signed_in("a");
    new.account.groups = vec![GroupId::from("nowhere")];
    let error = store.create_account(new).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { what: "group", .. }), "{error:?}");
    assert_eq!(store.changes_since(0).await.unwrap().accounts, []);
    assert_eq!(store.find_by_lineage(&Secret::new("refresh-a").fingerprint()).await.unwrap(), None);
}

#[tokio::test]
async fn a_refresh_token_belongs_to_one_account() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.create_account(signed_in("a")).await.unwrap();
    let again = NewAccount { account: account("b", Kind::Manual), ..signed_in("a") };
    let error = store.create_account(again).await.unwrap_err();
    assert!(
        matches!(&error, Error::Invalid { field, .. } if field == "refresh_token"),
        "{error:?}"
    );
    assert!(!error.to_string().contains("refresh-a"));
    assert_eq!(store.changes_since(0).await.unwrap().accounts.len(), 1);
    // Deleting the account frees the token.
    store.delete_account(&AccountId::from("a")).await.unwrap();
    store.create_account(signed_in("a")).await.unwrap();
}

#[tokio::test]
async fn another_process_catches_up_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (open(dir.path()).await, open(dir.path()).await);
    let version = there.data_version().await.unwrap();
    let start = there.changes_since(0).await.unwrap();
    here.save_group(group("g"), None).await.unwrap();
    let a = here.create_account(signed_in("a")).await.unwrap();
    here.create_account(pool("p", 2)).await.unwrap();
    assert_ne!(there.data_version().await.unwrap(), version);

    let first = there.changes_since(start.revision).await.unwrap();
    assert_eq!((first.accounts.len(), first.keys.len(), first.groups.len()), (2, 2, 1));
    let none = there.changes_since(first.revision).await.unwrap();
    assert_eq!(none, Changes { revision: first.revision, ..Changes::default() });

    here.delete_account(&AccountId::from("p")).await.unwrap();
    here.delete_group(&GroupId::from("g")).await.unwrap();
    let second = there.changes_since(first.revision).await.unwrap();
    assert_eq!(second.gone_accounts, [AccountId::from("p")]);
    assert_eq!(second.gone_keys.len(), 2);
    assert_eq!(second.gone_groups, [GroupId::from("g")]);
    assert_eq!(second.accounts, []);

    // A group may come back under its name.
    here.save_group(group("g"), None).await.unwrap();
    let third = there.changes_since(first.revision).await.unwrap();
    assert_eq!((third.groups.len(), third.gone_groups.len()), (1, 0));
    assert_eq!(there.account(&a.id).await.unwrap(), a);
}

#[tokio::test]
async fn deleting_a_group_takes_its_accounts_out_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.save_group(group("g"), None).await.unwrap();
    let mut new = signed_in("a");
    new.account.groups = vec![GroupId::from("g")];
    let made = store.create_account(new).await.unwrap();
    store.delete_group(&GroupId::from("g")).await.unwrap();
    let changes = store.changes_since(made.revision).await.unwrap();
    assert_eq!(changes.accounts.len(), 1);
    assert_eq!(changes.accounts[0].groups, []);
    let error = store.delete_group(&GroupId::from("g")).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { what: "group", .. }), "{error:?}");
}

#[tokio::test]
async fn a_saved_group_keeps_its_birth_and_tells_stale_edits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.save_group(group("g"), None).await.unwrap();
    let later = Group { created_at: Timestamp(1), priority: 9, ..group("g") };
    let second = store.save_group(later.clone(), Some(first.revision)).await.unwrap();
    assert_eq!((second.created_at, second.priority), (NOW, 9));
    let error = store.save_group(later, Some(first.revision)).await.unwrap_err();
    assert!(matches!(error, Error::Stale { what: "group", .. }), "{error:?}");
    assert_eq!(store.groups().await.unwrap(), [second]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = AccountId::from("none");
    let patch = AccountPatch::default();
    for error in [
        store.account(&id).await.map(|_| ()).unwrap_err(),
        store.update_account(&id, patch, None).await.map(|_| ()).unwrap_err(),
        store.delete_account(&id).await.unwrap_err(),
        store.proxy(&id).await.map(|_| ()).unwrap_err(),
        store.update_health(&id, None, |_| {}).await.map(|_| ()).unwrap_err(),
        store.key_secret(&KeyId::from("none")).await.map(|_| ()).unwrap_err(),
        store.login(&LoginId::from("none")).await.map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let new = NewAccount {
        keys: vec![NewKey {
            id: KeyId::from("k"),
            secret: Secret::new("fk-canary"),
            status: KeyStatus::Active,
        }],
        proxy: Some(Secret::new("http://u:canary@h:1")),
        ..signed_in("canary")
    };
    let patch = AccountPatch {
        proxy: Some(Some(Secret::new("canary"))),
        tokens: signed_in("canary").tokens,
        owner_email: Some(Some(Personal("canary@example.com".to_owned()))),
        ..AccountPatch::default()
    };
    let key = KeySource::Passphrase(Secret::new("canary"));
    let options =
        StoreOptions { passphrase: Some(Secret::new("canary")), ..options(Path::new("/data")) };
    assert_eq!(
        format!("{:?}", new.keys),
        r#"[NewKey { id: KeyId(k), secret: ****, status: Active }]"#
    );
    assert_eq!(
        format!("{:?}", new.tokens),
        "Some(NewTokens { access: Some(****), refresh: ****, expires_at: \
         Some(Timestamp(1763700000000)), refreshed_at: None })"
    );
    assert_eq!(format!("{key:?}"), "Passphrase(****)");
    assert_eq!(
        format!("{options:?}"),
        r#"StoreOptions { data_dir: "/data", passphrase: Some(****), .. }"#
    );
    assert!(format!("{:?}", new.proxy).contains("Some(****)"));
    assert!(!format!("{patch:?}").contains("canary"));
}
