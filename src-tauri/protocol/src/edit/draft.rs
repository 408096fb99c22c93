//! Changes to an object, written down first and cut into the text at the end.
//!
//! Owns: [`Object`] (whose members are known), [`Draft`] (what becomes of each of them) and
//! [`Patch`] (the pieces of text that change).
//! Must not know: dialects, or which member means what.

use std::ops::Range;

use super::error::EditError;
use super::json::{Member, Value};

/// Members an object may have, so that a hostile body cannot be blown up in memory.
const MAX_MEMBERS: usize = 10_000;

/// An object whose members are known.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    span: Range<usize>,
    members: Vec<Member<'a>>,
}

/// What becomes of the members of one object.
pub(super) struct Draft<'o, 'a> {
    path: &'static str,
    object: &'o Object<'a>,
    fates: Vec<Fate>,
    added: Vec<String>,
}

enum Fate {
    Kept,
    Removed,
    Replaced(String),
}

/// Pieces of a body that change; all other bytes stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Patch {
    cuts: Vec<(Range<usize>, String)>,
}

/// A piece of an edited body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'p> {
    /// These bytes of the body as it came.
    Kept(Range<usize>),
    /// New ones.
    New(&'p str),
}

// === impl Object ===

impl<'a> Object<'a> {
    /// Reads the members of an object; none of any other value.
    pub(crate) fn open(value: Value<'a>) -> Result<Self, EditError> {
        let mut members = Vec::new();
        for member in value.members() {
            if members.len() == MAX_MEMBERS {
                return Err(EditError::TooManyMembers { limit: MAX_MEMBERS });
            }
            members.push(member);
        }
        Ok(Self { span: value.span(), members })
    }

    /// The member of that name, where a rule only looks: the first one, and null is as none.
    pub(crate) fn peek(&self, key: &str) -> Option<Value<'a>> {
        self.members.iter().find(|it| it.is(key)).map(|it| it.value).filter(|it| !it.is_null())
    }
}

// === impl Draft ===

impl<'o, 'a> Draft<'o, 'a> {
    /// Begins with every member kept. `path` is what error texts put before a key, e.g.
    /// `reasoning.`.
    pub(super) fn new(path: &'static str, object: &'o Object<'a>) -> Self {
        let fates = object.members.iter().map(|_| Fate::Kept).collect();
        Self { path, object, fates, added: Vec::new() }
    }

    /// What the client sent under that key, also after a change. Null is as none: SDKs send it
    /// for an argument nobody gave. A key given twice is an error, since servers differ in which
    /// one counts.
    pub(super) fn find(&self, key: &str) -> Result<Option<Value<'a>>, EditError> {
        Ok(self
            .index(key)?
            .and_then(|index| self.object.members.get(index))
            .map(|it| it.value)
            .filter(|it| !it.is_null()))
    }

    /// Gives `key` the value `json`: in its place if it is there, else after all others.
    pub(super) fn set(&mut self, key: &str, json: String) -> Result<(), EditError> {
        match self.index(key)? {
            Some(index) => {
                let is_same =
                    self.object.members.get(index).is_some_and(|it| it.value.raw() == json);
                if let (false, Some(fate)) = (is_same, self.fates.get_mut(index)) {
                    *fate = Fate::Replaced(json);
                }
            }
            None => self.added.push(format!("{}:{json}", quote(key))),
        }
        Ok(())
    }

    /// Takes `key` out, if it is there.
    pub(super) fn remove(&mut self, key: &str) -> Result<(), EditError> {
        if let Some(index) = self.index(key)?
            && let Some(fate) = self.fates.get_mut(index)
        {
            *fate = Fate::Removed;
        }
        Ok(())
    }

    /// The error of a member that is not what it must be.
    pub(super) fn mistyped(&self, key: &str, expected: &'static str, it: Value<'_>) -> EditError {
        EditError::Mistyped { field: self.field(key), expected, found: it.kind() }
    }

    /// The error of a member that must be there.
    pub(super) fn missing(&self, key: &str) -> EditError {
        EditError::Missing { field: self.field(key) }
    }

    /// The error of a member given twice.
    pub(super) fn duplicate(&self, key: &str) -> EditError {
        EditError::Duplicate { field: self.field(key) }
    }

    /// Turns the changes into cuts. With a removed member goes the comma before it, or after it
    /// where nothing is left before it; blanks beside a comma that stays, stay.
    pub(super) fn write(self, patch: &mut Patch) {
        let members = &self.object.members;
        let mut last_kept: Option<&Member<'_>> = None;
        for (index, (member, fate)) in members.iter().zip(self.fates).enumerate() {
            match fate {
                Fate::Kept => last_kept = Some(member),
                Fate::Replaced(json) => {
                    patch.replace(member.value.span(), json);
                    last_kept = Some(member);
                }
                Fate::Removed => {
                    let span = member.span();
                    let before = index.checked_sub(1).and_then(|it| members.get(it));
                    let cut = match (last_kept, before, members.get(index + 1)) {
                        (Some(_), Some(before), _) => before.span().end..span.end,
                        (_, _, Some(after)) => span.start..after.span().start,
                        _ => span,
                    };
                    patch.replace(cut, String::new());
                }
            }
        }
        if !self.added.is_empty() {
            let comma = if last_kept.is_some() { "," } else { "" };
            let end = members.last().map_or(self.object.span.start + 1, |it| it.span().end);
            patch.insert(end, format!("{comma}{}", self.added.join(",")));
        }
    }

    fn index(&self, key: &str) -> Result<Option<usize>, EditError> {
        let mut found = None;
        for (index, member) in self.object.members.iter().enumerate() {
            if member.is(key) && found.replace(index).is_some() {
                return Err(self.duplicate(key));
            }
        }
        Ok(found)
    }

    fn field(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }
}

// === impl Patch ===

impl Patch {
    /// Puts `with` where `span` was.
    pub(super) fn replace(&mut self, span: Range<usize>, with: String) {
        self.cuts.push((span, with));
    }

    /// Puts `text` before the byte at `at`.
    pub(super) fn insert(&mut self, at: usize, text: String) {
        self.replace(at..at, text);
    }

    /// Puts `json` in front of the other elements of an array.
    pub(super) fn prepend(&mut self, array: Value<'_>, json: &str) {
        let comma = if array.elements().next().is_some() { "," } else { "" };
        self.insert(array.span().start + 1, format!("{json}{comma}"));
    }

    /// Puts the cuts in the order of the text.
    pub(super) fn finish(mut self) -> Self {
        // Stable: what is inserted behind a removed member stays behind it.
        self.cuts.sort_by_key(|(span, _)| span.start);
        self
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// The bytes it puts in.
    pub(super) fn n_added(&self) -> usize {
        self.cuts.iter().map(|(_, with)| with.len()).sum()
    }

    /// What a text of that length becomes, once [`Patch::finish`] was called.
    pub(super) fn pieces(&self, length: usize) -> impl Iterator<Item = Piece<'_>> {
        let starts = std::iter::once(0).chain(self.cuts.iter().map(|(span, _)| span.end));
        let ends = self.cuts.iter().map(|(span, _)| span.start).chain([length]);
        let kept = starts.zip(ends).map(|(start, end)| Piece::Kept(start..end));
        let new = self.cuts.iter().map(|(_, with)| Some(Piece::New(with))).chain([None]);
        let pieces = kept.zip(new).flat_map(|(kept, new)| std::iter::once(kept).chain(new));
        pieces.filter(|it| match it {
            Piece::Kept(span) => !span.is_empty(),
            Piece::New(with) => !with.is_empty(),
        })
    }
}

/// `text` as a JSON string.
pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
