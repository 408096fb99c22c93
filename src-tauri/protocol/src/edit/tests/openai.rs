//! The rules of Responses and chat bodies, and those that hold for every dialect.
//!
//! Owns: instructions, the system message, effort, the usage chunk, model, stream, metadata.
//! Must not know: layouts; those are in the properties.

use super::super::{Body, Edits, Facts, Reasoning};
use super::{edited, prompt_only};
use crate::dialect::Dialect::{self, Anthropic, Chat, Gemini, Responses};

const P: &str = r#"You are Droid, an \"AI\" agent."#;

#[test]
fn instructions_in_every_shape() {
    let cases = [
        (r#"{"input":"x"}"#.to_owned(), format!(r#"{{"input":"x","instructions":"{P}"}}"#)),
        (r#"{"instructions":null }"#.to_owned(), format!(r#"{{"instructions":"{P}" }}"#)),
        (r#"{"instructions":""}"#.to_owned(), format!(r#"{{"instructions":"{P}"}}"#)),
        (
            r#"{"instructions":"\u4f60\n\ud800","input":[]}"#.to_owned(),
            format!(r#"{{"instructions":"{P}\n\n\u4f60\n\ud800","input":[]}}"#),
        ),
    ];
    for (before, expected) in cases {
        let (after, _) = edited(Responses, &before, &prompt_only());
        assert_eq!(after, expected);
        assert!(!edited(Responses, &after, &prompt_only()).1.changed());
    }
}

#[test]
fn the_first_system_or_developer_message_gets_the_prompt() {
    let user = r#"{"role":"user","content":"x\u0079"}"#;
    let part = format!(r#"{{"type":"text","text":"{P}"}}"#);
    let cases = [
        (user.to_owned(), format!(r#"{{"role":"system","content":"{P}"}},{user}"#)),
        (String::new(), format!(r#"{{"role":"system","content":"{P}"}}"#)),
        (
            format!(r#"{{"role":"developer","content":"a\tb"}}, {user}"#),
            format!(r#"{{"role":"developer","content":"{P}\n\na\tb"}}, {user}"#),
        ),
        (
            format!(r#"{{"content":[{{"type":"text","text":"a"}}],"role":"sys\u0074em"}},{user}"#),
            format!(
                r#"{{"content":[{part},{{"type":"text","text":"a"}}],"role":"sys\u0074em"}},{user}"#
            ),
        ),
        (
            format!(
                r#"{user},{{"role":"system","content":null}},{{"role":"system","content":"b"}}"#
            ),
            format!(
                r#"{user},{{"role":"system","content":"{P}"}},{{"role":"system","content":"b"}}"#
            ),
        ),
        // There already, in a later one.
        (
            format!(r#"{{"role":"developer","content":"a"}},{{"role":"system","content":"{P}"}}"#),
            format!(r#"{{"role":"developer","content":"a"}},{{"role":"system","content":"{P}"}}"#),
        ),
    ];
    for (before, expected) in cases {
        let before = format!(r#"{{"messages":[{before}],"n":1e400}}"#);
        let (after, _) = edited(Chat, &before, &prompt_only());
        assert_eq!(after, format!(r#"{{"messages":[{expected}],"n":1e400}}"#));
        assert!(!edited(Chat, &after, &prompt_only()).1.changed());
    }
}

#[test]
fn effort_by_level() {
    let with = |dialect, body: &str, reasoning| {
        edited(dialect, body, &Edits { reasoning, ..Edits::default() }).0
    };
    assert_eq!(with(Responses, "{}", Reasoning::Low), r#"{"reasoning":{"effort":"low"}}"#);
    assert_eq!(
        with(Responses, r#"{"reasoning":{"effort":"minimal" ,"summary":"auto"}}"#, Reasoning::High),
        r#"{"reasoning":{"effort":"high" ,"summary":"auto"}}"#
    );
    assert_eq!(
        with(Responses, r#"{"reasoning":{"summary":"auto"}}"#, Reasoning::Medium),
        r#"{"reasoning":{"summary":"auto","effort":"medium"}}"#
    );
    assert_eq!(with(Responses, r#"{"a":1,"reasoning":{}}"#, Reasoning::Off), r#"{"a":1}"#);
    assert_eq!(
        with(Chat, r#"{"reasoning_effort":"low"}"#, Reasoning::High),
        r#"{"reasoning_effort":"high"}"#
    );
    assert_eq!(with(Chat, r#"{"reasoning_effort":"low"}"#, Reasoning::Off), "{}");
    let body = r#"{"reasoning_effort":"x","reasoning":{"effort":"y"}}"#;
    assert_eq!(with(Chat, body, Reasoning::Auto), body);
    assert_eq!(with(Responses, body, Reasoning::Auto), body);
}

#[test]
fn a_chat_stream_is_asked_for_usage_and_it_is_told() {
    let ask = Edits { include_usage: true, ..Edits::default() };
    let cases = [
        (r#"{"stream":true}"#, r#"{"stream":true,"stream_options":{"include_usage":true}}"#, true),
        (
            r#"{"stream":true,"stream_options":null}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            true,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_obfuscation":false}}"#,
            r#"{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}"#,
            true,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            true,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            false,
        ),
        (r#"{"stream":false}"#, r#"{"stream":false}"#, false),
        ("{}", "{}", false),
    ];
    for (before, expected, added) in cases {
        let (after, done) = edited(Chat, before, &ask);
        assert_eq!((after.as_str(), done.usage_added), (expected, added), "{before}");
    }
    let both = Edits { stream: Some(true), include_usage: true, ..Edits::default() };
    assert!(edited(Chat, "{}", &both).1.usage_added);
    assert!(!edited(Responses, "{}", &both).1.usage_added);
}

#[test]
fn model_stream_metadata_and_top_p_of_every_dialect() {
    let all = |dialect: Dialect, body: &str, edits: &Edits<'_>| edited(dialect, body, edits).0;
    for dialect in Dialect::ALL {
        let model = Edits { model: Some("b"), ..Edits::default() };
        assert_eq!(all(dialect, r#"{"mod\u0065l" : "a" }"#, &model), r#"{"mod\u0065l" : "b" }"#);
        assert!(!edited(dialect, r#"{"model":"\u0062"}"#, &model).1.changed());
        let on = Edits { stream: Some(true), ..Edits::default() };
        assert_eq!(all(dialect, r#"{"a":0}"#, &on), r#"{"a":0,"stream":true}"#);
        assert_eq!(all(dialect, r#"{"stream":false}"#, &on), r#"{"stream":true}"#);
        let off = Edits { stream: Some(false), ..Edits::default() };
        assert_eq!(all(dialect, r#"{"stream":true}"#, &off), r#"{"stream":false}"#);
        assert_eq!(all(dialect, r#"{"a":0}"#, &off), r#"{"a":0}"#);
        let none = Edits::default();
        for (before, after) in [
            (r#"{"metadata":{"a":[1,"}"]}}"#, "{}"),
            (r#"{ "metadata":1 , "a":2}"#, r#"{ "a":2}"#),
            (r#"{"a":2 , "metadata":1 }"#, r#"{"a":2 }"#),
            (r#"{"a":2, "metadata":1, "b":3}"#, r#"{"a":2, "b":3}"#),
        ] {
            assert_eq!(all(dialect, before, &none), after);
        }
        let sampling = r#"{"top_p":1,"metadata":1,"temperature":0.10}"#;
        let kept = if dialect == Gemini {
            r#"{"top_p":1,"temperature":0.10}"#
        } else {
            r#"{"temperature":0.10}"#
        };
        assert_eq!(all(dialect, sampling, &none), kept);
        assert_eq!(
            all(dialect, r#"{"top_p":1,"temperature":null}"#, &none),
            r#"{"top_p":1,"temperature":null}"#
        );
    }
    let on = Edits { model: Some("b"), stream: Some(true), ..Edits::default() };
    assert_eq!(all(Anthropic, r#"{"metadata":1}"#, &on), r#"{"model":"b","stream":true}"#);
}

#[test]
fn facts_are_what_the_client_says() {
    let of = |dialect, body: &str| Body::parse(dialect, body.as_bytes()).unwrap().facts().unwrap();
    assert_eq!(
        of(
            Chat,
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"reasoning_effort":"high"}"#
        ),
        Facts {
            model: Some("m".to_owned()),
            stream: Some(true),
            thinking: true,
            include_usage: true,
            max_tokens: Some(5),
        }
    );
    assert_eq!(of(Responses, r#"{"model":"m","max_output_tokens":7}"#).max_tokens, Some(7));
    let gemini = of(
        Gemini,
        r#"{"generationConfig":{"maxOutputTokens":8,"thinkingConfig":{"thinkingBudget":0}}}"#,
    );
    assert_eq!(gemini, Facts { max_tokens: Some(8), ..Facts::default() });
}
