//! A stream for a client that speaks what upstream speaks: its bytes go on, in whole events.
//!
//! Owns: `Passed`: what is read of it on the way, what a client did not ask for, and the error
//! that stands for the end of a stream that broke off.
//! Must not know: any dialect's field names but those of the chunk of counts.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{ClientWish, pair};
use crate::decode::{CarryError, MAX_CARRY_BYTES, StreamDecoder, carry};
use crate::event::{End, Event};

mod frames;

pub use frames::{Frames, without_usage};

/// One streamed answer that is passed on and read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Passed {
    decoder: StreamDecoder,
    frames: Frames,
    wish: ClientWish,
    /// The chunk of counts was asked for on the client's behalf.
    hold_usage: bool,
    n_events: u64,
}

// === impl Passed ===

impl Passed {
    /// Nothing has come yet. `hold_usage` takes the chunk of counts out of a chat stream.
    #[must_use]
    pub fn new(dialect: crate::dialect::Dialect, wish: ClientWish, hold_usage: bool) -> Self {
        let decoder = StreamDecoder::new(dialect);
        Self { decoder, frames: Frames::default(), wish, hold_usage, n_events: 0 }
    }

    /// Takes upstream's next bytes: what they mean, and what the client gets of them.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>, out: &mut Vec<u8>) {
        self.decoder.push_counting(bytes, &mut self.n_events, events);
        let whole = self.frames.push(Bytes::copy_from_slice(bytes));
        out.extend_from_slice(&if self.hold_usage { without_usage(whole) } else { whole });
    }

    /// Upstream's bytes are over: what is left for the client, which is its own error where the
    /// answer is not complete.
    pub fn end(&mut self, events: &mut Vec<Event>, out: &mut Vec<u8>) -> End {
        let was_over = self.decoder.ended().is_some();
        let end = self.decoder.end(events);
        if end == End::Truncated && !was_over {
            let begun = (self.decoder.id(), self.decoder.model(), self.n_events);
            let text = "the upstream stream ended before it was complete";
            pair::break_off(self.decoder.dialect(), self.wish.clone(), begun, text, out);
        } else {
            out.extend_from_slice(&self.frames.rest());
        }
        end
    }

    /// What was read: usage, stop reason, how it ended.
    #[must_use]
    pub const fn read(&self) -> &StreamDecoder {
        &self.decoder
    }

    /// The state as JSON text, for a host that starts one process a chunk.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        carry::to_bytes(self)
    }

    /// The state that [`Passed::save`] wrote.
    ///
    /// # Errors
    /// [`CarryError`]; the bytes may come from anyone.
    pub fn restore(saved: &[u8]) -> Result<Self, CarryError> {
        let passed: Self = carry::from_bytes(saved, 2 * MAX_CARRY_BYTES)?;
        if passed.decoder.is_plausible() { Ok(passed) } else { Err(CarryError::Damaged) }
    }
}
