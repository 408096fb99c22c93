//! The parts of a message.
//!
//! Owns: text, pictures, sound, files, refusals; which of them a role may say here.
//! Must not know: tools, turns.

use super::super::json::{Open, string};
use super::tools::{CACHE, cache};
use super::{Losses, Target};
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Source, Unknown};

mod media;

pub(super) use media::is_media;
use media::{as_text, audio, can_show, file, image};

/// Who says it: only a user may show something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A user's message.
    User,
    /// Text only: the system's and tools' messages.
    Plain,
    /// The model's message: text and refusals.
    Model,
}

/// What the parts of a message come to.
pub(super) struct Parts<'r> {
    target: Target,
    place: Place,
    kept: Vec<Kept<'r>>,
}

struct Kept<'r> {
    part: &'r Part,
    /// What is written in place of the part itself.
    text: Option<String>,
    members: Vec<&'r Unknown>,
}

// === impl Parts ===

impl<'r> Parts<'r> {
    pub(super) const fn new(place: Place, target: Target) -> Self {
        Self { target, place, kept: Vec::new() }
    }

    /// Takes a text of our own in place of a part.
    pub(super) fn say(&mut self, part: &'r Part, text: &str) {
        self.kept.push(Kept { part, text: Some(text.to_owned()), members: Vec::new() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Takes a part, or notes why not.
    pub(super) fn add(&mut self, part: &'r Part, losses: &mut Losses) {
        let own = self.target.own;
        let text = match &part.kind {
            PartKind::Text(text) | PartKind::Refusal(text) if text.is_empty() => return,
            PartKind::Text(_) => None,
            PartKind::Refusal(_) if self.place == Place::Model => None,
            PartKind::Refusal(text) => Some(text.clone()),
            PartKind::Document { source, name } if !own => match as_text(source, name.as_deref()) {
                Some(text) => {
                    if matches!(source, Source::Url { .. }) {
                        losses.add("document url", "files have no address here: told as text");
                    }
                    Some(text)
                }
                None => None,
            },
            PartKind::Unknown(it) => return self.unknown(part, it, losses),
            PartKind::Document { .. } | PartKind::Image { .. } | PartKind::Audio { .. } => None,
            PartKind::ToolCall(_) | PartKind::ToolResult(_) | PartKind::Thinking { .. } => return,
        };
        if text.is_none() && !own && is_media(part) {
            if self.place != Place::User {
                return losses.add("media", "only users show pictures, sound and files here");
            }
            if !can_show(part) {
                return losses.add("media", "no form of it this dialect takes");
            }
        }
        if part.cache.is_some() && !own {
            losses.add("cache_control", CACHE);
        }
        self.kept.push(Kept { part, text, members: Vec::new() });
    }

    /// The value of `content`: text where it is one piece of text, else a list.
    pub(super) fn write(&self, out: &mut Vec<u8>, losses: &mut Losses) {
        match self.kept.as_slice() {
            [] => string(out, ""),
            [one] if self.is_plain(one) => string(out, one.words().unwrap_or_default()),
            all if !self.target.native && all.iter().all(|it| self.is_plain(it)) => {
                let words = all.iter().filter_map(Kept::words).collect::<Vec<_>>();
                string(out, &words.join("\n\n"));
            }
            all => {
                let mut list = Open::array(out);
                for it in all {
                    it.write(list.item(), self.target.own, losses);
                }
                list.close();
            }
        }
    }

    /// The text of the only part, where that is a refusal.
    pub(super) fn refusal(&self) -> Option<&'r str> {
        match self.kept.as_slice() {
            [Kept { part: Part { kind: PartKind::Refusal(text), .. }, text: None, members }]
                if members.is_empty() =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    fn is_plain(&self, it: &Kept<'_>) -> bool {
        let plain = it.part.cache.is_none() || !self.target.own;
        plain && it.members.is_empty() && it.words().is_some()
    }

    fn unknown(&mut self, part: &'r Part, it: &'r Unknown, losses: &mut Losses) {
        if it.dialect != Dialect::Chat {
            losses.add("unknown parts", "only their own dialect can say them");
        } else if let Some(name) = it.name.strip_prefix("part.") {
            match self.kept.last_mut() {
                Some(before) if !name.contains('.') => before.members.push(it),
                _ => losses.add("unknown parts", "what they belonged to is not there"),
            }
        } else if it.name != "tool_calls" {
            self.kept.push(Kept { part, text: None, members: Vec::new() });
        }
    }
}

// === impl Kept ===

impl Kept<'_> {
    /// The part as text, if it is text.
    fn words(&self) -> Option<&str> {
        match (&self.text, &self.part.kind) {
            (Some(text), _) => Some(text),
            (None, PartKind::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn write(&self, out: &mut Vec<u8>, own: bool, losses: &mut Losses) {
        if let PartKind::Unknown(it) = &self.part.kind {
            out.extend_from_slice(it.value.get().as_bytes());
            return;
        }
        let mut object = Open::object(out);
        match (&self.part.kind, self.words()) {
            (_, Some(text)) => {
                object.text("type", "text");
                object.text("text", text);
            }
            (PartKind::Refusal(text), _) => {
                object.text("type", "refusal");
                object.text("refusal", text);
            }
            (PartKind::Image { source, detail }, _) => {
                image(&mut object, source, detail.as_deref(), own, losses);
            }
            (PartKind::Audio { source }, _) => audio(&mut object, source),
            (PartKind::Document { source, name }, _) => {
                file(&mut object, source, name.as_deref(), own);
            }
            _ => {}
        }
        cache(&mut object, self.part.cache.as_ref(), own, losses);
        members(&mut object, &self.members);
        object.close();
    }
}

/// Members that the hub has no name for.
pub(super) fn members(object: &mut Open<'_>, members: &[&Unknown]) {
    for it in members {
        let name = it.name.split_once('.').map_or(it.name.as_str(), |(_, name)| name);
        object.raw(name, it.value.get());
    }
}
