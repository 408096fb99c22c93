//! A body taken apart, as little as it takes.
//!
//! Owns: members and messages as they stand in the text; where a body that cannot be read is
//! wrong; how deep what is copied may be nested.
//! Must not know: what any member means.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::repair::repaired;
use crate::request::Raw;
use crate::translate::TranslateError;

/// The deepest nesting of what is copied.
const MAX_DEPTH: usize = 128;

/// A member of an object: its name and its value as it was written.
pub(super) type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// A request's body.
#[derive(Default)]
pub(super) struct Wire<'a> {
    pub(super) messages: Option<Vec<Message<'a>>>,
    pub(super) members: Vec<Member<'a>>,
}

/// A message.
#[derive(Default)]
pub(super) struct Message<'a> {
    pub(super) content: Content<'a>,
    pub(super) members: Vec<Member<'a>>,
}

/// What a message says.
#[derive(Default)]
pub(super) enum Content<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Parts(Vec<&'a RawValue>),
}

/// A body, taken apart.
pub(super) fn wire(body: &str) -> Result<Wire<'_>, TranslateError> {
    serde_json::from_str(body).map_err(|_| blame(body))
}

/// The members of an object; none of anything else.
pub(super) fn members(raw: &RawValue) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(raw.get()).ok().map(|it| it.0)
}

/// The elements of an array; none of anything else.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The text of a string; none of anything else.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    if !raw.get().starts_with('"') {
        return None;
    }
    if let Ok(text) = serde_json::from_str::<Text<'_>>(raw.get()) {
        return Some(text.0);
    }
    // Half a surrogate pair, from a client that cut its text by UTF-16 units.
    let mended = repaired(raw.get().as_bytes())?;
    serde_json::from_slice::<String>(&mended).ok().map(Cow::Owned)
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// The first member of that name that is not null.
pub(super) fn find<'a>(members: &[Member<'a>], name: &str) -> Option<&'a RawValue> {
    members.iter().find(|it| it.0 == name && !is_null(it.1)).map(|it| it.1)
}

/// The text of the first member of that name.
pub(super) fn find_text<'a>(members: &[Member<'a>], name: &str) -> Option<Cow<'a, str>> {
    find(members, name).and_then(text)
}

/// A value to copy.
pub(super) fn keep(raw: &RawValue, field: &str) -> Result<Raw, TranslateError> {
    if is_deep(raw.get()) {
        return Err(TranslateError::invalid(field, "at most 128 levels of nesting"));
    }
    Ok(raw.to_owned())
}

fn is_deep(json: &str) -> bool {
    let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'{' | b'[' if !inside => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !inside => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What is wrong with a body that cannot be read. Looks again, since errors are rare.
fn blame(body: &str) -> TranslateError {
    let invalid = |field: &str, message: &str| TranslateError::invalid(field, message);
    let members = match serde_json::from_str::<Members<'_>>(body) {
        Ok(members) => members.0,
        Err(error) if error.is_data() => return invalid("request", "one JSON object"),
        Err(_) => return invalid("request", "valid JSON"),
    };
    let Some(messages) = find(&members, "messages").and_then(elements) else {
        return invalid("messages", "a list of messages");
    };
    let unreadable = |it: &&RawValue| serde_json::from_str::<Message<'_>>(it.get()).is_err();
    match messages.iter().position(unreadable) {
        Some(at) if messages.get(at).is_some_and(|it| self::members(it).is_some()) => {
            invalid(&format!("messages[{at}].content"), "text or a list of parts")
        }
        Some(at) => invalid(&format!("messages[{at}]"), "an object"),
        None => invalid("request", "one JSON object"),
    }
}

// === impl Message ===

impl<'a> Message<'a> {
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        find_text(&self.members, name)
    }
}

// === impl Deserialize ===

struct Text<'a>(Cow<'a, str>);
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(it)))
            }
            fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(it.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Wire<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Wire<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut wire = Wire::default();
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "messages" => wire.messages = map.next_value()?,
                        _ => wire.members.push((key, map.next_value()?)),
                    }
                }
                Ok(wire)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Message<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut message = Message::default();
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "content" => message.content = map.next_value()?,
                        _ => message.members.push((key, map.next_value()?)),
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Content<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of parts")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Content::Nothing)
            }
            fn visit_borrowed_str<E: Error>(self, it: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Borrowed(it)))
            }
            fn visit_str<E: Error>(self, it: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(it.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(it) = seq.next_element()? {
                    parts.push(it);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}
