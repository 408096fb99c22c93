//! JSON Schemas as OpenAI takes them.
//!
//! Owns: what is looked for in a schema, and the few changes that make one be taken.
//! Must not know: tools, requests.
//!
//! A schema that is taken as it is goes out byte for byte. Otherwise (`array schema missing items`,
//! `object schema missing properties`, `must have type 'object' and not have 'oneOf'... at the top
//! level`) only what is missing is added and only alternatives at the top are taken out.

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess};

use super::json::{List, Object};
use super::members::{Members, Text, Value, list};

/// What a look into a schema found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Findings {
    /// It is what strict mode asks for: each object closed, all of its properties required.
    pub(super) strict: bool,
    /// The parameters of a function are taken as they are.
    pub(super) plain: bool,
    /// Alternatives stand at the top.
    pub(super) alternatives: bool,
}

/// Looks into a schema. What is no JSON Schema is none that can be changed either.
pub(super) fn look(schema: &str) -> Findings {
    let mut look = Look { strict: true, whole_arrays: true, top: None };
    let mut deserializer = serde_json::Deserializer::from_str(schema);
    let read = Probe { look: &mut look, kind: Kind::Schema }.deserialize(&mut deserializer);
    let top = look.top.unwrap_or_default();
    let plain = look.whole_arrays && top.object && top.properties && !top.alternatives;
    Findings {
        strict: read.is_ok() && look.strict && top.object,
        plain: if read.is_ok() { plain } else { schema.starts_with('{') },
        alternatives: read.is_ok() && top.alternatives,
    }
}

/// The parameters of a function that are taken.
pub(super) fn adapted(schema: Value<'_>) -> String {
    let mut out = Vec::with_capacity(schema.get().len() + 64);
    rebuild(schema, Kind::Schema, true, 0, &mut out);
    // Pieces of text and ASCII between them.
    String::from_utf8(out).unwrap_or_else(|_| schema.get().to_owned())
}

/// Deeper schemas are copied from there on.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A schema, or a list of them.
    Schema,
    /// Schemas by name.
    Map,
}

/// What stands under a keyword of a schema.
fn under(keyword: &str) -> Option<Kind> {
    match keyword {
        "items"
        | "prefixItems"
        | "additionalItems"
        | "additionalProperties"
        | "anyOf"
        | "oneOf"
        | "allOf"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames" => Some(Kind::Schema),
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
            Some(Kind::Map)
        }
        _ => None,
    }
}

fn is_alternative(keyword: &str) -> bool {
    matches!(keyword, "anyOf" | "oneOf" | "allOf" | "enum" | "not")
}

fn says(kind: &str, word: &str) -> bool {
    kind.split('"').any(|it| it == word)
}

struct Look {
    strict: bool,
    whole_arrays: bool,
    /// What stands at the top, told last.
    top: Option<Top>,
}

#[derive(Clone, Copy, Default)]
struct Top {
    object: bool,
    properties: bool,
    alternatives: bool,
}

/// One level of a schema that is looked at.
struct Probe<'l> {
    look: &'l mut Look,
    kind: Kind,
}

/// What was seen of the schema at hand.
#[derive(Default)]
struct Seen<'a> {
    top: Top,
    array: bool,
    items: bool,
    closed: bool,
    names: Vec<Cow<'a, str>>,
    required: Vec<Cow<'a, str>>,
}

// === impl Probe ===

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Probe { look: &mut *self.look, kind: self.kind })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.kind == Kind::Map {
            while map.next_key::<IgnoredAny>()?.is_some() {
                map.next_value_seed(Probe { look: &mut *self.look, kind: Kind::Schema })?;
            }
            return Ok(());
        }
        let mut seen = Seen::default();
        while let Some(Text(keyword)) = map.next_key()? {
            seen.top.alternatives |= is_alternative(&keyword);
            match &*keyword {
                "type" => {
                    let kind: Value<'_> = map.next_value()?;
                    seen.top.object |= says(kind.get(), "object");
                    seen.array |= says(kind.get(), "array");
                }
                "required" => {
                    let names: Value<'_> = map.next_value()?;
                    let names: Vec<Text<'_>> =
                        serde_json::from_str(names.get()).unwrap_or_default();
                    seen.required = names.into_iter().map(|it| it.0).collect();
                }
                "properties" => {
                    let value: Value<'_> = map.next_value()?;
                    let members =
                        Members::of(value).ok_or_else(|| A::Error::custom("properties"))?;
                    seen.top.properties = true;
                    seen.names = members.all().map(|it| it.0).collect();
                    let mut inner = serde_json::Deserializer::from_str(value.get());
                    let probe = Probe { look: &mut *self.look, kind: Kind::Map };
                    probe.deserialize(&mut inner).map_err(A::Error::custom)?;
                }
                "additionalProperties" => {
                    let value: Value<'_> = map.next_value()?;
                    seen.closed = value.get() == "false";
                    let mut inner = serde_json::Deserializer::from_str(value.get());
                    let probe = Probe { look: &mut *self.look, kind: Kind::Schema };
                    probe.deserialize(&mut inner).map_err(A::Error::custom)?;
                }
                keyword => {
                    seen.items |= keyword == "items" || keyword == "prefixItems";
                    match under(keyword) {
                        Some(kind) => {
                            map.next_value_seed(Probe { look: &mut *self.look, kind })?;
                        }
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
            }
        }
        seen.tell(self.look);
        Ok(())
    }
}

// === impl Seen ===

impl Seen<'_> {
    fn tell(self, look: &mut Look) {
        look.whole_arrays &= !self.array || self.items;
        let object = self.top.object || self.top.properties;
        let required = self.names.iter().all(|it| self.required.contains(it));
        look.strict &= !object || (self.closed && required);
        look.top = Some(self.top);
    }
}

fn rebuild(value: Value<'_>, kind: Kind, top: bool, depth: usize, out: &mut Vec<u8>) {
    if depth < MAX_DEPTH {
        if let Some(items) = list(value).filter(|_| !top) {
            let mut written = List::open(out);
            for it in items {
                rebuild(it, kind, false, depth + 1, written.next());
            }
            return written.close();
        }
        if let Some(members) = Members::of(value) {
            return rebuild_object(members, kind, top, depth, out);
        }
    }
    if top {
        // A schema that is `true` or no schema at all.
        return out.extend_from_slice(br#"{"type":"object","properties":{}}"#);
    }
    out.extend_from_slice(value.get().as_bytes());
}

fn rebuild_object(members: Members<'_>, kind: Kind, top: bool, depth: usize, out: &mut Vec<u8>) {
    let mut written = Object::open(out);
    let mut seen = Seen::default();
    for (name, value) in members.all() {
        if top && (is_alternative(&name) || name == "type") {
            continue;
        }
        if kind == Kind::Schema && name == "type" {
            seen.array = says(value.get(), "array");
        }
        seen.items |= name == "items" || name == "prefixItems";
        seen.top.properties |= name == "properties";
        let inner = if kind == Kind::Map { Some(Kind::Schema) } else { under(&name) };
        match inner {
            Some(inner) => rebuild(value, inner, false, depth + 1, written.key(&name)),
            None => written.json(&name, value.get()),
        }
    }
    if top {
        written.text("type", "object");
        if !seen.top.properties {
            written.json("properties", "{}");
        }
    }
    if seen.array && !seen.items {
        written.json("items", "{}");
    }
    written.close();
}
