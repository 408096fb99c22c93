//! The Messages dialect on both sides of the hub.
//!
//! Owns: reading and writing its requests, writing its streams, whole answers, errors and lists.
//! Must not know: any other dialect.
//!
//! The table of what becomes of what is `docs/translation/anthropic.md`.

mod answer;
mod blocks;
mod breakpoints;
mod conversation;
mod error;
mod extra;
mod extras;
mod json;
mod media;
mod request_in;
mod request_out;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;
mod whole;
mod wire;

pub use self::error::error;
pub use self::extra::{count_tokens, model, models};
pub use self::stream::StreamEncoder;
pub use self::whole::whole;

use super::{RequestCodec, TranslateError, Translated};
use crate::request::{Loss, Request};

/// Reads and writes requests.
pub struct Codec;

impl RequestCodec for Codec {
    fn read(body: &[u8]) -> Result<Request, TranslateError> {
        request_in::read(body)
    }

    fn write(request: &Request) -> Result<Translated, TranslateError> {
        request_out::write(request)
    }
}

/// What was left out, each once.
#[derive(Debug, Default)]
struct Losses(Vec<Loss>);

impl Losses {
    fn add(&mut self, field: &'static str, rule: &'static str) {
        let loss = Loss { field, rule };
        if !self.0.contains(&loss) {
            self.0.push(loss);
        }
    }

    fn add_if(&mut self, lost: bool, field: &'static str, rule: &'static str) {
        if lost {
            self.add(field, rule);
        }
    }
}
