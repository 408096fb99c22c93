//! A test per row of the fault table; the ways back are in `recovery`.

mod recovery;

use droid_protocol::fault::{Retry, Source};

use super::*;
use crate::config::Config;
use crate::pool::account::Cooling;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: i64 = 60_000;

/// Owned rows, so that a test can look at them after.
#[derive(Clone, Debug, PartialEq)]
struct Rows {
    status: Status,
    error: Option<String>,
    account: Health,
    key: Option<(KeyStatus, Option<String>, Health)>,
    others: bool,
}

impl Rows {
    fn oauth() -> Self {
        let account = Health::default();
        Self { status: Status::Active, error: None, account, key: None, others: false }
    }

    fn pool(others: bool) -> Self {
        Self { key: Some((KeyStatus::Active, None, Health::default())), others, ..Self::oauth() }
    }

    fn subject(&mut self) -> Subject<'_> {
        Subject {
            account_status: &mut self.status,
            account_error: &mut self.error,
            account: &mut self.account,
            key: self.key.as_mut().map(|(status, error, health)| KeySubject {
                status,
                error,
                health,
            }),
            other_keys_usable: self.others,
        }
    }

    fn fault(&mut self, fault: &Fault, now: Timestamp) -> Effect {
        let scheduling = Config::default().scheduling;
        apply(&mut self.subject(), fault, "m", &scheduling, now)
    }

    fn success(&mut self, now: Timestamp) -> Effect {
        succeed(&mut self.subject(), "m", now)
    }

    fn key(&self) -> &(KeyStatus, Option<String>, Health) {
        self.key.as_ref().expect("a pool")
    }

    fn until(&self) -> Option<i64> {
        self.account.cooling.as_ref().map(|it| it.until.0 - NOW.0)
    }
}

fn fault(class: Class, status: u16, retry_after: Option<i64>) -> Fault {
    Fault {
        source: Source::Upstream,
        class,
        retry: Retry::OtherAccount,
        status: Some(status),
        retry_after_ms: retry_after.map(|it| u64::try_from(it).expect("positive")),
        code: None,
        message: "upstream's words".to_owned(),
    }
}

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

/// Health with something in every field.
fn marked() -> Health {
    Health {
        cooling: Some(Cooling { until: later(MINUTE), reason: "r".to_owned(), probed: false }),
        strikes: vec![later(-MINUTE)],
        streak: 2,
        successes: 3,
        failures: 4,
        models: vec![ModelCooling { model: "m".into(), until: later(MINUTE), probed: true }],
    }
}

#[test]
fn a_bad_request_and_a_gone_client_leave_every_byte() {
    for class in [Class::Request, Class::ClientClosed] {
        for mut rows in [Rows::oauth(), Rows::pool(true), Rows::pool(false)] {
            rows.account = marked();
            if let Some(key) = &mut rows.key {
                key.2 = marked();
            }
            let before = rows.clone();
            let json = serde_json::to_string(&rows.account).expect("json");
            assert!(rows.fault(&fault(class, 400, Some(5)), NOW).untouched());
            assert_eq!(rows, before);
            assert_eq!(serde_json::to_string(&rows.account).expect("json"), json);
        }
    }
}

#[test]
fn an_unknown_model_pauses_that_model_only_and_ten_minutes_at_most() {
    let mut rows = Rows::oauth();
    let effect = rows.fault(&fault(Class::Model, 404, Some(12 * 60 * MINUTE)), NOW);
    let until = later(10 * MINUTE);
    let (on, model) = (Target::Account, "m".to_owned());
    assert_eq!(effect.transitions, [Transition::ModelPaused { on, model, until }]);
    assert_eq!(rows.account.models.len(), 1);
    assert!(rows.account.model_cooling_at("m", later(10 * MINUTE - 1)).is_some());
    assert!(rows.account.model_cooling_at("m", until).is_none());
    assert!(rows.account.model_cooling_at("other", NOW).is_none());
    assert_eq!((rows.account.cooling.as_ref(), rows.account.failures), (None, 0));

    let mut rows = Rows::pool(true);
    rows.fault(&fault(Class::Model, 404, None), NOW);
    assert!(rows.account.models.is_empty());
    assert_eq!(rows.key().2.models.len(), 1);
}

#[test]
fn made_up_models_do_not_grow_the_record_without_end() {
    let (mut rows, scheduling) = (Rows::oauth(), Config::default().scheduling);
    for at in 0..1000 {
        let (fault, model) = (fault(Class::Model, 404, None), format!("model-{at}"));
        apply(&mut rows.subject(), &fault, &model, &scheduling, NOW);
    }
    assert_eq!(rows.account.models.len(), MODELS);
    assert!(rows.account.model_cooling_at("model-999", NOW).is_some());
}

#[test]
fn three_strikes_in_ten_minutes_stop_an_account() {
    let mut rows = Rows::oauth();
    let refused = fault(Class::Credential, 401, None);
    rows.fault(&refused, NOW);
    rows.fault(&refused, later(MINUTE));
    assert_eq!((rows.status, rows.account.strikes.len()), (Status::Active, 2));
    let effect = rows.fault(&refused, later(10 * MINUTE - 1));
    assert_eq!(effect.transitions.last(), Some(&Transition::Stopped { on: Target::Account }));
    assert_eq!(rows.status, Status::Error);
    assert!(rows.error.as_ref().is_some_and(|it| it.contains("401 upstream's words")));
}

