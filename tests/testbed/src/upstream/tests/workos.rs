//! Sign-in and refresh, rule by rule.
//!
//! Owns: one test a rule of the token endpoint.
//! Must not know: Factory.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CLIENT, fake, form, messages, plain, refresh, send, token};
use crate::upstream::{Fake, Quirks};

const DEVICE: &str = "/user_management/authorize/device";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-0123456789";

async fn device(fake: &Fake) -> (String, String) {
    let body = form(fake, DEVICE, &[("client_id", CLIENT)]).await.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("device_code"), text("user_code"))
}

async fn poll(fake: &Fake, code: &str) -> super::Reply {
    let fields = [("grant_type", DEVICE_GRANT), ("device_code", code), ("client_id", CLIENT)];
    token(fake, &fields).await
}

async fn authorize(fake: &Fake, extra: &str) -> super::Reply {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let path = format!(
        "/user_management/authorize?client_id={CLIENT}&response_type=code&provider=authkit\
         &code_challenge={challenge}&code_challenge_method=S256{extra}"
    );
    send(fake, "GET", &path, &[], "").await
}

async fn code(fake: &Fake) -> String {
    let redirect =
        authorize(fake, "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb&state=s%201").await;
    assert_eq!(redirect.status, 302, "{redirect:?}");
    let location = redirect.head.lines().find_map(|it| it.strip_prefix("location: ")).unwrap();
    let rest = location.strip_prefix("http://127.0.0.1:9/cb?code=").unwrap();
    let (code, state) = rest.split_once("&state=").unwrap();
    assert_eq!(state, "s%201");
    code.to_owned()
}

async fn exchange(fake: &Fake, code: &str, verifier: &str, more: &[(&str, &str)]) -> super::Reply {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", verifier),
        ("client_id", CLIENT),
    ];
    fields.extend_from_slice(more);
    token(fake, &fields).await
}

fn claims(access: &Value) -> Value {
    let payload = access.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_device_signs_in_once_it_is_approved() {
    let fake = fake().await;
    let body = form(&fake, DEVICE, &[("client_id", CLIENT)]).await.json();
    assert_eq!((&body["expires_in"], &body["interval"]), (&json!(300), &json!(5)));
    let (code, user_code) =
        (body["device_code"].as_str().unwrap(), body["user_code"].as_str().unwrap());
    assert!(body["verification_uri_complete"].as_str().unwrap().ends_with(user_code));
    poll(&fake, code).await.refused("authorization_pending");
    assert!(fake.approve_device(user_code, None));
    assert!(!fake.approve_device(user_code, None), "decided twice");
    fake.advance(Duration::from_secs(5));
    let answer = poll(&fake, code).await.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 28800);
    assert_eq!(claims(&answer["access_token"])["email"], answer["user"]["email"]);
    assert_eq!(claims(&answer["access_token"])["org_id"], answer["organization_id"]);
    fake.advance(Duration::from_secs(5));
    poll(&fake, code).await.refused("invalid_grant");
}

#[tokio::test]
async fn polling_too_fast_widens_the_interval_by_five_seconds_each_time() {
    let fake = fake().await;
    let (code, _) = device(&fake).await;
    poll(&fake, &code).await.refused("authorization_pending");
    poll(&fake, &code).await.refused("slow_down");
    assert_eq!(fake.pending_devices()[0].interval, 10);
    fake.advance(Duration::from_secs(9));
    poll(&fake, &code).await.refused("slow_down");
    assert_eq!(fake.pending_devices()[0].interval, 15);
    fake.advance(Duration::from_secs(15));
    poll(&fake, &code).await.refused("authorization_pending");
}

#[tokio::test]
async fn a_denied_or_expired_device_code_says_so() {
    let fake = fake().await;
    let (code, user_code) = device(&fake).await;
    assert!(fake.deny_device(&user_code));
    poll(&fake, &code).await.refused("access_denied");
    let (code, _) = device(&fake).await;
    fake.advance(Duration::from_secs(300));
    poll(&fake, &code).await.refused("expired_token");
    poll(&fake, "made-up").await.refused("invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_reuse_revokes_the_family() {
    let fake = fake().await;
    let account = fake.mint_account();
    let second = refresh(&fake, &account.refresh_token).await.json();
    let second = second["refresh_token"].as_str().unwrap();
    assert_ne!(second, account.refresh_token);
    let third = refresh(&fake, second).await.json();
    let state = fake.state(&account.refresh_token).unwrap();
    assert_eq!((state.alive, state.rotations, state.is_current), (true, 2, false));
    assert_eq!(state.current.as_deref(), third["refresh_token"].as_str());

    refresh(&fake, second).await.refused("invalid_grant");
    let state = fake.state(second).unwrap();
    assert_eq!((state.alive, state.revoked_by.as_deref()), (false, Some("reuse")));
    refresh(&fake, third["refresh_token"].as_str().unwrap()).await.refused("invalid_grant");
    let access = third["access_token"].as_str().unwrap();
    assert_eq!(messages(&fake, access, &plain("hi", false)).await.status, 401);
    let stats = fake.stats();
    assert_eq!((stats.refreshed, stats.refused, stats.reuses, stats.revoked), (2, 2, 1, 1));
}

#[tokio::test]
async fn a_refresh_for_another_organization_or_client_spends_nothing() {
    let fake = fake().await;
    let user = fake.add_user("two@example.test", &["org_a".into(), "org_b".into()]);
    let account = fake.mint_for(&user);
    let with = |org: &'static str| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", account.refresh_token.as_str()),
            ("client_id", CLIENT),
            ("organization_id", org),
        ]
    };
    token(&fake, &with("org_c")).await.refused("invalid_request");
    token(&fake, &with("")).await.refused("invalid_request");
    let mut fields = with("org_a");
    fields[2].1 = "client_other";
    token(&fake, &fields).await.refused("invalid_client");
    assert!(fake.state(&account.refresh_token).unwrap().is_current);
    let answer = token(&fake, &with("org_b")).await.json();
    assert_eq!(answer["organization_id"], "org_b");
    assert_eq!(claims(&answer["access_token"])["org_id"], "org_b");
}

