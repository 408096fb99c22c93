//! Client keys over a real store.

use std::sync::Arc;
use std::time::Duration;

use droid_protocol::event::Usage;
use futures_util::FutureExt as _;
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{Admission, ClientKeys, KeyPatch, Made, Parts, ends_at};
use crate::clock::{Clock as _, ManualClock, Rand, Timestamp};
use crate::error::Error;
use crate::ids::{ClientKeyId, OwnerId};
use crate::pool::Binding;
use crate::secret::Secret;
use crate::store::{ClientLimits, Store, StoreOptions};

/// Ten in the morning, UTC.
const NOW: Timestamp = Timestamp(1_763_632_800_000);
const MODEL: &str = "claude-sonnet-4-20250514";
const HOUR: Duration = Duration::from_secs(3600);

/// One process's view of a data folder.
struct Process {
    keys: ClientKeys,
    store: Store,
    clock: Arc<ManualClock>,
}

async fn process(dir: &std::path::Path, name: &str) -> Process {
    let entropy = Arc::new(Rand::from_system().unwrap());
    let options =
        StoreOptions { data_dir: dir.to_owned(), passphrase: None, entropy: entropy.clone() };
    let store = Store::open(options).await.unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let keys = ClientKeys::new(Parts {
        store: store.clone(),
        owner: OwnerId::from(name),
        clock: clock.clone(),
        entropy,
        environment: Some(Secret::new("from-the-environment")),
    });
    keys.catch_up().await.unwrap();
    Process { keys, store, clock }
}

impl Process {
    async fn make(&self, patch: KeyPatch) -> Made {
        let patch = KeyPatch { name: Some("laptop".to_owned()), ..patch };
        self.keys.create(patch).await.unwrap()
    }

    async fn limited(&self, limits: ClientLimits) -> Made {
        self.make(KeyPatch { limits: Some(limits), ..KeyPatch::default() }).await
    }

    fn admit(&self, secret: &Secret) -> Result<Admission, Error> {
        let key = self.keys.verify(secret).expect("it is known");
        self.keys.admit(&key, MODEL, self.clock.now())
    }

    /// What another process wrote is looked for.
    async fn look(&self) {
        self.clock.advance(Duration::from_secs(1));
        self.keys.catch_up().await.unwrap();
    }
}

#[track_caller]
fn retry_after(admitted: Result<Admission, Error>) -> Option<Duration> {
    match admitted {
        Err(Error::Limited { retry_after, .. }) => retry_after,
        other => panic!("not limited: {other:?}"),
    }
}

fn tokens(n: u64) -> Usage {
    Usage { input_tokens: n, ..Usage::default() }
}

#[tokio::test]
async fn a_key_is_told_by_itself_alone_and_is_nowhere_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let made = it.make(KeyPatch::default()).await;
    assert!(made.secret.expose().starts_with("dpk_") && made.secret.expose().len() == 47);
    assert_eq!(it.keys.verify(&made.secret).unwrap().id, made.key.id);
    for wrong in ["", "dpk_", "dpk_00000000000000000000000000000000000000000000", &made.key.hash] {
        assert!(it.keys.verify(&Secret::new(wrong)).is_none(), "{wrong}");
    }
    let environment = it.keys.verify(&Secret::new("from-the-environment")).unwrap();
    assert!(it.keys.admit(&environment, "any", NOW).is_ok());
    assert!(!format!("{:?} {made:?}", it.keys).contains(made.secret.expose()));
    it.store.close().await.unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        let secret = made.secret.expose().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|it| it == secret));
    }
}

