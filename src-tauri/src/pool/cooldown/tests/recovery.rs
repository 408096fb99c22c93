//! What lifts a pause, and what holds over any course of events.

use proptest::prelude::*;

use super::*;

#[test]
fn a_success_lifts_pauses_strikes_and_the_error_they_made() {
    let mut rows = Rows::oauth();
    (rows.status, rows.error, rows.account) = (Status::Error, Some("e".to_owned()), marked());
    let effect = rows.success(NOW);
    let on = Target::Account;
    assert_eq!(effect.transitions, [Transition::Lifted { on }, Transition::Revived { on }]);
    assert_eq!((rows.status, rows.error.as_ref()), (Status::Active, None));
    assert_eq!(rows.account, Health { successes: 4, failures: 4, ..Health::default() });
    let again = rows.success(NOW);
    assert!(again.counted && again.transitions.is_empty());
}

#[test]
fn a_success_of_one_model_leaves_the_pause_of_another() {
    let mut rows = Rows::oauth();
    rows.account = marked();
    succeed(&mut rows.subject(), "another", NOW);
    assert!(rows.account.model_cooling_at("m", NOW).is_some());
}

#[test]
fn a_success_does_not_undo_what_a_person_or_the_bill_did() {
    let mut rows = Rows::oauth();
    (rows.status, rows.error) = (Status::NeedsLogin, Some("e".to_owned()));
    rows.success(NOW);
    assert_eq!((rows.status, rows.error.as_deref()), (Status::NeedsLogin, Some("e")));
    for status in [KeyStatus::Disabled, KeyStatus::Banned] {
        let mut rows = Rows::pool(false);
        rows.status = Status::NoKeys;
        rows.key.as_mut().expect("a pool").0 = status;
        rows.success(NOW);
        assert_eq!((rows.key().0, rows.status), (status, Status::NoKeys));
    }
}

#[test]
fn a_success_of_a_stopped_key_brings_key_and_account_back() {
    let mut rows = Rows::pool(false);
    for _ in 0..3 {
        rows.fault(&fault(Class::Credential, 401, None), NOW);
    }
    assert_eq!(rows.status, Status::NoKeys);
    rows.success(NOW);
    assert_eq!((rows.key().0, rows.status), (KeyStatus::Active, Status::Active));
    assert_eq!((rows.key().1.as_ref(), rows.error.as_ref()), (None, None));
}

#[test]
fn a_fault_changes_no_status_but_active() {
    for status in [KeyStatus::Disabled, KeyStatus::Banned, KeyStatus::Error] {
        for class in [Class::Credential, Class::Quota] {
            let mut rows = Rows::pool(false);
            rows.key.as_mut().expect("a pool").0 = status;
            for _ in 0..4 {
                rows.fault(&fault(class, 402, None), NOW);
            }
            assert_eq!((rows.key().0, rows.status), (status, Status::Active));
        }
    }
    let mut rows = Rows::oauth();
    rows.status = Status::NeedsLogin;
    for _ in 0..4 {
        rows.fault(&fault(Class::Credential, 401, None), NOW);
    }
    assert_eq!(rows.status, Status::NeedsLogin);
}

#[test]
fn a_reset_forgets_pauses_and_bans_but_not_a_persons_switch() {
    let mut rows = Rows::pool(false);
    (rows.status, rows.account) = (Status::NoKeys, marked());
    rows.key = Some((KeyStatus::Banned, Some("e".to_owned()), marked()));
    assert!(!reset(&mut rows.subject()).untouched());
    let kept = Health { successes: 3, failures: 4, ..Health::default() };
    assert_eq!(rows.key, Some((KeyStatus::Active, None, kept.clone())));
    assert_eq!((rows.status, &rows.account), (Status::Active, &kept));
    assert!(reset(&mut rows.subject()).untouched());

    rows.key.as_mut().expect("a pool").0 = KeyStatus::Disabled;
    rows.status = Status::NeedsLogin;
    reset(&mut rows.subject());
    assert_eq!((rows.key().0, rows.status), (KeyStatus::Disabled, Status::NeedsLogin));
}

#[test]
fn the_score_follows_recent_tries() {
    let mut rows = Rows::oauth();
    for _ in 0..5_000 {
        rows.success(NOW);
    }
    let before = rows.account.successes;
    for _ in 0..1_000 {
        rows.fault(&fault(Class::Rate, 429, None), NOW);
    }
    assert!(before < 1_000 && rows.account.failures > rows.account.successes);
}

proptest! {
    #[test]
    fn every_pause_has_an_end_within_its_cap_and_a_restart_adds_nothing(
        events in prop::collection::vec(
            (0..9_usize, prop::option::of(0..100_000_000_i64), 0..400_000_i64), 1..60),
        pool in any::<bool>(),
    ) {
        let mut rows = if pool { Rows::pool(true) } else { Rows::oauth() };
        let mut now = NOW;
        let mut quota_end = NOW;
        for (what, retry_after, passed) in events {
            now = Timestamp(now.0 + passed);
            let class = [Class::Request, Class::Model, Class::Credential, Class::Quota,
                Class::Rate, Class::Transient, Class::Truncated, Class::ClientClosed]
                .get(what).copied();
            match class {
                Some(class) => {
                    if class == Class::Quota {
                        quota_end = quota_end.max(Timestamp(now.0 + retry_after.unwrap_or(0)));
                    }
                    rows.fault(&fault(class, 400, retry_after), now);
                }
                None => { rows.success(now); }
            }
            let json = serde_json::to_string(&rows.account).expect("json");
            let stored: Health = serde_json::from_str(&json).expect("health");
            prop_assert_eq!(&stored, &rows.account);
            let key = rows.key.as_ref().map(|it| &it.2);
            for health in [Some(&rows.account), key].into_iter().flatten() {
                if let Some(cooling) = health.cooling_at(now) {
                    prop_assert!(cooling.until <= later(now.0 - NOW.0 + 30 * MINUTE).max(quota_end));
                    prop_assert!(!cooling.reason.is_empty());
                }
                for pause in &health.models {
                    prop_assert!(pause.until.0 <= now.0 + 10 * MINUTE);
                }
                prop_assert!(health.strikes.len() <= 60);
            }
        }
    }
}
