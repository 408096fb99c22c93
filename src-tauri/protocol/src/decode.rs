//! Upstream bytes to events, any chunking.
//!
//! Owns: `StreamDecoder`, `whole`, the saved state between two chunks, and what happens to a
//! frame nobody can read.
//! Must not know: HTTP, accounts, time, which client asked.
//!
//! One file a dialect, each a state machine told of frames and of the end. What they share is in
//! `message` (the only maker of events), `loose` and `failure` (shapes nobody promised).

mod anthropic;
pub(crate) mod carry;
mod chat;
mod counts;
mod failure;
mod gemini;
mod loose;
mod message;
mod meter;
pub(crate) mod repair;
mod responses;

use serde::{Deserialize, Serialize};

pub use self::carry::{CarryError, MAX_CARRY_BYTES};
use self::failure::Failure;
use self::message::Message;
pub use self::meter::Meter;
use crate::dialect::Dialect;
use crate::event::{End, Event, StopReason, Usage};
use crate::wire::base64_bytes;
use crate::wire::sse::{Frame, Item, MAX_EVENT_BYTES, SseDecoder};

/// One response of upstream, fed as bytes in any chunking.
///
/// Memory does not grow with the stream: at most one event and one entry for each open block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamDecoder {
    #[serde(rename = "f")]
    framing: Framing,
    #[serde(rename = "m")]
    machine: Machine,
}

/// Why a body is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is no JSON.
    #[error("the response body is not valid JSON")]
    NotJson,
    /// The body stops before its JSON does.
    #[error("the response body ends before its JSON does")]
    Cut,
    /// The body is JSON of another kind.
    #[error("the response body is not an answer of the {0} protocol")]
    NotAnAnswer(Dialect),
}

/// A response that was not streamed, as the same events: each block's text whole in one delta,
/// [`Event::Usage`] and [`Event::MessageStop`] last, or [`Event::Error`] for a failure.
///
/// # Errors
/// [`DecodeError`] if the body is neither an answer nor an error of any shape.
pub fn whole(dialect: Dialect, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let mut out = Vec::new();
    Machine::new(dialect).on_whole(body, &mut out)?;
    Ok(out)
}

/// What the bytes turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Framing {
    /// Server-sent events; `sniffed` once a byte said so.
    #[serde(rename = "s")]
    Events { sse: SseDecoder, sniffed: bool },
    /// One JSON value: an error body, or an upstream that does not stream. Read at the end.
    #[serde(rename = "b", with = "base64_bytes")]
    Body(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Machine {
    Anthropic(anthropic::Anthropic),
    Responses(responses::Responses),
    Chat(chat::Chat),
    Gemini(gemini::Gemini),
}

/// The frame is not what the dialect sends; nothing was taken from it.
struct Unreadable;

/// A dialect's state machine.
trait Decode {
    fn message(&self) -> &Message;
    fn message_mut(&mut self) -> &mut Message;

    /// Reads one frame.
    fn on_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable>;

    /// Reads a frame that the end of the bytes cut off before its blank line.
    fn on_cut_frame(&mut self, frame: Frame<'_>, out: &mut Vec<Event>) -> Result<(), Unreadable> {
        self.on_frame(frame, out)
    }

    /// The bytes are over: ends the message if the dialect lets it end so.
    fn on_end(&mut self, out: &mut Vec<Event>);

    /// Reads a whole body. `Ok(false)` if it is JSON but no answer of this dialect.
    fn on_body(&mut self, body: &[u8], out: &mut Vec<Event>) -> serde_json::Result<bool>;
}

// === impl StreamDecoder ===

impl StreamDecoder {
    /// A decoder at the start of a response.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let framing = Framing::Events { sse: SseDecoder::new(), sniffed: false };
        Self { framing, machine: Machine::new(dialect) }
    }

    /// Takes the next bytes and appends what they mean. Bytes after the end are ignored.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        self.push_but(bytes, out, |_, _| false);
    }

    /// The same, and counts the events.
    pub(crate) fn push_counting(&mut self, bytes: &[u8], n: &mut u64, out: &mut Vec<Event>) {
        self.push_but(bytes, out, |_, _| {
            *n = n.saturating_add(1);
            false
        });
    }

    /// The same, but for the frames that `passed` says to pass over unread.
    fn push_but(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<Event>,
        mut passed: impl FnMut(&Message, Frame<'_>) -> bool,
    ) {
        if self.ended().is_some() {
            return;
        }
        let Self { framing, machine } = self;
        if let Framing::Events { sniffed, .. } = framing
            && !*sniffed
        {
            match bytes.iter().find(|it| !is_leading(**it)) {
                Some(b'{' | b'[') => *framing = Framing::Body(Vec::new()),
                Some(_) => *sniffed = true,
                None => {}
            }
        }
        match framing {
            Framing::Events { sse, .. } => sse.push(bytes, |item| match item {
                Item::Frame(frame) if passed(machine.message(), frame) => {}
                item => machine.on_item(item, false, out),
            }),
            Framing::Body(body) if body.len().saturating_add(bytes.len()) > MAX_EVENT_BYTES => {
                *body = Vec::new();
                machine.too_large(out);
            }
            Framing::Body(body) => body.extend_from_slice(bytes),
        }
    }

    /// The bytes are over: appends what is due and says how the response ended.
    pub fn end(&mut self, out: &mut Vec<Event>) -> End {
        let Self { framing, machine } = self;
        if machine.message().end().is_none() {
            match framing {
                Framing::Events { sse, .. } => sse.finish(|item| machine.on_item(item, true, out)),
                Framing::Body(body) => machine.on_late_body(&std::mem::take(body), out),
            }
            machine.get_mut().on_end(out);
            machine.message_mut().truncate(out);
        }
        // `truncate` ends what has not ended, so the default is never used.
        self.ended().unwrap_or(End::Truncated)
    }

    /// How the response ended, once it has.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.machine.message().end()
    }

    /// Token counts so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.machine.message().usage()
    }

    /// Why the model stopped, once upstream told.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.machine.message().stop_reason()
    }

    /// Upstream's id of the response, empty until told.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.machine.message().id
    }

    /// Upstream's name of the model, empty until told.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.machine.message().model
    }

    /// Whether any content came.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.machine.message().has_blocks()
    }

    /// Frames that were passed over because they could not be read.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.machine.message().skipped
    }

    /// The protocol being read.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.machine.dialect()
    }
}

