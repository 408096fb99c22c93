//! Events to a whole Responses answer.
//!
//! Owns: what the stream's last event would say, as a body.
//! Must not know: items; they are written by the stream's own encoder, so that both say the same.

use super::answer::Status;
use super::error::error;
use super::stream::StreamEncoder;
use crate::event::Event;
use crate::fault::Fault;
use crate::translate::{ClientWish, Encoder, Whole};

/// The answer that the events amount to, or the error they end in.
pub(super) fn whole(events: &[Event], wish: &ClientWish) -> Whole {
    let mut encoder = StreamEncoder::new(wish.clone());
    let mut unused = Vec::new();
    for event in events {
        if let Event::Error { error_type, message } = event {
            return error(&Fault::from_host(error_type, message, Some(500), None));
        }
        encoder.on_event(event, &mut unused);
        unused.clear();
    }
    let Some(status) = encoder.status() else { return error(&Fault::truncated()) };
    if let Status::Failed(code, message) = status {
        return error(&Fault::from_host(code, message, Some(500), None));
    }
    let mut body = Vec::new();
    encoder.write_answer(status, &mut body);
    Whole { status: 200, body: body.into() }
}