#[tokio::test]
async fn a_key_that_is_off_over_renewed_or_gone_is_refused_at_once_in_every_process() {
    let dir = tempfile::tempdir().unwrap();
    let (it, other) = (process(dir.path(), "one").await, process(dir.path(), "two").await);
    let made = it.make(KeyPatch::default()).await;
    other.look().await;
    assert!(other.admit(&made.secret).is_ok(), "what one makes the other knows");

    let off = KeyPatch { enabled: Some(false), ..KeyPatch::default() };
    it.keys.update(&made.key.id, off, None).await.unwrap();
    other.look().await;
    for process in [&it, &other] {
        let refused = process.admit(&made.secret);
        assert!(matches!(refused, Err(Error::Unauthorized { .. })), "{refused:?}");
    }
    let on = KeyPatch {
        enabled: Some(true),
        expires_at: Some(Some(NOW.plus(HOUR))),
        ..KeyPatch::default()
    };
    it.keys.update(&made.key.id, on, None).await.unwrap();
    assert!(it.admit(&made.secret).is_ok());
    it.clock.advance(HOUR);
    assert!(matches!(it.admit(&made.secret), Err(Error::Unauthorized { .. })));

    let lasting = KeyPatch { expires_at: Some(None), ..KeyPatch::default() };
    it.keys.update(&made.key.id, lasting, None).await.unwrap();
    let renewed = it.keys.rotate(&made.key.id).await.unwrap();
    other.look().await;
    for process in [&it, &other] {
        assert!(process.keys.verify(&made.secret).is_none());
        assert!(process.admit(&renewed.secret).is_ok());
    }
    let held = it.keys.verify(&renewed.secret).unwrap();
    it.keys.delete(&made.key.id).await.unwrap();
    other.look().await;
    assert!(other.keys.verify(&renewed.secret).is_none());
    let refused = it.keys.admit(&held, MODEL, NOW);
    assert!(matches!(refused, Err(Error::Unauthorized { .. })), "{refused:?}");
}

#[tokio::test]
async fn days_count_from_the_first_use() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let made = it.make(KeyPatch { expires_days: Some(Some(2)), ..KeyPatch::default() }).await;
    it.clock.advance(HOUR * 24 * 30);
    assert!(it.admit(&made.secret).is_ok());
    it.clock.advance(HOUR * 47);
    assert!(it.admit(&made.secret).is_ok());
    it.clock.advance(HOUR);
    assert!(matches!(it.admit(&made.secret), Err(Error::Unauthorized { .. })));
    it.store.flush().await.unwrap();
    let stored = it.keys.get(&made.key.id).await.unwrap();
    assert_eq!(ends_at(&stored), Some(NOW.plus(HOUR * 24 * 32)));
}

#[tokio::test]
async fn only_the_named_models_may_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let models = vec!["Claude*".to_owned(), "gpt-5".to_owned()];
    let made = it.make(KeyPatch { models: Some(models), ..KeyPatch::default() }).await;
    let key = it.keys.verify(&made.secret).unwrap();
    for model in ["claude-x", "CLAUDE-y", "gpt-5"] {
        assert!(it.keys.admit(&key, model, NOW).is_ok(), "{model}");
    }
    for model in ["gpt-5-codex", "glm", ""] {
        let refused = it.keys.admit(&key, model, NOW);
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "{model}: {refused:?}");
    }
}

#[tokio::test]
async fn places_are_given_back_however_a_request_ends() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let made = it.limited(ClientLimits { concurrency: Some(2), ..ClientLimits::default() }).await;
    let (one, two) = (it.admit(&made.secret).unwrap(), it.admit(&made.secret).unwrap());
    assert_eq!(retry_after(it.admit(&made.secret)), None);
    assert_eq!(it.keys.in_flight(&made.key.id), 2);
    drop(one);
    let panicked = tokio::spawn(async move {
        let _two = two;
        panic!("a defect")
    });
    assert!(panicked.await.is_err());
    assert_eq!(it.keys.in_flight(&made.key.id), 0);
    // A change of the key does not forget what is under way.
    let held = it.admit(&made.secret).unwrap();
    let name = KeyPatch { name: Some("other".to_owned()), ..KeyPatch::default() };
    it.keys.update(&made.key.id, name, None).await.unwrap();
    assert_eq!(it.keys.in_flight(&made.key.id), 1);
    drop(held);
    assert_eq!(it.keys.in_flight(&made.key.id), 0);
}