// === impl Machine ===

impl Machine {
    fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Anthropic => Self::Anthropic(anthropic::Anthropic::default()),
            Dialect::Responses => Self::Responses(responses::Responses::default()),
            Dialect::Chat => Self::Chat(chat::Chat::default()),
            Dialect::Gemini => Self::Gemini(gemini::Gemini::default()),
        }
    }

    const fn dialect(&self) -> Dialect {
        match self {
            Self::Anthropic(_) => Dialect::Anthropic,
            Self::Responses(_) => Dialect::Responses,
            Self::Chat(_) => Dialect::Chat,
            Self::Gemini(_) => Dialect::Gemini,
        }
    }

    fn get_mut(&mut self) -> &mut dyn Decode {
        match self {
            Self::Anthropic(it) => it,
            Self::Responses(it) => it,
            Self::Chat(it) => it,
            Self::Gemini(it) => it,
        }
    }

    fn message(&self) -> &Message {
        match self {
            Self::Anthropic(it) => it.message(),
            Self::Responses(it) => it.message(),
            Self::Chat(it) => it.message(),
            Self::Gemini(it) => it.message(),
        }
    }

    fn message_mut(&mut self) -> &mut Message {
        self.get_mut().message_mut()
    }

    fn on_item(&mut self, item: Item<'_>, cut: bool, out: &mut Vec<Event>) {
        if self.message().end().is_some() {
            return;
        }
        match item {
            Item::TooLarge => self.too_large(out),
            // An empty `data:` is a keepalive.
            Item::Frame(frame) if frame.data.is_empty() => {}
            Item::Frame(frame) => self.on_frame(frame, cut, out),
        }
    }

    fn on_frame(&mut self, frame: Frame<'_>, cut: bool, out: &mut Vec<Event>) {
        let it = self.get_mut();
        let mut read = |frame: Frame<'_>| {
            if cut { it.on_cut_frame(frame, out) } else { it.on_frame(frame, out) }
        };
        if read(frame).is_ok() {
            return;
        }
        if let Some(data) = repair::repaired(frame.data)
            && read(Frame { data: &data, ..frame }).is_ok()
        {
            return;
        }
        let message = it.message_mut();
        if let Some(failure) = Failure::of(frame.data) {
            message.fail(out, failure);
        } else if frame.event == "error" && !cut {
            message.fail(out, Failure::new("error", &String::from_utf8_lossy(frame.data)));
        } else {
            message.skipped = message.skipped.saturating_add(1);
        }
    }

    fn on_whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), DecodeError> {
        let dialect_says = match self.get_mut().on_body(body, out) {
            Err(error) => match repair::repaired(body) {
                Some(mended) => self.get_mut().on_body(&mended, out),
                None => Err(error),
            },
            read => read,
        };
        if matches!(dialect_says, Ok(true)) {
            return Ok(());
        }
        if let Some(failure) = Failure::of(body) {
            self.message_mut().fail(out, failure);
            return Ok(());
        }
        Err(match dialect_says {
            Ok(_) => DecodeError::NotAnAnswer(self.dialect()),
            Err(error) if error.is_eof() => DecodeError::Cut,
            Err(error) if error.is_data() => DecodeError::NotAnAnswer(self.dialect()),
            Err(_) => DecodeError::NotJson,
        })
    }

    /// A body that came where a stream was expected.
    fn on_late_body(&mut self, body: &[u8], out: &mut Vec<Event>) {
        match self.on_whole(body, out) {
            Ok(()) => {}
            Err(DecodeError::Cut) => self.message_mut().truncate(out),
            Err(error) => {
                let failure = Failure::new("invalid_response", &error.to_string());
                self.message_mut().fail(out, failure);
            }
        }
    }

    fn too_large(&mut self, out: &mut Vec<Event>) {
        let text = format!("upstream sent an event of more than {MAX_EVENT_BYTES} bytes");
        self.message_mut().fail(out, Failure::new("event_too_large", &text));
    }
}

/// The object in a frame.
fn read<'a, T: Deserialize<'a>>(frame: Frame<'a>) -> Result<T, Unreadable> {
    loose::object(frame.data).ok().flatten().ok_or(Unreadable)
}

/// What may stand before the first byte that tells a body from a stream: white space and the
/// byte order mark.
const fn is_leading(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf)
}
