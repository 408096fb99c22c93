//! Requests of other clients, written for servers of this dialect.
//!
//! Owns: making requests by hand.
//! Must not know: how other dialects spell what the hub holds.

use serde_json::value::RawValue;
mod members;
mod parts;
mod strict;
mod turns;

use serde_json::Value;

use super::{read, write};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Raw, Request, Role, Source, ToolCall, ToolResult, Turn};

fn raw(json: &str) -> Raw {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn part(kind: PartKind) -> Part {
    Part::new(kind)
}

fn call(id: &str) -> Part {
    part(PartKind::ToolCall(ToolCall {
        id: id.to_owned(),
        item_id: Some("fc_1".to_owned()),
        name: "f".to_owned(),
        arguments: "{ \"a\": 1.0 }".to_owned(),
        free_text: false,
        signature: None,
    }))
}

fn result(id: &str, content: Vec<Part>) -> Part {
    part(PartKind::ToolResult(ToolResult {
        call_id: id.to_owned(),
        name: None,
        content,
        is_error: false,
        free_text: false,
    }))
}

fn user(parts: Vec<Part>) -> Turn {
    Turn { role: Role::User, parts }
}

fn assistant(parts: Vec<Part>) -> Turn {
    Turn { role: Role::Assistant, parts }
}

fn request(model: &str, turns: Vec<Turn>) -> Request {
    Request {
        origin: Some(Dialect::Anthropic),
        model: model.to_owned(),
        turns,
        ..Request::default()
    }
}

/// The messages and the names of what was lost. The body reads as one of this dialect.
fn written(request: &Request) -> (Value, Vec<&'static str>) {
    let (json, translated) = write(request);
    read(&json.to_string());
    (json, translated.losses.iter().map(|it| it.field).collect())
}

fn messages(model: &str, turns: Vec<Turn>) -> (Value, Vec<&'static str>) {
    let (json, losses) = written(&request(model, turns));
    (json["messages"].clone(), losses)
}

fn png() -> Part {
    let source = Source::Base64 { media_type: "image/png".into(), data: "iVBO".into() };
    part(PartKind::Image { source, detail: None })
}
