//! Sign-ins against a small server and a clock that is moved by hand.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::clock::{ManualClock, Rand};
use crate::oauth::workos::tests::config;
use crate::upstream::Clients;
use crate::upstream::testkit::{Server, answer};

const START: Timestamp = Timestamp(1_800_000_000_000);
const TOKENS: &str = r#"{"access_token":"at","refresh_token":"rt","expires_in":600,
    "organization_id":"org_1"}"#;

struct World {
    server: Server,
    clock: Arc<ManualClock>,
    sign_in: SignIn,
    answers: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

impl World {
    /// Device codes with this interval and life; token answers as they are pushed.
    async fn with(interval: u64, expires_in: u64) -> Self {
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let queue = answers.clone();
        let server = Server::start(move |request| {
            if request.head.starts_with("POST /device ") {
                return answer(
                    200,
                    &format!(
                        r#"{{"device_code":"dc-canary","user_code":"ABCD-EFGH",
                        "verification_uri":"https://x/d","verification_uri_complete":"https://x/d?c",
                        "expires_in":{expires_in},"interval":{interval}}}"#
                    ),
                );
            }
            if request.head.starts_with("GET /app/api/cli/org ") {
                return answer(200, r#"{"workosOrgIds":["org_asked"]}"#);
            }
            queue.lock().unwrap().pop_front().expect("an answer for each request")
        })
        .await;
        let clock = Arc::new(ManualClock::at(START));
        let workos = WorkOsClient::new(Clients::new(Vec::new()), &config(&server));
        let sign_in = SignIn::new(workos, clock.clone(), Arc::new(Rand::seeded(1)));
        Self { server, clock, sign_in, answers }
    }

    fn push(&self, status: u16, body: &str) {
        self.answers.lock().unwrap().push_back(answer(status, body));
    }