#[tokio::test]
async fn the_token_endpoint_takes_forms_and_json_and_nothing_else() {
    let fake = fake().await;
    let account = fake.mint_account();
    let path = "/user_management/authenticate";
    let body = json!({"grant_type": "refresh_token", "client_id": CLIENT,
        "refresh_token": account.refresh_token})
    .to_string();
    let plain = send(&fake, "POST", path, &[("content-type", "text/plain")], &body).await;
    assert_eq!((plain.status, &plain.json()["error"]), (415, &json!("invalid_request")));
    let json = send(&fake, "POST", path, &[("content-type", "application/json")], &body).await;
    assert_eq!(json.status, 200);
    token(&fake, &[("client_id", CLIENT)]).await.refused("invalid_request");
    token(&fake, &[("client_id", CLIENT), ("grant_type", "password")])
        .await
        .refused("unsupported_grant_type");
    token(&fake, &[("client_id", CLIENT), ("client_id", CLIENT)]).await.refused("invalid_request");
}

#[tokio::test]
async fn a_code_needs_its_verifier_and_its_redirect_and_is_good_once() {
    let fake = fake().await;
    let code = code(&fake).await;
    let other = "another-verifier-that-is-long-enough-for-rfc-7636-01234";
    exchange(&fake, &code, other, &[]).await.refused("invalid_grant");
    exchange(&fake, &code, "short", &[]).await.refused("invalid_request");
    let wrong = [("redirect_uri", "http://127.0.0.1:10/cb")];
    exchange(&fake, &code, VERIFIER, &wrong).await.refused("invalid_grant");
    let right = [("redirect_uri", "http://127.0.0.1:9/cb")];
    let answer = exchange(&fake, &code, VERIFIER, &right).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    exchange(&fake, &code, VERIFIER, &right).await.refused("invalid_grant");
    let refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let state = fake.state(&refresh_token).unwrap();
    assert_eq!(state.revoked_by.as_deref(), Some("code_reuse"));
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let fake = fake().await;
    let code = code(&fake).await;
    fake.advance(Duration::from_secs(600));
    exchange(&fake, &code, VERIFIER, &[]).await.refused("invalid_grant");
}

#[tokio::test]
async fn an_authorize_request_is_checked() {
    let fake = fake().await;
    let good = "&redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb&state=x";
    assert_eq!(authorize(&fake, good).await.status, 302);
    authorize(&fake, "&redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb")
        .await
        .refused("invalid_request");
    authorize(&fake, "&redirect_uri=http%3A%2F%2Fevil.test%2Fcb&state=x")
        .await
        .refused("invalid_request");
    authorize(&fake, "&state=x").await.refused("invalid_request");
    let bare = format!(
        "/user_management/authorize?client_id={CLIENT}&response_type=code&state=x\
        &provider=authkit&redirect_uri=http%3A%2F%2Flocalhost%3A9%2Fcb"
    );
    send(&fake, "GET", &bare, &[], "").await.refused("invalid_request");
}

#[tokio::test]
async fn quirks_leave_out_what_they_name() {
    let fake = fake().await;
    let account = fake.mint_account();
    fake.set_quirks(Quirks {
        omit_refresh_token: true,
        omit_expires_in: true,
        give_expires_at: true,
        omit_user: true,
        omit_organization: true,
        omit_org_claim: true,
    });
    let answer = refresh(&fake, &account.refresh_token).await.json();
    for absent in ["refresh_token", "expires_in", "user", "organization_id"] {
        assert!(answer.get(absent).is_none(), "{absent} is there");
    }
    assert!(answer["expires_at"].as_str().unwrap().ends_with('Z'));
    assert!(claims(&answer["access_token"]).get("org_id").is_none());
    // The old token stays good, as an answer without a new one says.
    assert_eq!(refresh(&fake, &account.refresh_token).await.status, 200);
    assert!(fake.state(&account.refresh_token).unwrap().is_current);
    assert!(fake.journal().entries().iter().all(|it| it.rotated_at.is_none()));
}

#[tokio::test]
async fn a_revoked_family_refreshes_no_more() {
    let fake = fake().await;
    let account = fake.mint_account();
    assert!(fake.revoke(&account.refresh_token));
    assert!(!fake.revoke("made-up"));
    refresh(&fake, &account.refresh_token).await.refused("invalid_grant");
    assert_eq!(fake.state("made-up"), None);
}
