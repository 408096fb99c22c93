//! What is read from answers, and what never is repeated.

use proptest::prelude::*;

use super::*;

const RECEIVED: Timestamp = Timestamp(1_800_000_000_000);
const LIFE: Duration = Duration::from_secs(8 * 3600);

fn pair(body: &str) -> Result<TokenPair, AuthError> {
    token_pair(body.as_bytes(), RECEIVED, Some(&Secret::new("old")), LIFE)
}

fn jwt(payload: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.c2ln", base64url(payload.as_bytes()))
}

#[test]
fn a_full_answer_is_read() {
    let pair = pair(
        r#"{"access_token":"a","refresh_token":"r","expires_in":3600,"token_type":"Bearer",
        "user":{"id":"user_1","email":"a@example.com","first_name":"Ada","last_name":"L"},
        "organization_id":"org_1","authentication_method":"SSO"}"#,
    )
    .unwrap();
    assert_eq!((pair.access.expose(), pair.refresh.expose()), ("a", "r"));
    assert_eq!(pair.expires_at, RECEIVED.plus(Duration::from_secs(3600)));
    assert_eq!(pair.organization_id.as_deref(), Some("org_1"));
    assert_eq!(pair.user_id.as_deref(), Some("user_1"));
    assert_eq!(pair.owner_email, Some(Personal("a@example.com".to_owned())));
    assert_eq!(pair.owner_name, Some(Personal("Ada L".to_owned())));
}

#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    for body in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","refresh_token":null,"user":null,"organization_id":null}"#,
        r#"{"access_token":"a","refresh_token":"","user":7,"expires_in":"x","expires_at":{}}"#,
    ] {
        let pair = pair(body).unwrap();
        assert_eq!(pair.refresh.expose(), "old");
        assert_eq!(pair.expires_at, RECEIVED.plus(LIFE));
    }
    assert!(token_pair(br#"{"access_token":"a"}"#, RECEIVED, None, LIFE).is_err());
}

#[test]
fn the_end_is_read_in_every_form() {
    let end = RECEIVED.plus(Duration::from_secs(600));
    let claims = jwt(&format!(r#"{{"exp":{}}}"#, end.0 / 1000));
    for body in [
        format!(r#"{{"access_token":"a","expires_at":"{}"}}"#, end.to_rfc3339()),
        format!(r#"{{"access_token":"a","expires_at":{}}}"#, end.0 / 1000),
        format!(r#"{{"access_token":"a","expires_at":{}}}"#, end.0),
        format!(r#"{{"access_token":"a","expires_at":"{}"}}"#, end.0 / 1000),
        r#"{"access_token":"a","expires_in":600}"#.to_owned(),
        r#"{"access_token":"a","expires_in":"600"}"#.to_owned(),
        r#"{"access_token":"a","expires_in":600.0}"#.to_owned(),
        format!(r#"{{"access_token":"{claims}"}}"#),
    ] {
        assert_eq!(pair(&body).unwrap().expires_at, end, "{body}");
    }
    let absurd = pair(r#"{"access_token":"a","expires_in":1e300}"#).unwrap();
    assert_eq!(absurd.expires_at, RECEIVED.plus(LIFE));
}

#[test]
fn claims_fill_what_the_answer_leaves_out() {
    let claims = jwt(r#"{"exp":1,"iat":1700000000,"org_id":"org_c","sub":"user_c","email":"c@d"}"#);
    let pair = pair(&format!(r#"{{"access_token":"{claims}","organization_id":"org_a"}}"#));
    let pair = pair.unwrap();
    assert_eq!(pair.organization_id.as_deref(), Some("org_a"));
    assert_eq!(pair.user_id.as_deref(), Some("user_c"));
    assert_eq!(pair.owner_email, Some(Personal("c@d".to_owned())));
    let claims = Claims::of(&Secret::new(claims));
    assert_eq!(claims.issued_at, Some(Timestamp(1_700_000_000_000)));
    for odd in ["", "a.b", "a.!!.c", "a.e30.c.d", "fk-key"] {
        assert_eq!(Claims::of(&Secret::new(odd)), Claims::default(), "{odd}");
    }
    assert_eq!(Claims::of(&Secret::new("a.e30=.c")), Claims::default());
}

#[test]
fn what_is_no_token_answer_blames_nobody() {
    for body in ["", "<html>", "[]", "{}", r#"{"access_token":""}"#, r#"{"access_token":1}"#] {
        assert!(pair(body).unwrap_err().transient(), "{body}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let refused = |status, body: &str| refusal(status, body.as_bytes(), &[]);
    let dead = refused(400, r#"{"error":"invalid_grant","error_description":"Session ended."}"#);
    assert_eq!(dead, AuthError::InvalidGrant("Session ended.".to_owned()));
    let other_form = refused(400, r#"{"code":"invalid_grant","message":"gone"}"#);
    assert_eq!(other_form, AuthError::InvalidGrant("gone".to_owned()));
    assert_eq!(refused(400, r#"{"error":"authorization_pending"}"#), AuthError::Pending);
    assert_eq!(refused(400, r#"{"error":"slow_down"}"#), AuthError::SlowDown);
    assert_eq!(refused(400, r#"{"error":"expired_token"}"#), AuthError::Expired);
    assert_eq!(refused(400, r#"{"error":"access_denied"}"#), AuthError::Denied);
    for status in [401, 403, 404, 302] {
        let code = format!("http_{status}");
        assert!(
            matches!(refused(status, "<html>"), AuthError::Refused { code: c, .. } if c == code)
        );
    }
    // A body that says invalid_grant does not make an outage the account's fault.
    for status in [407, 408, 429, 500, 502, 503, 504, 529] {
        assert!(refused(status, r#"{"error":"invalid_grant"}"#).transient(), "{status}");
    }
}

#[test]
fn texts_repeat_no_secret() {
    let secret = Secret::new("rt-short");
    let jwt = jwt("{}");
    let text = format!(
        "token rt-short of ada@example.com: {jwt}, (key=fk-0123456789abcdef01234567)\u{1b}[31m\nend"
    );
    let cleaned = clean(&text, &[&secret]);
    assert_eq!(cleaned, "token **** of **** ****, (****) [31m end");
}

proptest! {
    #[test]
    fn no_secret_of_a_request_comes_back(
        secret in "[A-Za-z0-9_.-]{4,60}", before in ".{0,30}", after in ".{0,30}",
    ) {
        let cleaned = clean(&format!("{before}{secret}{after}"), &[&Secret::new(secret.clone())]);
        prop_assert!(!cleaned.contains(&secret) || "****".contains(&secret));
        prop_assert!(cleaned.chars().count() <= MAX_TEXT);
        prop_assert!(!cleaned.contains(char::is_control));
    }

    #[test]
    fn any_body_is_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = token_pair(&body, RECEIVED, None, LIFE);
        let _ = refusal(400, &body, &[]);
        let _ = Claims::of(&Secret::new(String::from_utf8_lossy(&body)));
    }
}