    fn n_polls(&self) -> usize {
        let requests = self.server.requests();
        requests.iter().filter(|it| it.head.starts_with("POST /authenticate ")).count()
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn seconds_to(poll: &DevicePoll, world: &World) -> u64 {
    match poll {
        DevicePoll::Wait { next_poll_at } => next_poll_at.since(world.clock.now()).as_secs(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_device_sign_in_ends_with_tokens_once() {
    let world = World::with(5, 300).await;
    let mut start = world.sign_in.start_device(None).await.unwrap();
    assert_eq!(start.user_code, "ABCD-EFGH");
    assert_eq!(start.verification_uri_complete.as_deref(), Some("https://x/d?c"));
    assert_eq!((start.expires_in.as_secs(), start.interval.as_secs()), (300, 5));
    world.wait(5);
    world.push(200, TOKENS);
    let DevicePoll::Done(pair) = world.sign_in.poll_device(&mut start.login).await.unwrap() else {
        panic!("not done")
    };
    assert_eq!((pair.access.expose(), pair.refresh.expose()), ("at", "rt"));
    assert_eq!(pair.organization_id.as_deref(), Some("org_1"));
    world.wait(5);
    let again = world.sign_in.poll_device(&mut start.login).await.unwrap_err();
    assert_eq!(again.kind(), "login_over");
    assert_eq!(world.n_polls(), 1);
}

#[tokio::test]
async fn polling_never_is_faster_than_asked() {
    let world = World::with(5, 300).await;
    let mut login = world.sign_in.start_device(None).await.unwrap().login;
    let mut poll = async || world.sign_in.poll_device(&mut login).await.unwrap();
    for _ in 0..20 {
        assert_eq!(seconds_to(&poll().await, &world), 5);
    }
    assert_eq!(world.n_polls(), 0, "too early: nobody is asked");
    world.wait(5);
    world.push(400, r#"{"error":"authorization_pending"}"#);
    assert_eq!(seconds_to(&poll().await, &world), 5);
    world.wait(4);
    assert_eq!(seconds_to(&poll().await, &world), 1);
    assert_eq!(world.n_polls(), 1);
    world.wait(1);
    world.push(400, r#"{"error":"slow_down"}"#);
    assert_eq!(seconds_to(&poll().await, &world), 10);
    world.wait(10);
    world.push(400, r#"{"error":"authorization_pending"}"#);
    assert_eq!(seconds_to(&poll().await, &world), 10, "slow_down lasts");
    assert_eq!(world.n_polls(), 3);
}

#[tokio::test]
async fn an_outage_slows_polling_down_and_does_not_end_it() {
    let world = World::with(5, 300).await;
    let mut login = world.sign_in.start_device(None).await.unwrap().login;
    world.wait(5);
    for pause in [10, 20, 40] {
        world.push(503, "");
        let poll = world.sign_in.poll_device(&mut login).await.unwrap();
        assert_eq!(seconds_to(&poll, &world), pause);
        world.wait(pause);
    }
    world.push(400, r#"{"error":"authorization_pending"}"#);
    let poll = world.sign_in.poll_device(&mut login).await.unwrap();
    assert_eq!(seconds_to(&poll, &world), 5);
}

#[tokio::test]
async fn a_device_sign_in_can_expire_be_denied_or_refused() {
    for (body, wanted) in [
        (r#"{"error":"expired_token"}"#, "Ok(Expired)"),
        (r#"{"error":"access_denied"}"#, "Ok(Denied)"),
        (r#"{"error":"invalid_client","error_description":"who"}"#, "Err(LoginOver"),
        (r#"{"error":"invalid_grant"}"#, "Err(LoginOver"),
    ] {
        let world = World::with(1, 300).await;
        let mut login = world.sign_in.start_device(None).await.unwrap().login;
        world.wait(1);
        world.push(400, body);
        let poll = format!("{:?}", world.sign_in.poll_device(&mut login).await);
        assert!(poll.starts_with(wanted), "{body}: {poll}");
        world.wait(1);
        let after = world.sign_in.poll_device(&mut login).await.unwrap_err();
        assert_eq!((after.kind(), world.n_polls()), ("login_over", 1));
    }
    let world = World::with(5, 3600).await;
    let start = world.sign_in.start_device(None).await.unwrap();
    assert_eq!(start.expires_in, SESSION);
    let mut login = start.login;
    world.wait(600);
    let poll = world.sign_in.poll_device(&mut login).await.unwrap();
    assert!(matches!(poll, DevicePoll::Expired));
    assert_eq!(world.n_polls(), 0);
}

#[tokio::test]
async fn the_state_survives_a_process_and_shows_no_secret() {
    let world = World::with(5, 300).await;
    let proxy = Secret::new("http://u:pw-canary@127.0.0.1:1");
    let mut device = world.sign_in.start_device(None).await.unwrap().login;
    device.proxy = Some(proxy.clone());
    let (pkce, _) = world.sign_in.start_pkce("http://127.0.0.1/cb", Some(proxy)).unwrap();
    let verifier = pkce.verifier.clone();
    for login in [Login::Device(device), Login::Pkce(pkce)] {
        let written = login.to_secret();
        let again = Login::from_secret(&written).unwrap();
        assert_eq!(again.to_secret(), written);
        assert_eq!(again.expires_at(), login.expires_at());
        assert_eq!(again.proxy(), login.proxy());
        assert!(written.expose().contains("pw-canary"));
        let shown = format!("{login:?} {written:?}");
        assert!(!shown.contains("canary") && !shown.contains(verifier.expose()), "{shown}");
    }
    for odd in ["", "{}", r#"{"flow":"other"}"#] {
        let error = Login::from_secret(&Secret::new(odd)).unwrap_err();
        assert_eq!(error.kind(), "login_over");
    }
}

fn query(url: &Url, key: &str) -> String {
    url.query_pairs().find(|(it, _)| it == key).unwrap().1.into_owned()
}

#[tokio::test]
async fn a_browser_sign_in_proves_itself_with_pkce() {
    let world = World::with(5, 300).await;
    let (mut login, url) = world.sign_in.start_pkce("http://127.0.0.1:9/callback", None).unwrap();
    assert_eq!(url.path(), "/authorize");
    assert_eq!(query(&url, "client_id"), "client_test");
    assert_eq!(query(&url, "response_type"), "code");
    assert_eq!(query(&url, "redirect_uri"), "http://127.0.0.1:9/callback");
    assert_eq!(query(&url, "code_challenge_method"), "S256");
    let (other, _) = world.sign_in.start_pkce("http://127.0.0.1:9/callback", None).unwrap();
    assert!(other.state != login.state && other.verifier != login.verifier);

    let state = query(&url, "state");
    world.push(200, TOKENS);
    let callback = format!("http://127.0.0.1:9/callback?code=c1&state={state}");
    let pair = world.sign_in.complete_pkce(&mut login, &callback).await.unwrap();
    assert_eq!(pair.refresh.expose(), "rt");
    let sent = world.server.requests().remove(0).body;
    let verifier = sent.split("code_verifier=").nth(1).unwrap();
    assert!((43..=128).contains(&verifier.len()), "RFC 7636 section 4.1");
    assert_eq!(query(&url, "code_challenge"), base64url(&Sha256::digest(verifier.as_bytes())));
    let again = world.sign_in.complete_pkce(&mut login, &callback).await.unwrap_err();
    assert_eq!((again.kind(), world.n_polls()), ("login_over", 1));
}

#[tokio::test]
async fn a_wrong_paste_or_an_outage_leaves_a_browser_sign_in_open() {
    let world = World::with(5, 300).await;
    let (mut login, url) = world.sign_in.start_pkce("http://127.0.0.1:9/cb", None).unwrap();
    let callback = format!("code=c1&state={}", query(&url, "state"));
    for wrong in ["", "http://127.0.0.1:9/cb", "code=c1&state=other", "error=access_denied"] {
        let error = world.sign_in.complete_pkce(&mut login, wrong).await.unwrap_err();
        assert_eq!(error.kind(), "invalid", "{wrong}");
    }
    world.push(503, "");
    let error = world.sign_in.complete_pkce(&mut login, &callback).await.unwrap_err();
    assert!(error.retryable(), "{error}");
    world.push(200, r#"{"access_token":"at","refresh_token":"rt"}"#);
    let pair = world.sign_in.complete_pkce(&mut login, &callback).await.unwrap();
    assert_eq!(pair.organization_id.as_deref(), Some("org_asked"));
}

#[tokio::test]
async fn a_browser_sign_in_ends_when_denied_refused_or_late() {
    let world = World::with(5, 300).await;
    let begin = || {
        let (login, url) = world.sign_in.start_pkce("http://127.0.0.1:9/cb", None).unwrap();
        (login, query(&url, "state"))
    };
    let (mut denied, state) = begin();
    let callback = format!("error=access_denied&state={state}");
    let error = world.sign_in.complete_pkce(&mut denied, &callback).await.unwrap_err();
    assert_eq!(error.to_string(), "this sign-in is over: it was refused in the browser");
    let after = world.sign_in.complete_pkce(&mut denied, &format!("code=c&state={state}")).await;
    assert_eq!(after.unwrap_err().kind(), "login_over");

    let (mut refused, state) = begin();
    world.push(400, r#"{"error":"invalid_grant","error_description":"code reused"}"#);
    let callback = format!("code=c-canary&state={state}");
    let error = world.sign_in.complete_pkce(&mut refused, &callback).await.unwrap_err();
    assert!(error.to_string().contains("code reused") && !error.to_string().contains("canary"));

    let (mut late, state) = begin();
    world.wait(600);
    let error = world.sign_in.complete_pkce(&mut late, &format!("code=c&state={state}")).await;
    assert_eq!(error.unwrap_err().kind(), "login_over");
    assert_eq!(world.n_polls(), 1);
    assert!(world.sign_in.start_pkce("not a url", None).is_err());
}

#[tokio::test]
async fn a_bad_proxy_is_told_before_anything_is_sent() {
    let world = World::with(5, 300).await;
    let bad = Some(Secret::new("gopher://u:canary@127.0.0.1:1"));
    let error = world.sign_in.start_device(bad).await.unwrap_err();
    assert!(error.to_string().starts_with("proxy: ") && !error.to_string().contains("canary"));
    assert_eq!(world.server.n_connections(), 0);
}