#[tokio::test]
async fn a_window_slides_and_says_when_it_has_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let minute = Duration::from_secs(60);
    let made = it
        .limited(ClientLimits {
            window_seconds: Some(60),
            window_requests: Some(2),
            ..ClientLimits::default()
        })
        .await;
    it.admit(&made.secret).unwrap();
    it.clock.advance(minute / 2);
    it.admit(&made.secret).unwrap();
    assert_eq!(retry_after(it.admit(&made.secret)), Some(minute / 2));
    it.clock.advance(minute / 2);
    it.admit(&made.secret).unwrap();
    assert_eq!(retry_after(it.admit(&made.secret)), Some(minute / 2));

    let made = it
        .limited(ClientLimits {
            window_seconds: Some(3600),
            window_tokens: Some(100),
            ..ClientLimits::default()
        })
        .await;
    it.admit(&made.secret).unwrap().spent(&tokens(60), 0);
    it.clock.advance(minute * 10);
    it.admit(&made.secret).unwrap().spent(&tokens(60), 0);
    assert_eq!(retry_after(it.admit(&made.secret)), Some(minute * 50));
    it.clock.advance(minute * 50);
    assert!(it.admit(&made.secret).is_ok());
}

#[tokio::test]
async fn days_begin_anew_and_totals_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    for limits in [
        ClientLimits { daily_tokens: Some(100), ..ClientLimits::default() },
        ClientLimits { daily_cost: Some(1000), ..ClientLimits::default() },
    ] {
        let made = it.limited(limits).await;
        it.admit(&made.secret).unwrap().spent(&tokens(100), 1000);
        let left = Timestamp(NOW.0 - NOW.0 % 86_400_000 + 86_400_000).since(NOW);
        assert_eq!(retry_after(it.admit(&made.secret)), Some(left), "{limits:?}");
        let tomorrow = NOW.plus(left);
        let key = it.keys.verify(&made.secret).unwrap();
        assert!(it.keys.admit(&key, MODEL, tomorrow).is_ok());
    }
    for limits in [
        ClientLimits { total_tokens: Some(100), ..ClientLimits::default() },
        ClientLimits { total_cost: Some(1000), ..ClientLimits::default() },
    ] {
        let made = it.limited(limits).await;
        it.admit(&made.secret).unwrap().spent(&tokens(100), 1000);
        let key = it.keys.verify(&made.secret).unwrap();
        let later = it.keys.admit(&key, MODEL, NOW.plus(HOUR * 24 * 400));
        assert_eq!(retry_after(later), None, "{limits:?}");
    }
}

