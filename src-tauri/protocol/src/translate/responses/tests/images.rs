//! Pictures, files and sound: where they are told to be.

use serde_json::json;

use super::foreign::{result, turn};
use super::{fields, foreign, read, written};
use crate::request::{Part, PartKind, Request, Role, Source};
use crate::translate::data_url;

fn said(kind: PartKind) -> (serde_json::Value, Vec<&'static str>) {
    let turns = vec![turn(Role::User, vec![kind])];
    let (body, losses) = written(&Request { turns, ..foreign() });
    (body["input"][0]["content"][0].clone(), fields(&losses))
}

fn base64(media_type: &str) -> Source {
    Source::Base64 { media_type: media_type.into(), data: "AAAA".into() }
}

#[test]
fn pictures_in_the_request_become_data_urls() {
    let image = PartKind::Image { source: base64("image/webp"), detail: None };
    let expected = json!({"type": "input_image", "image_url": "data:image/webp;base64,AAAA"});
    assert_eq!(said(image), (expected, vec![]));
}

#[test]
fn files_are_given_names_and_plain_text_is_text() {
    let document = |source, name: Option<&str>| {
        said(PartKind::Document { source, name: name.map(Into::into) }).0
    };
    assert_eq!(
        document(base64("application/pdf"), None),
        json!({"type": "input_file", "filename": "document.pdf",
            "file_data": "data:application/pdf;base64,AAAA"})
    );
    assert_eq!(
        document(Source::Text("body".into()), Some("a.txt")),
        json!({"type": "input_text", "text": "a.txt\n\nbody"})
    );
    let url = Source::Url { url: "https://e.x/a.pdf".into(), media_type: None };
    assert_eq!(
        document(url, Some("a")),
        json!({"type": "input_file", "file_url": "https://e.x/a.pdf"})
    );
}

#[test]
fn a_picture_in_a_tools_output_stays_there() {
    let image = Part::new(PartKind::Image { source: base64("image/png"), detail: None });
    let turns = vec![
        turn(Role::Assistant, vec![super::foreign::call("c", "n", "{}")]),
        turn(Role::User, vec![result("c", vec![Part::text("see"), image], true)]),
    ];
    let (body, losses) = written(&Request { turns, ..foreign() });
    assert_eq!(
        body["input"][1]["output"],
        json!([
            {"type": "input_text", "text": "Error:"},
            {"type": "input_text", "text": "see"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        ])
    );
    assert!(losses.is_empty());
}

#[test]
fn sound_has_a_word_for_its_kind() {
    let (audio, _) = said(PartKind::Audio { source: base64("audio/mpeg") });
    assert_eq!(audio["input_audio"], json!({"data": "AAAA", "format": "mp3"}));
    assert_eq!(
        said(PartKind::Audio { source: base64("video/mp4") }).1,
        ["input_audio"; 0].into_iter().chain(["audio"]).collect::<Vec<_>>()
    );
}

#[test]
fn data_urls_are_read_in_every_spelling() {
    assert_eq!(data_url::parse("data:image/png;base64,AA"), Some(("image/png", "AA")));
    assert_eq!(
        data_url::parse("DATA:text/plain;charset=utf-8;BASE64,AA"),
        Some(("text/plain", "AA"))
    );
    assert_eq!(data_url::parse("data:;base64,AA"), Some(("", "AA")));
    assert_eq!(data_url::parse("data:text/plain,hello"), None);
    assert_eq!(data_url::parse("dâta:"), None);
    let request = read(&json!({"model": "m", "input": [{"role": "user", "content": [
        {"type": "input_image", "image_url": {"url": "data:;base64,AA"}},
        {"type": "input_file", "file_data": "AA", "filename": "x.csv"}]}]}));
    let sources: Vec<_> = request.turns[0]
        .parts
        .iter()
        .map(|it| match &it.kind {
            PartKind::Image { source: Source::Base64 { media_type, .. }, .. }
            | PartKind::Document { source: Source::Base64 { media_type, .. }, .. } => {
                media_type.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sources, ["image/png", "text/csv"]);
}
