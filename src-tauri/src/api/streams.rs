//! Answers being read piece by piece, one call a piece.
//!
//! Owns: the readers kept under a stream id, their number and age; the text form of a carry.
//! Must not know: how a dialect is decoded or written.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event, Usage};
use droid_protocol::translate::ClientWish;
use droid_protocol::translate::pair::StreamTranslator;
use droid_protocol::translate::passed::Passed;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The most streams at once; a further one ends the one that was silent longest.
const MOST_STREAMS: usize = 4096;

/// A stream nobody fed for so long is forgotten.
const IDLE: Duration = Duration::from_secs(3600);

/// The readers of this process.
#[derive(Default)]
pub struct Streams(Mutex<HashMap<String, Open>>);

/// One piece of an answer.
pub struct Piece<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Nothing comes after it.
    pub end: bool,
    /// The protocol of the answer, needed with the first piece unless there is a carry.
    pub dialect: Option<Dialect>,
    /// What the client speaks and wishes, where the answer is to be written for one.
    pub client: Option<(Dialect, ClientWish)>,
    /// The state so far.
    pub carry: Option<&'a str>,
}

/// What a piece held.
#[derive(Serialize, JsonSchema)]
pub struct Parsed {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The same as the client's protocol says it, where a client was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The same, where it is cut inside of a character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_base64: Option<String>,
    /// Counts so far.
    pub usage: Usage,
    /// The answer is over: nothing more will come of it.
    pub done: bool,
    /// How it ended, once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// The state to hand in with the next piece, where no stream id keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carry: Option<String>,
}

/// One answer being read.
pub enum Reader {
    /// For its events alone.
    Events(Box<StreamDecoder>),
    /// For a client that speaks what upstream speaks: its bytes go on, in whole events.
    Passed(Box<Passed>),
    /// For a client that speaks something else.
    Translated(Box<StreamTranslator>),
}

struct Open {
    reader: Reader,
    fed_at: Timestamp,
}

// === impl Streams ===

impl Streams {
    /// Feeds the stream of that id, beginning it with its first piece.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is the first piece and no protocol is named, or its carry is none
    /// of ours.
    pub fn feed(&self, id: &str, mut piece: Piece<'_>, now: Timestamp) -> Result<Parsed> {
        let mut streams = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let reader = match streams.remove(id) {
            Some(open) => open.reader,
            None => Reader::first(&mut piece)?,
        };
        let (reader, parsed) = reader.advance(&piece);
        // A stream that is done stays until its caller says so: what trails behind it (`[DONE]`, an
        // empty last piece) must not look like the beginning of another one.
        if !piece.end {
            make_room(&mut streams, now);
            streams.insert(id.to_owned(), Open { reader, fed_at: now });
        }
        Ok(parsed)
    }
}

/// Feeds a piece to the state that travels with the calls.
///
/// # Errors
/// [`Error::Invalid`] for a carry that is none of ours, or a first piece without a protocol.
pub fn feed_carry(mut piece: Piece<'_>) -> Result<Parsed> {
    let (reader, mut parsed) = Reader::first(&mut piece)?.advance(&piece);
    if !piece.end {
        parsed.carry = Some(reader.carry());
    }
    Ok(parsed)
}

// === impl Reader ===

impl Reader {
    /// A reader for a client. `hold_usage`: a chat client did not ask for the chunk of counts.
    #[must_use]
    pub fn to_client(
        upstream: Dialect,
        client: Dialect,
        wish: ClientWish,
        hold_usage: bool,
    ) -> Self {
        if upstream == client {
            return Self::Passed(Box::new(Passed::new(upstream, wish, hold_usage)));
        }
        Self::Translated(Box::new(StreamTranslator::new(upstream, client, wish)))
    }

    /// Its state as text.
    #[must_use]
    pub fn carry(&self) -> String {
        let (mark, bytes) = match self {
            Self::Events(it) => ("", it.save()),
            Self::Passed(it) => (PASSED, it.save()),
            Self::Translated(it) => (TRANSLATED, it.save()),
        };
        format!("{mark}{}", STANDARD.encode(bytes))
    }

