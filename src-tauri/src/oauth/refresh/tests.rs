//! Rotation, outages, crashes: a token is refreshed once and never lost.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::failure::FIRST_BACKOFF;
use super::testkit::{Next, World};
use super::*;
use crate::oauth::answer::AuthError;
use crate::oauth::workos::tests::config;
use crate::upstream::Clients;
use crate::upstream::testkit::{Server, answer};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

async fn fresh(world: &World) -> Result<AccessToken> {
    world.process("p1").access_token(&world.id, Need::Fresh).await
}

fn text(result: &Result<AccessToken>) -> String {
    match result {
        Ok(token) => token.secret.expose().to_owned(),
        Err(error) => error.kind().to_owned(),
    }
}

fn rejected(token: &str) -> Need {
    Need::After401 { rejected: Secret::new(token).fingerprint() }
}

/// Runs them together, so that they meet.
async fn together(
    calls: impl IntoIterator<Item = (Refresher<testkit::MemoryStore, testkit::FakeEndpoint>, Need)>,
    id: &AccountId,
) -> Vec<String> {
    let mut tasks = Vec::new();
    for (refresher, need) in calls {
        let id = id.clone();
        tasks.push(tokio::spawn(async move { text(&refresher.access_token(&id, need).await) }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

// === One flight ===

#[tokio::test(start_paused = true)]
async fn a_fresh_token_is_used_as_it_is() {
    let world = World::with(HOUR);
    assert_eq!(text(&fresh(&world).await), "at-0");
    assert_eq!(world.n_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_callers_make_one_request() {
    let world = World::expired();
    let process = world.process("p1");
    let results = together((0..200).map(|_| (process.clone(), Need::Fresh)), &world.id).await;
    assert!(results.iter().all(|it| it == "at-1"), "{results:?}");
    assert_eq!(world.n_requests(), 1);
    assert_eq!(world.store.1.n_takes.load(Ordering::SeqCst), 1, "one flight, one lease");
    assert!(!world.revoked() && !world.leased());
}

#[tokio::test(start_paused = true)]
async fn fifty_processes_make_one_request() {
    let world = World::expired();
    let calls = (0..50).map(|it| (world.process(&format!("p{it}")), Need::Fresh));
    let results = together(calls, &world.id).await;
    assert!(results.iter().all(|it| it == "at-1"), "{results:?}");
    assert_eq!(world.n_requests(), 1);
    assert!(!world.revoked() && !world.leased());
}

#[tokio::test(start_paused = true)]
async fn two_processes_ordered_by_people_refresh_once() {
    let world = World::with(HOUR);
    let calls = [world.process("p1"), world.process("p2")].map(|it| (it, Need::Forced));
    assert_eq!(together(calls, &world.id).await, ["at-1", "at-1"]);
    assert_eq!(world.n_requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_stop_the_flight() {
    let world = World::expired();
    let process = world.process("p1");
    let call = process.access_token(&world.id, Need::Fresh);
    let gone = tokio::time::timeout(Duration::from_millis(50), call).await;
    assert!(gone.is_err());
    process.settle().await;
    assert_eq!(world.stored().refresh.expose(), "rt-1");
    assert_eq!(text(&fresh(&world).await), "at-1");
    assert_eq!(world.n_requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_due_but_living_token_does_not_make_callers_wait_long() {
    let mut world = World::with(3 * MINUTE);
    Arc::get_mut(&mut world.endpoint.0).unwrap().latency = Duration::from_secs(20);
    let process = world.process("p1");
    let start = Instant::now();
    assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "at-0");
    assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    process.settle().await;
    assert_eq!(world.stored().access.unwrap().expose(), "at-1");
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_token_hears_before_the_host_gives_up_and_the_flight_goes_on() {
    let mut world = World::expired();
    Arc::get_mut(&mut world.endpoint.0).unwrap().latency = Duration::from_secs(28);
    let process = world.process("p1");
    let start = Instant::now();
    let error = process.access_token(&world.id, Need::Fresh).await.unwrap_err();
    assert_eq!((error.kind(), error.retryable()), ("refresh_failed", true));
    assert_eq!(start.elapsed().as_secs(), LONGEST_WAIT.as_secs());
    assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "at-1");
    assert_eq!((world.n_requests(), world.revoked()), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_a_hung_process_ends() {
    let world = World::expired();
    let until = testkit::START.plus(Duration::from_secs(20));
    world.change(|it| it.lease = Some(("hung".into(), until)));
    assert_eq!(text(&fresh(&world).await), "at-1");
    let until = testkit::START.plus(10 * HOUR);
    let world = World::expired();
    world.change(|it| it.lease = Some(("hung".into(), until)));
    let start = Instant::now();
    let error = fresh(&world).await.unwrap_err();
    assert_eq!(error.kind(), "refresh_failed");
    assert!(error.retryable() && start.elapsed() <= LONGEST_WAIT);
    assert_eq!(world.n_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_does_not_let_two_refresh_at_once() {
    let mut world = World::expired();
    Arc::get_mut(&mut world.endpoint.0).unwrap().latency = Duration::from_secs(10);
    let (slow, quick) = (world.process("p1"), world.process("p22"));
    let id = world.id.clone();
    let first = tokio::spawn(async move { slow.access_token(&id, Need::Fresh).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    // As after a clock that jumped: the lease is over, but the first process is still at it.
    world.change(|it| it.lease = None);
    assert_eq!(text(&quick.access_token(&world.id, Need::Fresh).await), "at-1");
    assert_eq!(text(&first.await.unwrap()), "at-1");
    assert_eq!(world.n_requests(), 1);
    let n_takes = world.store.1.n_takes.load(Ordering::SeqCst);
    assert_eq!(n_takes, 1, "without the lock nobody takes tokens that may be stale by then");
}

#[tokio::test]
async fn over_real_sockets_fifty_callers_make_one_request() {
    let server = Server::start(|request| {
        assert!(request.body.ends_with("&refresh_token=rt-0&organization_id=org_1"));
        answer(200, r#"{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}"#)
    })
    .await;
    let world = World::expired();
    world.change(|it| it.tokens.organization_id = Some("org_1".to_owned()));
    let parts = world.parts("p1", WorkOsClient::new(Clients::new(Vec::new()), &config(&server)));
    let refresher = Refresher::new(parts);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (refresher, id) = (refresher.clone(), world.id.clone());
        tasks.spawn(async move { text(&refresher.access_token(&id, Need::Fresh).await) });
    }
    assert!(tasks.join_all().await.iter().all(|it| it == "at-1"));
    assert_eq!(server.n_connections(), 1);
    assert_eq!(world.stored().refresh.expose(), "rt-1");
}

// === 401 ===

#[tokio::test(start_paused = true)]
async fn after_a_401_the_refused_token_is_replaced_once() {
    let world = World::with(8 * HOUR);
    let process = world.process("p1");
    let calls = (0..100).map(|_| (process.clone(), rejected("at-0")));
    let results = together(calls, &world.id).await;
    assert!(results.iter().all(|it| it == "at-1"), "{results:?}");
    // A straggler whose request went out with the old token.
    assert_eq!(text(&process.access_token(&world.id, rejected("at-0")).await), "at-1");
    assert_eq!(world.n_requests(), 1);
    assert_eq!(text(&process.access_token(&world.id, rejected("at-1")).await), "at-2");
}

#[tokio::test(start_paused = true)]
async fn after_a_401_the_refused_token_never_comes_back_as_the_answer() {
    let world = World::with(8 * HOUR);
    world.outage(true);
    let result = world.process("p1").access_token(&world.id, rejected("at-0")).await;
    assert_eq!(text(&result), "refresh_failed");
    assert_eq!(text(&fresh(&world).await), "at-0", "it lives for all we know");
}

#[tokio::test(start_paused = true)]
async fn a_401_joins_a_flight_that_finds_the_refused_token_and_begins_its_own() {
    // The token is due; by the time the flight has the lease another process stored `at-x`, which
    // is the very token this caller was refused with.
    let world = World::with(3 * MINUTE);
    let process = world.process("p1");
    let until = testkit::START.plus(Duration::from_secs(2));
    world.change(|it| it.lease = Some(("p2".into(), until)));
    // `at-0` would do for the second caller: it has ended.
    world.change(|it| it.tokens.expires_at = Some(testkit::START));
    let first = process.access_token(&world.id, Need::Fresh);
    let second = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        process.access_token(&world.id, rejected("at-x")).await
    };
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.change(|it| {
            it.tokens.access = Some(Secret::new("at-x"));
            it.tokens.expires_at = Some(testkit::START.plus(8 * HOUR));
            it.tokens.last_refresh_at = Some(testkit::START);
        });
    };
    let (first, second, ()) = tokio::join!(first, second, other);
    let results = [text(&first), text(&second)];
    assert_eq!(results, ["at-x", "at-1"]);
}

// === Outages ===

#[tokio::test(start_paused = true)]
async fn an_outage_keeps_the_living_token_and_marks_nothing() {
    let world = World::with(4 * MINUTE);
    world.outage(true);
    let process = world.process("p1");
    for _ in 0..5 {
        assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "at-0");
        process.settle().await;
    }
    assert_eq!(world.n_requests(), 4, "one flight of 4 tries, then the back-off");
    assert_eq!(world.stored().needs_login, None);
    assert!(!world.leased());
    world.outage(false);
    tokio::time::sleep(FIRST_BACKOFF).await;
    assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "at-5");
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_a_living_token_is_an_error_for_now() {
    let world = World::expired();
    world.outage(true);
    let process = world.process("p1");
    let start = Instant::now();
    let error = process.access_token(&world.id, Need::Fresh).await.unwrap_err();
    assert!(error.retryable(), "{error}");
    assert_eq!(
        error.to_string(),
        "the token of account `mine` could not be refreshed: no answer in time"
    );
    let took = start.elapsed();
    assert!(took > Duration::from_secs(7) && took < Duration::from_secs(10), "{took:?}");
    // A thousand more do not wait for seven seconds each.
    let results = together((0..1000).map(|_| (process.clone(), Need::Fresh)), &world.id).await;
    assert!(results.iter().all(|it| it == "refresh_failed"));
    assert_eq!((start.elapsed(), world.n_requests()), (took, 4));
    // A person's order is not held back.
    world.outage(false);
    assert_eq!(text(&process.access_token(&world.id, Need::Forced).await), "at-5");
    assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "at-5");
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_sat_out() {
    let world = World::expired();
    let down = || AuthError::Unavailable { text: "status 503".to_owned(), sent: true };
    for _ in 0..3 {
        world.next(Next::Refuse(down()));
    }
    assert_eq!(text(&fresh(&world).await), "at-4");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_no_invalid_grant_disables_nothing_and_is_not_repeated() {
    let world = World::expired();
    let refused = AuthError::Refused { code: "invalid_client".to_owned(), text: "who".to_owned() };
    world.next(Next::Refuse(refused));
    let error = fresh(&world).await.unwrap_err();
    assert_eq!(error.kind(), "refresh_failed");
    assert!(error.to_string().contains("invalid_client"), "{error}");
    assert_eq!((world.n_requests(), world.stored().needs_login), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_bad_proxy_sends_nothing_and_keeps_the_living_token() {
    let world = World::with(MINUTE);
    world.change(|it| it.tokens.proxy = Some(Secret::new("bad")));
    assert_eq!(text(&fresh(&world).await), "at-0");
    tokio::time::sleep(MINUTE).await;
    assert_eq!(text(&fresh(&world).await), "invalid");
    assert_eq!(world.n_requests(), 0);
    assert!(!world.leased());
}

// === invalid_grant ===

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_needs_a_new_sign_in() {
    let world = World::with(3 * MINUTE);
    world.next(Next::Refuse(AuthError::InvalidGrant("Session ended.".to_owned())));
    let process = world.process("p1");
    let error = process.access_token(&world.id, Need::Fresh).await.unwrap_err();
    assert_eq!(error.kind(), "needs_login");
    let reason = world.stored().needs_login.unwrap();
    assert!(reason.contains("Session ended.") && reason.contains("Sign in again"), "{reason}");
    assert!(!reason.contains("cut off"), "{reason}");
    assert_eq!(text(&process.access_token(&world.id, Need::Fresh).await), "needs_login");
    assert_eq!(text(&process.access_token(&world.id, rejected("x")).await), "needs_login");
    assert_eq!(world.n_requests(), 1);
    assert!(!world.leased());
    // A new refresh token, pasted by a person, is tried at once.
    world.change(|it| it.tokens.refresh = Secret::new("rt-0"));
    assert_eq!(text(&process.access_token(&world.id, Need::Forced).await), "at-2");
    assert_eq!(world.stored().needs_login, None);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_grant_is_believed_only_after_reading_again() {
    // Between our read and the request someone stored another pair.
    for (stored, expires, wanted, n_requests) in [
        ("rt-0", Duration::ZERO, "at-2", 2), // another refresh token: it is used
        ("rt-new", HOUR, "at-new", 1),       // another pair: it is fresh already
    ] {
        let world = World::expired();
        world.change(|it| it.tokens.refresh = Secret::new("rt-stale"));
        world.next(Next::Refuse(AuthError::InvalidGrant("used".to_owned())));
        *world.store.1.on_take.lock().unwrap() = Some(Box::new(move |row| {
            row.tokens.refresh = Secret::new(stored);
            row.tokens.access = Some(Secret::new("at-new"));
            row.tokens.expires_at = Some(testkit::START.plus(expires));
        }));
        assert_eq!(text(&fresh(&world).await), wanted);
        assert_eq!((world.n_requests(), world.stored().needs_login), (n_requests, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_that_rotated_says_so() {
    let world = World::expired();
    world.next(Next::Lose);
    let error = fresh(&world).await.unwrap_err();
    assert_eq!(error.kind(), "needs_login");
    assert!(error.to_string().contains("a refresh was cut off after it was sent"), "{error}");
    assert_eq!(world.n_requests(), 2);
}

// === Answers ===

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let world = World::expired();
    world.next(Next::Say(r#"{"access_token":"at-new"}"#.to_owned()));
    let token = fresh(&world).await.unwrap();
    assert_eq!(token.secret.expose(), "at-new");
    assert_eq!(world.stored().refresh.expose(), "rt-0");
    assert!(token.expires_at.unwrap() >= testkit::START.plus(8 * HOUR));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_captive_portal_is_an_outage() {
    let world = World::expired();
    for _ in 0..4 {
        world.next(Next::Page("<html>log in to the hotel</html>"));
    }
    assert_eq!(text(&fresh(&world).await), "refresh_failed");
    assert_eq!((world.n_requests(), world.stored().needs_login), (4, None));
    assert_eq!(text(&fresh(&world).await), "at-5");
}

// === Crashes ===

#[tokio::test(start_paused = true)]
async fn an_answer_the_store_could_not_take_is_taken_over_without_a_request() {
    let world = World::expired();
    world.store.1.fail_save.store(true, Ordering::SeqCst);
    assert_eq!(text(&fresh(&world).await), "refresh_failed");
    assert_eq!((world.n_requests(), world.leased()), (1, false));
    assert_eq!(world.stored().refresh.expose(), "rt-0");
    // The next process, after a restart.
    world.store.1.fail_save.store(false, Ordering::SeqCst);
    let token = world.process("p2").access_token(&world.id, Need::Fresh).await.unwrap();
    assert_eq!(token.secret.expose(), "at-1");
    assert_eq!(token.expires_at.unwrap().since(testkit::START).as_secs(), 8 * 3600);
    assert_eq!((world.n_requests(), world.revoked()), (1, false));
    assert_eq!(world.stored().refresh.expose(), "rt-1");
    assert_eq!(world.store.1.n_saves.load(Ordering::SeqCst), 1);
    // And nothing is left that could be taken over twice.
    let file = world.folder.path().join("refresh/acc-1.answer");
    assert_eq!(std::fs::metadata(file).unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_found_too_late_still_gives_the_refresh_token() {
    let world = World::expired();
    world.store.1.fail_save.store(true, Ordering::SeqCst);
    assert_eq!(text(&fresh(&world).await), "refresh_failed");
    world.store.1.fail_save.store(false, Ordering::SeqCst);
    tokio::time::sleep(9 * HOUR).await;
    assert_eq!(text(&world.process("p2").access_token(&world.id, Need::Fresh).await), "at-2");
    assert_eq!((world.n_requests(), world.revoked()), (2, false));
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_token_no_longer_stored_is_dropped() {
    let world = World::expired();
    world.store.1.fail_save.store(true, Ordering::SeqCst);
    assert_eq!(text(&fresh(&world).await), "refresh_failed");
    world.store.1.fail_save.store(false, Ordering::SeqCst);
    // A person signed in anew meanwhile, and that session is the one that counts.
    world.change(|it| it.tokens.refresh = Secret::new("rt-1"));
    assert_eq!(text(&fresh(&world).await), "at-2");
    assert_eq!(world.stored().refresh.expose(), "rt-2");
}

#[tokio::test(start_paused = true)]
async fn a_torn_answer_is_not_believed_and_the_text_says_what_happened() {
    let world = World::expired();
    world.store.1.fail_save.store(true, Ordering::SeqCst);
    assert_eq!(text(&fresh(&world).await), "refresh_failed");
    world.store.1.fail_save.store(false, Ordering::SeqCst);
    let file = world.folder.path().join("refresh/acc-1.answer");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = world.process("p2").access_token(&world.id, Need::Fresh).await.unwrap_err();
    assert_eq!(error.kind(), "needs_login");
    assert!(error.to_string().contains("cut off"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_room_for_the_answer_nothing_is_sent() {
    let world = World::expired();
    // A folder that cannot be made stands for a disk that is full; the journal's own tests have
    // a full disk.
    std::fs::write(world.folder.path().join("refresh"), "in the way").unwrap();
    assert_eq!(text(&fresh(&world).await), "data_folder");
    assert_eq!((world.n_requests(), world.leased()), (0, false));
    let world = World::with(MINUTE);
    std::fs::write(world.folder.path().join("refresh"), "in the way").unwrap();
    assert_eq!(text(&fresh(&world).await), "at-0", "the living token is used meanwhile");
}

// === Texts ===

#[tokio::test(start_paused = true)]
async fn no_token_is_in_any_text() {
    let world = World::expired();
    world.change(|it| {
        it.tokens.access = Some(Secret::new("at-canary"));
        it.tokens.refresh = Secret::new("rt-canary");
    });
    let error = fresh(&world).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?}", world.stored(), rejected("at-canary"));
    assert!(!shown.contains("canary"), "{shown}");
    let token = AccessToken { secret: Secret::new("canary"), expires_at: None };
    assert_eq!(format!("{token:?}"), "AccessToken { secret: ****, expires_at: None }");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_account_is_not_found() {
    let world = World::expired();
    let error = world.process("p1").access_token(&"other".into(), Need::Fresh).await.unwrap_err();
    assert_eq!(error.kind(), "not_found");
}
