//! Gemini `generateContent` on both sides of the hub.
//!
//! Owns: reading and writing its requests, writing its streams, whole answers, errors and lists.
//! Must not know: any other dialect.
//!
//! Peculiar to it: a tool call comes whole, in one part; ids of calls are optional; there is no end
//! marker; comments and event names break its clients.

mod error;
mod extra;
mod json;
mod pairing;
mod parts;
mod proof;
mod request_in;
mod request_out;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod turns;
mod whole;

pub use error::error;
pub use extra::{count_tokens, model, models};
pub use stream::StreamEncoder;
pub use whole::whole;

use super::{RequestCodec, TranslateError, Translated};
use crate::request::Request;

/// Reads and writes requests.
#[derive(Clone, Copy, Debug)]
pub struct Codec;

// === impl Codec ===

impl RequestCodec for Codec {
    fn read(body: &[u8]) -> Result<Request, TranslateError> {
        request_in::read(body)
    }

    fn write(request: &Request) -> Result<Translated, TranslateError> {
        request_out::write(request)
    }
}
