//! The chat dialect on both sides of the hub.
//!
//! Owns: reading and writing its requests, writing its streams, whole answers and errors.
//! Must not know: any other dialect.

use super::{ClientWish, RequestCodec, TranslateError, Translated, Whole};
use crate::event::Event;
use crate::fault::Fault;
use crate::request::Request;

mod counts;
mod ends;
mod error;
mod extra;
mod json;
mod pieces;
mod read;
mod request_in;
mod request_out;
mod stream;
#[cfg(test)]
mod tests;
mod unwrap;
mod whole;

pub use extra::{model, models};
pub use stream::StreamEncoder;

/// Reads and writes requests.
pub struct Codec;

impl RequestCodec for Codec {
    fn read(body: &[u8]) -> Result<Request, TranslateError> {
        request_in::read(body)
    }

    fn write(request: &Request) -> Result<Translated, TranslateError> {
        Ok(request_out::write(request))
    }
}

/// A whole answer.
#[must_use]
pub fn whole(events: &[Event], wish: &ClientWish) -> Whole {
    whole::of(events, wish)
}

/// An error envelope.
#[must_use]
pub fn error(fault: &Fault) -> Whole {
    error::of_fault(fault)
}
