//! OpenAI Responses on both sides of the hub.
//!
//! Owns: reading and writing its requests, writing its streams, whole answers and errors, as
//! `docs/translation/responses.md` lists.
//! Must not know: any other dialect.

mod answer;
mod call;
mod error;
mod extra;
mod free_text;
mod item;
mod items_in;
mod items_out;
mod json;
mod losses;
mod media;
mod members;
mod pairing;
mod parts_in;
mod parts_out;
mod proof;
mod quick;
mod request_in;
mod request_out;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod tools_in;
mod tools_out;
mod walk;
mod whole;
mod wire;

pub use self::extra::{count_tokens, model, models};
pub use self::stream::StreamEncoder;
pub use self::tools_in::note_tools;
use super::{ClientWish, RequestCodec, TranslateError, Translated, Whole};
use crate::event::Event;
use crate::fault::Fault;
use crate::request::Request;

/// What a client includes to be told the probabilities of tokens.
const INCLUDE_LOGPROBS: &str = "message.output_text.logprobs";

/// Reads and writes requests.
pub struct Codec;

/// A whole answer.
#[must_use]
pub fn whole(events: &[Event], wish: &ClientWish) -> Whole {
    whole::whole(events, wish)
}

/// An error envelope.
#[must_use]
pub fn error(fault: &Fault) -> Whole {
    error::error(fault)
}

// === impl RequestCodec ===

impl RequestCodec for Codec {
    fn read(body: &[u8]) -> Result<Request, TranslateError> {
        request_in::read(body)
    }

    fn write(request: &Request) -> Result<Translated, TranslateError> {
        Ok(request_out::write(request))
    }
}