    /// The reader of a state.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text that is none of ours.
    pub fn of_carry(carry: &str) -> Result<Self> {
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| bad_carry());
        if let Some(text) = carry.strip_prefix(TRANSLATED) {
            let restored = StreamTranslator::restore(&bytes(text)?).map_err(|_| bad_carry())?;
            return Ok(Self::Translated(Box::new(restored)));
        }
        match carry.strip_prefix(PASSED) {
            Some(text) => {
                let restored = Passed::restore(&bytes(text)?).map_err(|_| bad_carry())?;
                Ok(Self::Passed(Box::new(restored)))
            }
            None => {
                let restored = StreamDecoder::restore(&bytes(carry)?).map_err(|_| bad_carry())?;
                Ok(Self::Events(Box::new(restored)))
            }
        }
    }

    fn first(piece: &mut Piece<'_>) -> Result<Self> {
        if let Some(carry) = piece.carry {
            return Self::of_carry(carry);
        }
        let dialect = piece.dialect.ok_or_else(|| {
            Error::invalid("endpoint_type", "missing: the first piece needs endpoint_type or model")
        })?;
        Ok(match piece.client.take() {
            Some((client, wish)) => Self::to_client(dialect, client, wish, false),
            None => Self::Events(Box::new(StreamDecoder::new(dialect))),
        })
    }

    fn advance(mut self, piece: &Piece<'_>) -> (Self, Parsed) {
        let mut output = None;
        let (events, end, usage) = match &mut self {
            Self::Events(decoder) => advance(decoder, piece),
            Self::Passed(passed) => {
                let (mut events, mut written) = (Vec::new(), Vec::new());
                passed.push(piece.bytes, &mut events, &mut written);
                let end = if piece.end {
                    Some(passed.end(&mut events, &mut written))
                } else {
                    passed.read().ended()
                };
                output = Some(written);
                (events, end, passed.read().usage())
            }
            Self::Translated(translator) => {
                let mut written = Vec::new();
                translator.push(piece.bytes, &mut written);
                let mut events = translator.take_events();
                let mut end = translator.ended();
                if piece.end {
                    end = Some(translator.end(&mut written));
                    events.extend(translator.take_events());
                }
                output = Some(written);
                (events, end, translator.usage())
            }
        };
        let (output, output_base64) = match output.map(String::from_utf8) {
            Some(Ok(text)) => (Some(text), None),
            Some(Err(cut)) => (None, Some(STANDARD.encode(cut.as_bytes()))),
            None => (None, None),
        };
        let done = end.is_some();
        (self, Parsed { events, output, output_base64, usage, done, end, carry: None })
    }
}

/// What a carry begins with whose answer is passed on.
const PASSED: &str = "p:";
/// What a carry begins with whose answer is translated.
const TRANSLATED: &str = "t:";

fn advance(decoder: &mut StreamDecoder, piece: &Piece<'_>) -> (Vec<Event>, Option<End>, Usage) {
    let mut events = Vec::new();
    decoder.push(piece.bytes, &mut events);
    let end = if piece.end { Some(decoder.end(&mut events)) } else { decoder.ended() };
    (events, end, decoder.usage())
}

/// Takes out what is too old, and the oldest if there are still too many.
fn make_room(streams: &mut HashMap<String, Open>, now: Timestamp) {
    if streams.len() < MOST_STREAMS {
        return;
    }
    streams.retain(|_, open| now.since(open.fed_at) < IDLE);
    while streams.len() >= MOST_STREAMS {
        let oldest = streams.iter().min_by_key(|(_, open)| open.fed_at).map(|(id, _)| id.clone());
        let Some(oldest) = oldest else { return };
        streams.remove(&oldest);
        log::warn!("more than {MOST_STREAMS} streams are open: the oldest was forgotten");
    }
}

fn bad_carry() -> Error {
    Error::invalid("carry", "expected what the last call answered, unchanged")
}
