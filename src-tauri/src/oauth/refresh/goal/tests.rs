//! Which token is due.

use super::*;
use crate::config::Config;
use crate::oauth::answer::base64url;
use crate::secret::Secret;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn tokens(expires_at: Option<Timestamp>, last_refresh_at: Option<Timestamp>) -> Tokens {
    Tokens {
        name: "mine".to_owned(),
        access: Some(Secret::new("at")),
        refresh: Secret::new("rt"),
        expires_at,
        last_refresh_at,
        organization_id: None,
        proxy: None,
        needs_login: None,
    }
}

fn fresh(tokens: &Tokens) -> bool {
    Goal::Fresh.met(tokens, &Config::default().token_refresh, NOW).is_some()
}

#[test]
fn a_token_is_due_when_old_or_near_its_end() {
    let ends = |it: Duration| Some(NOW.plus(it));
    let made = |it: Duration| Some(NOW.minus(it));
    assert!(fresh(&tokens(ends(2 * HOUR), made(HOUR))));
    assert!(!fresh(&tokens(ends(2 * HOUR), made(6 * HOUR))), "older than the interval");
    assert!(fresh(&tokens(ends(6 * MINUTE), made(HOUR))));
    assert!(!fresh(&tokens(ends(5 * MINUTE), made(HOUR))), "within 5 minutes of its end");
    assert!(!fresh(&tokens(made(HOUR), made(HOUR))), "over");
}

#[test]
fn an_unknown_age_is_judged_by_the_end_and_the_claims_alone() {
    assert!(fresh(&tokens(Some(NOW.plus(HOUR)), None)));
    assert!(!fresh(&tokens(Some(NOW.plus(MINUTE)), None)));
    assert!(fresh(&tokens(None, None)), "nothing is known: a 401 will tell");
    let with_claims = |issued: Timestamp, ends: Timestamp| {
        let claims = format!(r#"{{"iat":{},"exp":{}}}"#, issued.0 / 1000, ends.0 / 1000);
        let token = format!("e30.{}.x", base64url(claims.as_bytes()));
        Tokens { access: Some(Secret::new(token)), ..tokens(None, None) }
    };
    assert!(fresh(&with_claims(NOW.minus(HOUR), NOW.plus(HOUR))));
    assert!(!fresh(&with_claims(NOW.minus(7 * HOUR), NOW.plus(HOUR))));
    assert!(!fresh(&with_claims(NOW.minus(HOUR), NOW.plus(MINUTE))));
}

#[test]
fn a_token_that_lives_but_minutes_is_not_due_at_birth() {
    let lives =
        |it: Duration, age: Duration| tokens(Some(NOW.plus(it - age)), Some(NOW.minus(age)));
    assert!(fresh(&lives(5 * MINUTE, Duration::ZERO)));
    assert!(fresh(&lives(5 * MINUTE, 3 * MINUTE)));
    assert!(!fresh(&lives(5 * MINUTE, 4 * MINUTE)));
}

#[test]
fn without_auto_refresh_only_the_end_counts() {
    let mut rules = Config::default().token_refresh;
    rules.auto_refresh = false;
    let met = |it: &Tokens| Goal::Fresh.met(it, &rules, NOW).is_some();
    assert!(met(&tokens(Some(NOW.plus(MINUTE)), Some(NOW.minus(9 * HOUR)))));
    assert!(!met(&tokens(Some(NOW), Some(NOW.minus(HOUR)))));
    assert!(!met(&Tokens { access: None, ..tokens(None, None) }));
}

#[test]
fn a_refused_token_never_will_do() {
    let rules = Config::default().token_refresh;
    let stored = tokens(Some(NOW.plus(HOUR)), None);
    let goal = |it: &str| Goal::Other(Secret::new(it).fingerprint());
    assert!(goal("at").met(&stored, &rules, NOW).is_none());
    assert!(goal("other").met(&stored, &rules, NOW).is_some());
    let over = tokens(Some(NOW), None);
    assert!(goal("other").met(&over, &rules, NOW).is_none());
}