#[test]
fn strikes_older_than_ten_minutes_do_not_count() {
    let mut rows = Rows::oauth();
    for at in 0..20 {
        rows.fault(&fault(Class::Credential, 403, None), later(at * 5 * MINUTE));
    }
    assert_eq!((rows.status, rows.account.strikes.len()), (Status::Active, 2));
}

#[test]
fn strikes_on_a_key_stop_the_key_and_not_its_pool() {
    let mut rows = Rows::pool(true);
    for _ in 0..3 {
        rows.fault(&fault(Class::Credential, 401, None), NOW);
    }
    assert_eq!(rows.key().0, KeyStatus::Error);
    assert!(rows.key().1.is_some());
    assert_eq!((rows.status, rows.account.strikes.len()), (Status::Active, 0));
}

#[test]
fn the_last_key_out_stops_the_account_and_says_why() {
    let mut rows = Rows::pool(false);
    let effect = rows.fault(&fault(Class::Quota, 402, None), NOW);
    assert_eq!(effect.transitions, [Transition::Banned, Transition::KeysOut]);
    assert_eq!((rows.key().0, rows.status), (KeyStatus::Banned, Status::NoKeys));
    let why = rows.error.as_deref().expect("a reason");
    assert!(why.contains("none of its keys is active") && why.contains("402"), "{why}");

    let mut rows = Rows::pool(false);
    for _ in 0..3 {
        rows.fault(&fault(Class::Credential, 403, None), NOW);
    }
    assert_eq!((rows.key().0, rows.status), (KeyStatus::Error, Status::NoKeys));
}

#[test]
fn no_budget_bans_a_key_and_pauses_an_account_until_the_reset() {
    let mut rows = Rows::pool(true);
    assert_eq!(rows.fault(&fault(Class::Quota, 402, None), NOW).transitions, [Transition::Banned]);
    assert_eq!(
        (rows.key().0, rows.status, rows.until()),
        (KeyStatus::Banned, Status::Active, None)
    );

    let mut rows = Rows::oauth();
    rows.fault(&fault(Class::Quota, 402, Some(48 * 60 * MINUTE)), NOW);
    assert_eq!((rows.status, rows.until()), (Status::Active, Some(48 * 60 * MINUTE)));

    let mut rows = Rows::oauth();
    rows.fault(&fault(Class::Quota, 402, None), NOW);
    assert_eq!(rows.until(), Some(30 * MINUTE));
}

#[test]
fn a_rate_limit_pauses_as_asked_within_bounds() {
    for (asked, got) in [
        (None, MINUTE),
        (Some(7_000), 7_000),
        (Some(0), 1_000),
        (Some(18 * 24 * 60 * MINUTE), 30 * MINUTE),
    ] {
        let mut rows = Rows::oauth();
        rows.fault(&fault(Class::Rate, 429, asked), NOW);
        assert_eq!(rows.until(), Some(got), "{asked:?}");
    }
    let mut rows = Rows::pool(false);
    rows.fault(&fault(Class::Rate, 429, None), NOW);
    assert_eq!((rows.until(), rows.status), (None, Status::Active));
    assert!(rows.key().2.cooling_at(later(MINUTE - 1)).is_some());
    assert_eq!(rows.key().0, KeyStatus::Active);
}

#[test]
fn a_shorter_pause_never_replaces_a_longer_one() {
    let mut rows = Rows::oauth();
    rows.fault(&fault(Class::Rate, 429, Some(10 * MINUTE)), NOW);
    rows.fault(&fault(Class::Rate, 429, Some(MINUTE)), later(1));
    rows.fault(&fault(Class::Transient, 503, None), later(2));
    assert_eq!(rows.until(), Some(10 * MINUTE));
}

#[test]
fn transient_faults_double_from_five_seconds_to_five_minutes() {
    let mut rows = Rows::pool(true);
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        rows.fault(&fault(Class::Transient, 503, None), later(now));
        let until = rows.until().expect("cooling");
        pauses.push((until - now) / 1000);
        now = until;
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!((rows.key().2.cooling.as_ref(), rows.status), (None, Status::Active));
}

#[test]
fn requests_that_fail_together_count_once() {
    let mut rows = Rows::oauth();
    for ms in 0..50 {
        rows.fault(&fault(Class::Transient, 503, None), later(ms));
    }
    assert_eq!((rows.until(), rows.account.streak), (Some(5_000), 1));
}

#[test]
fn a_failed_probe_lengthens_the_pause_and_earns_no_other_probe() {
    let mut rows = Rows::oauth();
    rows.fault(&fault(Class::Transient, 503, None), NOW);
    rows.account.mark_probed("m");
    rows.fault(&fault(Class::Transient, 503, None), later(1_000));
    assert_eq!(rows.until(), Some(11_000));
    assert!(rows.account.cooling.as_ref().is_some_and(|it| it.probed));
    rows.fault(&fault(Class::Transient, 503, None), later(11_000));
    assert!(rows.account.cooling.as_ref().is_some_and(|it| !it.probed), "a new pause");
}

#[test]
fn one_cut_stream_is_chance_and_the_second_pauses_briefly() {
    let mut rows = Rows::oauth();
    let cut = fault(Class::Truncated, 200, None);
    let effect = rows.fault(&cut, NOW);
    assert!(effect.transitions.is_empty() && effect.counted);
    assert_eq!((rows.until(), rows.account.failures), (None, 1));
    for at in 1..20 {
        rows.fault(&cut, later(at * MINUTE));
        assert_eq!(rows.until(), Some(at * MINUTE + 5_000), "never longer");
    }
    rows.success(later(30 * MINUTE));
    rows.fault(&cut, later(31 * MINUTE));
    assert_eq!(rows.until(), None, "a success between makes it chance again");
}