#[tokio::test]
async fn limits_hold_over_a_restart_and_over_two_processes() {
    let dir = tempfile::tempdir().unwrap();
    let (it, other) = (process(dir.path(), "one").await, process(dir.path(), "two").await);
    let made = it
        .limited(ClientLimits {
            window_seconds: Some(3600),
            window_requests: Some(3),
            total_tokens: Some(1000),
            ..ClientLimits::default()
        })
        .await;
    other.look().await;
    it.admit(&made.secret).unwrap().spent(&tokens(10), 1);
    it.store.flush().await.unwrap();
    other.look().await;
    other.admit(&made.secret).unwrap().spent(&tokens(10), 1);
    other.admit(&made.secret).unwrap();
    assert!(retry_after(other.admit(&made.secret)).is_some(), "one of another process counts");
    other.store.flush().await.unwrap();
    it.look().await;
    assert!(retry_after(it.admit(&made.secret)).is_some());

    let again = process(dir.path(), "three").await;
    assert!(retry_after(again.admit(&made.secret)).is_some(), "after a restart");
    let (_, spent) = again.keys.list().await.unwrap().remove(0);
    assert_eq!((spent.requests, spent.tokens, spent.cost), (3, 20, 2));
    // A window is shorter than a total.
    again.clock.advance(HOUR * 2);
    again.admit(&made.secret).unwrap().spent(&tokens(980), 0);
    assert_eq!(retry_after(again.admit(&made.secret)), None);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field() {
    let dir = tempfile::tempdir().unwrap();
    let it = process(dir.path(), "one").await;
    let limits = |limits| KeyPatch { limits: Some(limits), ..KeyPatch::default() };
    let none = ClientLimits::default;
    for (patch, field) in [
        (KeyPatch { name: Some(" ".to_owned()), ..KeyPatch::default() }, "name"),
        (KeyPatch { name: Some("a\nb".to_owned()), ..KeyPatch::default() }, "name"),
        (KeyPatch { models: Some(vec![String::new()]), ..KeyPatch::default() }, "models"),
        (KeyPatch { expires_days: Some(Some(0)), ..KeyPatch::default() }, "expires_days"),
        (limits(ClientLimits { window_seconds: Some(0), ..none() }), "limits.window_seconds"),
        (limits(ClientLimits { window_requests: Some(1), ..none() }), "limits.window_seconds"),
        (limits(ClientLimits { window_seconds: Some(60), ..none() }), "limits.window_seconds"),
    ] {
        let patch = KeyPatch { name: patch.name.or(Some("laptop".to_owned())), ..patch };
        match it.keys.create(patch.clone()).await {
            Err(Error::Invalid { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{patch:?}: {other:?}"),
        }
    }
    for binding in ["nobody", "group:none"] {
        let binding = Some(Binding::parse(binding).unwrap());
        let patch = KeyPatch { name: Some("x".to_owned()), binding, ..KeyPatch::default() };
        assert!(matches!(it.keys.create(patch).await, Err(Error::NotFound { .. })));
    }
    let environment = ClientKeyId::from(super::ENVIRONMENT);
    let refused = it.keys.update(&environment, KeyPatch::default(), None).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

/// One step of a random schedule.
#[derive(Clone, Debug)]
enum Step {
    Come,
    /// One under way ends, the n-th; it may have used something.
    End(usize, u64),
    /// One is cut off in the middle of its task.
    Cut(usize),
    /// A change of the key meanwhile.
    Rename,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::strategy::Just(Step::Come),
        2 => (any::<usize>(), 0_u64..50).prop_map(|(n, tokens)| Step::End(n, tokens)),
        1 => any::<usize>().prop_map(Step::Cut),
        1 => prop::strategy::Just(Step::Rename),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn places_are_those_under_way_whatever_happens(steps in steps(), places in 1_u32..5) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let it = process(dir.path(), "one").await;
            let limits = ClientLimits { concurrency: Some(places), ..ClientLimits::default() };
            let made = it.limited(limits).await;
            let mut held: Vec<Admission> = Vec::new();
            for step in steps {
                match step {
                    Step::Come => match it.admit(&made.secret) {
                        Ok(admission) => held.push(admission),
                        Err(_) => prop_assert_eq!(held.len(), places as usize),
                    },
                    Step::End(n, used) if !held.is_empty() => {
                        held.swap_remove(n % held.len()).spent(&tokens(used), used);
                    }
                    Step::Cut(n) if !held.is_empty() => {
                        let admission = held.swap_remove(n % held.len());
                        let task = tokio::spawn(async move {
                            let _held = admission;
                            std::future::pending::<()>().await;
                        });
                        tokio::task::yield_now().await;
                        task.abort();
                        drop(task.await);
                    }
                    Step::Rename => {
                        let name = KeyPatch { name: Some("x".to_owned()), ..KeyPatch::default() };
                        it.keys.update(&made.key.id, name, None).await.unwrap();
                    }
                    Step::End(..) | Step::Cut(_) => {}
                }
                prop_assert_eq!(it.keys.in_flight(&made.key.id) as usize, held.len());
            }
            drop(held);
            prop_assert_eq!(it.keys.in_flight(&made.key.id), 0);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_no_flood_of_reads() {
    let dir = tempfile::tempdir().unwrap();
    let here = process(dir.path(), "here").await;
    let there = process(dir.path(), "there").await;
    let before = here.keys.state().looks;
    let made = there.make(KeyPatch::default()).await;
    assert!(here.keys.verify(&made.secret).is_none(), "nobody has looked yet");
    // All of them come before the first one looks.
    let first = here.keys.0.looking.lock().await;
    let looked = (0..100).map(|_| here.keys.catch_up_now());
    let mut looked = std::pin::pin!(futures_util::future::join_all(looked));
    assert!(looked.as_mut().now_or_never().is_none());
    drop(first);
    for looked in looked.await {
        looked.unwrap();
    }
    assert!(here.keys.verify(&made.secret).is_some(), "each of them knows it now");
    let n_looks = here.keys.state().looks - before;
    assert_eq!(n_looks, 1, "one for all of them");
}
