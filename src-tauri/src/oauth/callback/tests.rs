//! What people paste.

use proptest::prelude::*;

use super::*;

fn state() -> Secret {
    Secret::new("st-1")
}

fn code(text: &str) -> Option<String> {
    match read(text, &state()) {
        Ok(Callback::Code(code)) => Some(code.expose().to_owned()),
        _ => None,
    }
}

fn refusal(text: &str) -> String {
    read(text, &state()).unwrap_err().to_string()
}

#[test]
fn every_usual_form_is_read() {
    for text in [
        "http://127.0.0.1:4711/callback?code=c-1&state=st-1",
        "  http://localhost/callback?state=st-1&code=c-1&x=y#frag \n",
        "http://localhost/callback#code=c-1&state=st-1",
        "https://example.com/cb?code=c%2D1&state=st%2D1",
        "/callback?code=c-1&state=st-1",
        "?code=c-1&state=st-1",
        "code=c-1&state=st-1",
        "c-1#st-1",
    ] {
        assert_eq!(code(text).as_deref(), Some("c-1"), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_repeated() {
    for (text, wanted) in [
        ("", "paste the whole address"),
        ("canary", "there is no `state`"),
        ("http://localhost/callback", "there is no `state`"),
        ("http://localhost/callback?code=canary", "there is no `state`"),
        ("http://localhost/callback?state=st-1", "there is no `code`"),
        ("http://localhost/callback?code=canary&state=st-2", "another sign-in"),
        ("http://localhost/callback?code=canary&state=st-12", "another sign-in"),
        ("canary#other", "another sign-in"),
        ("http://localhost/cb?code=canary&code=b&state=st-1", "more than once"),
        ("http://[canary/?code=a&state=st-1", "no address"),
        ("http://localhost/callback?error=access_denied", "`access_denied`"),
    ] {
        let message = refusal(text);
        assert!(message.starts_with("callback_url: ") && message.contains(wanted), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn a_refusal_with_the_right_state_is_believed() {
    let text = "http://x/cb?error=server_error&error_description=it+broke&state=st-1&code=c";
    let Ok(Callback::Refused { error, text }) = read(text, &state()) else { panic!("not refused") };
    assert_eq!((error.as_str(), text.as_str()), ("server_error", "it broke"));
    let foreign = read("http://x/cb?error=access_denied&state=other", &state());
    assert!(foreign.is_err());
}

proptest! {
    #[test]
    fn any_code_survives_a_url(code_in in "\\PC{1,40}") {
        let mut url = Url::parse("http://127.0.0.1/callback").unwrap();
        url.query_pairs_mut().append_pair("code", &code_in).append_pair("state", "st-1");
        prop_assert_eq!(code(url.as_str()), Some(code_in));
    }

    #[test]
    fn nothing_pasted_panics_or_passes_without_the_state(text in ".{0,80}") {
        if !text.contains("st-1") {
            prop_assert!(read(&text, &state()).is_err());
        }
    }

    #[test]
    fn comparing_is_comparing(left in "[ab]{0,6}", right in "[ab]{0,6}") {
        prop_assert_eq!(same(&left, &right), left == right);
    }
}
