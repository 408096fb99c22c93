//! Answers being read piece by piece, one call a piece.
//!
//! Owns: the decoders kept under a stream id, their number and age; the text form of a carry.
//! Must not know: how a dialect is decoded.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{End, Event, Usage};
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The most streams at once; a further one ends the one that was silent longest.
const MOST_STREAMS: usize = 4096;

/// A stream nobody fed for so long is forgotten.
const IDLE: Duration = Duration::from_secs(3600);

/// The decoders of this process.
#[derive(Default)]
pub struct Streams(Mutex<HashMap<String, Open>>);

/// One piece of an answer.
pub struct Piece<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Nothing comes after it.
    pub end: bool,
    /// The protocol, needed with the first piece.
    pub dialect: Option<Dialect>,
}

/// What a piece held.
#[derive(Serialize, JsonSchema)]
pub struct Parsed {
    /// What happened, in order.
    pub events: Vec<Event>,
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

struct Open {
    decoder: StreamDecoder,
    fed_at: Timestamp,
}

// === impl Streams ===

impl Streams {
    /// Feeds the stream of that id, beginning it with its first piece.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is the first piece and no protocol is named.
    pub fn feed(&self, id: &str, piece: &Piece<'_>, now: Timestamp) -> Result<Parsed> {
        let mut streams = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let decoder = match streams.remove(id) {
            Some(open) => open.decoder,
            None => first(piece)?,
        };
        let (decoder, parsed) = advance(decoder, piece);
        // A stream that is done stays until its caller says so: what trails behind it (`[DONE]`, an
        // empty last piece) must not look like the beginning of another one.
        if !piece.end {
            make_room(&mut streams, now);
            streams.insert(id.to_owned(), Open { decoder, fed_at: now });
        }
        Ok(parsed)
    }
}

/// Feeds a piece to the state that travels with the calls.
///
/// # Errors
/// [`Error::Invalid`] for a carry that is none of ours, or a first piece without a protocol.
pub fn feed_carry(carry: Option<&str>, piece: &Piece<'_>) -> Result<Parsed> {
    let decoder = match carry.filter(|it| !it.is_empty()) {
        Some(carry) => {
            let bytes = STANDARD.decode(carry).map_err(|_| bad_carry())?;
            StreamDecoder::restore(&bytes).map_err(|_| bad_carry())?
        }
        None => first(piece)?,
    };
    let (decoder, mut parsed) = advance(decoder, piece);
    if !piece.end {
        parsed.carry = Some(STANDARD.encode(decoder.save()));
    }
    Ok(parsed)
}

fn first(piece: &Piece<'_>) -> Result<StreamDecoder> {
    piece.dialect.map(StreamDecoder::new).ok_or_else(|| {
        Error::invalid("endpoint_type", "missing: the first piece needs endpoint_type or model")
    })
}

fn advance(mut decoder: StreamDecoder, piece: &Piece<'_>) -> (StreamDecoder, Parsed) {
    let mut events = Vec::new();
    decoder.push(piece.bytes, &mut events);
    let end = if piece.end { Some(decoder.end(&mut events)) } else { decoder.ended() };
    let usage = decoder.usage();
    (decoder, Parsed { events, usage, done: end.is_some(), end, carry: None })
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
