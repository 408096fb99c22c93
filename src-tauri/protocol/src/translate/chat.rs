//! The chat dialect on both sides of the hub.
//!
//! Owns: reading and writing its requests, writing its streams, whole answers and errors.
//! Must not know: any other dialect.

use super::{ClientWish, Encoder, RequestCodec, TranslateError, Translated, Whole};
use crate::event::{End, Event};
use crate::fault::Fault;
use crate::request::Request;

/// Reads and writes requests.
pub struct Codec;

/// Writes a stream.
pub struct StreamEncoder {
    _wish: ClientWish,
}

impl StreamEncoder {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(wish: ClientWish) -> Self {
        Self { _wish: wish }
    }
}

impl Encoder for StreamEncoder {
    fn on_event(&mut self, _event: &Event, _out: &mut Vec<u8>) {}

    fn on_end(&mut self, _end: End, _out: &mut Vec<u8>) {}
}

impl RequestCodec for Codec {
    fn read(_body: &[u8]) -> Result<Request, TranslateError> {
        Err(TranslateError::invalid("request", "being written"))
    }

    fn write(_request: &Request) -> Result<Translated, TranslateError> {
        Err(TranslateError::invalid("request", "being written"))
    }
}

/// A whole answer.
#[must_use]
pub fn whole(_events: &[Event], _wish: &ClientWish) -> Whole {
    Whole { status: 500, body: bytes::Bytes::new() }
}

/// An error envelope.
#[must_use]
pub fn error(_fault: &Fault) -> Whole {
    Whole { status: 500, body: bytes::Bytes::new() }
}
