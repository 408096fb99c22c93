//! What turns are made of.
//!
//! Owns: thoughts, media, failures, text in one piece.
//! Must not know: how other dialects spell what the hub holds.

use serde_json::{Value, json};

use super::{assistant, call, messages, part, png, raw, request, result, user, written};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Signature, Source, ToolResult, Unknown};

#[test]
fn pictures_of_results_follow_as_the_users() {
    let (json, losses) = messages(
        "gpt-5.6",
        vec![
            assistant(vec![call("a"), call("b")]),
            user(vec![
                result("a", vec![png()]),
                result("b", vec![Part::text("B"), png()]),
                Part::text("see?"),
            ]),
        ],
    );
    assert_eq!(losses, [""; 0]);
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}});
    assert_eq!(
        json.as_array().unwrap()[1..],
        [
            json!({"role": "tool", "tool_call_id": "a", "content": "See the next message."}),
            json!({"role": "tool", "tool_call_id": "b", "content": "B"}),
            json!({"role": "user", "content": [image, image]}),
            json!({"role": "user", "content": "see?"}),
        ]
    );
}

#[test]
fn a_failed_results_text_stays_and_its_mark_is_named() {
    let failed = |content| {
        part(PartKind::ToolResult(ToolResult {
            call_id: "a".into(),
            name: Some("f".into()),
            content,
            is_error: true,
            free_text: false,
        }))
    };
    for (content, expected) in [(vec![Part::text("refused")], "refused"), (vec![], "error")] {
        let turns = vec![assistant(vec![call("a")]), user(vec![failed(content)])];
        let (json, losses) = messages("gpt-5.6", turns);
        assert_eq!(json[1]["content"], expected);
        assert!(json[1].get("name").is_none());
        assert_eq!(losses, ["is_error"]);
    }
}

#[test]
fn only_unsigned_thoughts_go_back_and_not_to_openai() {
    let thought = |signature: Option<Dialect>| {
        part(PartKind::Thinking {
            text: "hm".into(),
            signature: signature.map(|origin| Signature { origin, data: "s".into() }),
            redacted: false,
        })
    };
    for (model, signature, kept) in [
        ("glm-5", None, true),
        ("glm-5", Some(Dialect::Chat), true),
        ("glm-5", Some(Dialect::Anthropic), false),
        ("openai/gpt-oss-120b", None, true),
        ("gpt-5.6", None, false),
    ] {
        let (json, losses) =
            messages(model, vec![assistant(vec![thought(signature), Part::text("t")])]);
        assert_eq!(json[0].get("reasoning_content").is_some(), kept, "{model} {signature:?}");
        assert_eq!(losses.contains(&"thinking"), !kept);
        assert_eq!(json[0]["content"], "t");
    }
    let (json, losses) = messages("glm-5", vec![assistant(vec![thought(None)])]);
    assert_eq!(json, json!([{"role": "user", "content": ""}]));
    assert_eq!(losses, ["thinking"]);
}

#[test]
fn every_kind_of_part_is_told_or_named() {
    let base64 = |media_type: &str, data: &str| Source::Base64 {
        media_type: media_type.into(),
        data: data.into(),
    };
    let url = |url: &str| Source::Url { url: url.into(), media_type: None };
    let document = |source| part(PartKind::Document { source, name: Some("n".into()) });
    let image = |source| part(PartKind::Image { source, detail: Some("original".into()) });
    let audio = |source| part(PartKind::Audio { source });
    let file = || Source::File { dialect: Dialect::Responses, id: "file-1".into() };
    let text = |text: &str| json!({"type": "text", "text": text});
    let cases: Vec<(Part, Option<Value>, &[&str])> = vec![
        (part(PartKind::Refusal("no".into())), Some(text("no")), &[]),
        (document(Source::Text("words".into())), Some(text("n:\nwords")), &[]),
        (document(base64("text/plain", "aGk=")), Some(text("n:\nhi")), &[]),
        (document(url("https://x/y.pdf")), Some(text("n:\nhttps://x/y.pdf")), &["document url"]),
        (
            document(base64("application/pdf", "JVBE")),
            Some(json!({"type": "file", "file":
            {"file_data": "data:application/pdf;base64,JVBE", "filename": "n"}})),
            &[],
        ),
        (document(file()), None, &["media"]),
        (image(file()), None, &["media"]),
        (image(url("gs://x/y")), None, &["media"]),
        (
            image(url("https://x/y")),
            Some(json!({"type": "image_url", "image_url":
            {"url": "https://x/y"}})),
            &["image detail"],
        ),
        (
            audio(base64("audio/x-wav", "UklG")),
            Some(json!({"type": "input_audio", "input_audio":
            {"data": "UklG", "format": "wav"}})),
            &[],
        ),
        (audio(base64("audio/ogg", "T2dn")), None, &["media"]),
        (audio(url("https://x/y.wav")), None, &["media"]),
        (
            part(PartKind::Unknown(Unknown {
                dialect: Dialect::Gemini,
                name: "executableCode".into(),
                value: raw("{}"),
            })),
            None,
            &["unknown parts"],
        ),
        (
            Part { cache: Some(raw("{}")), ..Part::text("cached") },
            Some(text("cached")),
            &["cache_control"],
        ),
    ];
    for (it, expected, lost) in cases {
        let shown = format!("{it:?}");
        let (json, losses) =
            messages("gpt-5.6", vec![user(vec![Part::text("a"), it, Part::text("z")])]);
        let mut all = vec![text("a"), text("z")];
        if let Some(expected) = expected {
            all.insert(1, expected);
        }
        assert_eq!(json, json!([{"role": "user", "content": all}]), "{shown}");
        assert_eq!(losses, lost, "{shown}");
    }
    let (json, losses) = messages("gpt-5.6", vec![assistant(vec![Part::text("a"), png()])]);
    assert_eq!((json[0]["content"].clone(), losses), (json!("a"), vec!["media"]));
}

#[test]
fn other_servers_get_text_in_one_piece_and_older_names() {
    let mut it = request("glm-5", vec![user(vec![Part::text("a"), Part::text("b")])]);
    it.system = vec![Part::text("s"), Part::text("t")];
    it.sampling.max_tokens = Some(raw("9"));
    let (json, _) = written(&it);
    assert_eq!(
        json["messages"],
        json!([
        {"role": "system", "content": "s\n\nt"}, {"role": "user", "content": "a\n\nb"}])
    );
    assert_eq!(json["max_tokens"], 9);
    it.model = "gpt-5.6".into();
    let (json, _) = written(&it);
    assert_eq!(json["messages"][0]["content"].as_array().unwrap().len(), 2);
    assert_eq!(json["max_completion_tokens"], 9);
}
