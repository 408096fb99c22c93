//! The body of a request in one pass.
//!
//! Owns: the members of the body, the items of `input` among them; how deep what is left as JSON
//! text may be.
//! Must not know: what any member but `input` means.
//!
//! Nearly all bytes of a request are texts in `input`. They are read once, straight into what they
//! mean ([`Quick`]); an item that is not of the usual form is left as it is and read from there.

use serde::Deserialize;
use serde_json::{Deserializer, StreamDeserializer};

use super::members::{Members, Text, Value, is_null};
use super::quick::Quick;
use crate::translate::TranslateError;

/// The deepest body that is read, as everywhere in this program.
const MAX_DEPTH: usize = 128;

/// A body.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// Every member but a list in `input`.
    pub(super) members: Members<'a>,
    /// The items of `input`, where it is a list.
    pub(super) items: Vec<Entry<'a>>,
}

/// An item of `input`.
pub(super) enum Entry<'a> {
    /// Of the usual form.
    Quick(Box<Quick<'a>>),
    /// Of any other.
    Whole(Value<'a>),
}

/// Reads a body.
///
/// # Errors
/// When the bytes are no JSON object, or one that is too deep.
pub(super) fn body(bytes: &[u8]) -> Result<Body<'_>, TranslateError> {
    let invalid = |message: String| TranslateError::invalid("body", message);
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("must be UTF-8".to_owned()))?;
    let mut walk = Walk { text, at: 0 };
    walk.body().map_err(|stop| match stop {
        Stop::NotAnObject => invalid("must be an object".to_owned()),
        Stop::TooDeep => invalid("is nested too deeply".to_owned()),
        Stop::NotJson => invalid(format!("must be JSON (byte {})", walk.at)),
    })
}

/// A place in the body.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

/// Why a body cannot be read.
enum Stop {
    NotJson,
    NotAnObject,
    TooDeep,
}

// === impl Walk ===

impl<'a> Walk<'a> {
    fn body(&mut self) -> Result<Body<'a>, Stop> {
        let mut body = Body::default();
        if self.next() != Some(b'{') {
            let _: Value<'_> = self.value()?;
            return Err(Stop::NotAnObject);
        }
        self.at += 1;
        if !self.eat(b'}') {
            loop {
                self.member(&mut body)?;
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        if self.next().is_some() { Err(Stop::NotJson) } else { Ok(body) }
    }

    fn member(&mut self, body: &mut Body<'a>) -> Result<(), Stop> {
        if self.next() != Some(b'"') {
            return Err(Stop::NotJson);
        }
        let Text(key) = self.value()?;
        if !self.eat(b':') {
            return Err(Stop::NotJson);
        }
        if key == "input" {
            // The last of two wins, as in `Members`.
            body.items.clear();
            body.members.take("input");
            if self.next() == Some(b'[') {
                return self.items(&mut body.items);
            }
        }
        let value = self.whole()?;
        if !is_null(value) {
            body.members.push(key, value);
        }
        Ok(())
    }

    fn items(&mut self, items: &mut Vec<Entry<'a>>) -> Result<(), Stop> {
        self.at += 1;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            let start = self.at;
            let quick =
                if self.next() == Some(b'{') { self.value::<Quick<'a>>().ok() } else { None };
            items.push(match quick.filter(Quick::fits) {
                Some(quick) => Entry::Quick(Box::new(quick)),
                None => {
                    self.at = start;
                    Entry::Whole(self.whole()?)
                }
            });
            if !self.more(b']')? {
                return Ok(());
            }
        }
    }

    /// The next value as JSON text.
    fn whole(&mut self) -> Result<Value<'a>, Stop> {
        let value: Value<'a> = self.value()?;
        if is_too_deep(value.get().as_bytes()) { Err(Stop::TooDeep) } else { Ok(value) }
    }

    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Stop> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values: StreamDeserializer<'a, _, T> = Deserializer::from_str(rest).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(_)) | None => Err(Stop::NotJson),
        }
    }

    /// Whether another member or item follows.
    fn more(&mut self, close: u8) -> Result<bool, Stop> {
        if self.eat(b',') {
            Ok(true)
        } else if self.eat(close) {
            Ok(false)
        } else {
            Err(Stop::NotJson)
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.next() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blanks = rest.iter().take_while(|it| b" \n\r\t".contains(it)).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }
}

/// Whether brackets are nested deeper than is read. Strings are passed over at once.
fn is_too_deep(bytes: &[u8]) -> bool {
    // The body itself and `input` are around it.
    let mut depth = 2_usize;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => rest = after_string(rest),
            _ => {}
        }
    }
    false
}

fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let escape = rest.get(at) == Some(&b'\\');
        rest = rest.get(at + if escape { 2 } else { 1 }..).unwrap_or_default();
        if !escape {
            return rest;
        }
    }
    &[]
}
