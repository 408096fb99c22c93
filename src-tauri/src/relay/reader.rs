//! What upstream streams, as the client gets it.
//!
//! Owns: [`Reader`]: whether bytes are passed on or translated, what is known of the answer so far.
//! Must not know: sockets, time, accounts.

use bytes::Bytes;
use droid_protocol::decode::Meter;
use droid_protocol::event::{End, Event, Usage};
use droid_protocol::fault::Fault;
use droid_protocol::translate::pair::{self, StreamTranslator};
use droid_protocol::translate::passed::{Frames, without_usage};

use super::array::Array;
use crate::outbound::Reading;

/// One streamed answer.
pub(super) struct Reader {
    reading: Reading,
    way: Way,
    array: Option<Array>,
    ended: Option<End>,
}

enum Way {
    /// Both speak the same: only looked at.
    Pass { meter: Box<Meter>, frames: Frames, events: Vec<Event>, failure: Option<Fault> },
    /// Written anew.
    Translate(Box<StreamTranslator>),
}

// === impl Reader ===

impl Reader {
    /// Nothing has come yet. `array`: as one JSON array instead of events.
    pub(super) fn new(reading: &Reading, array: bool) -> Self {
        let way = if reading.translates() {
            let wish = reading.wish.clone();
            let (upstream, client) = (reading.upstream, reading.client);
            Way::Translate(Box::new(StreamTranslator::new(upstream, client, wish)))
        } else {
            Way::Pass {
                meter: Box::new(Meter::new(reading.upstream)),
                frames: Frames::default(),
                events: Vec::new(),
                failure: None,
            }
        };
        let array = array.then(Array::default);
        Self { reading: reading.clone(), way, array, ended: None }
    }

    /// Takes upstream's next bytes; gives the client's.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        let out = match &mut self.way {
            Way::Pass { meter, frames, events, failure } => {
                meter.push(&chunk, events);
                note_failure(events, failure);
                self.ended = meter.read().ended();
                let out = frames.push(chunk);
                if self.reading.hold_usage { without_usage(out) } else { out }
            }
            Way::Translate(translator) => {
                let mut out = Vec::with_capacity(chunk.len());
                translator.push(&chunk, &mut out);
                self.ended = translator.ended();
                out.into()
            }
        };
        self.shaped(out)
    }

    /// Upstream's bytes are over; gives what is left to be sent. An answer that was not complete
    /// ends with the client's own error.
    pub(super) fn end(&mut self) -> Bytes {
        let out = match &mut self.way {
            Way::Pass { meter, frames, events, failure } => {
                let was_over = self.ended.is_some();
                let end = meter.end(events);
                self.ended = Some(end);
                if end == End::Truncated && !was_over {
                    events.clear();
                    return self.break_off("the upstream stream ended before it was complete");
                }
                note_failure(events, failure);
                frames.rest()
            }
            Way::Translate(translator) => {
                let mut out = Vec::new();
                self.ended = Some(translator.end(&mut out));
                out.into()
            }
        };
        self.shaped_to_the_end(out)
    }

    /// Ends the answer as one that broke off. What is held back of an event is dropped.
    pub(super) fn break_off(&mut self, message: &str) -> Bytes {
        let mut out = Vec::new();
        match &mut self.way {
            Way::Pass { meter, .. } => {
                let read = meter.read();
                let wish = self.reading.wish.clone();
                let start = (read.id(), read.model(), meter.n_events());
                pair::break_off(self.reading.client, wish, start, message, &mut out);
            }
            Way::Translate(translator) => translator.break_off(message, &mut out),
        }
        self.ended = Some(End::Truncated);
        self.shaped_to_the_end(out.into())
    }

    /// What keeps the client waiting.
    pub(super) fn keepalive(&self) -> Bytes {
        match &self.array {
            // White space, between two elements.
            Some(_) => Bytes::from_static(b"\n"),
            None => Bytes::from_static(pair::keepalive(self.reading.client)),
        }
    }

    /// How the answer ended, once it has.
    pub(super) const fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Counts so far.
    pub(super) fn usage(&self) -> Usage {
        match &self.way {
            Way::Pass { meter, .. } => meter.read().usage(),
            Way::Translate(translator) => translator.usage(),
        }
    }

    /// Whether any content came.
    pub(super) fn has_content(&self) -> bool {
        match &self.way {
            Way::Pass { meter, .. } => meter.has_content(),
            Way::Translate(translator) => translator.has_content(),
        }
    }

    /// What an answer that has ended says of the account: none if all is well.
    pub(super) fn fault(&self) -> Option<Fault> {
        match self.ended? {
            End::Done => None,
            End::Truncated => Some(Fault::truncated()),
            End::Failed => Some(match &self.way {
                Way::Pass { failure, .. } => failure.clone().unwrap_or_else(Fault::truncated),
                Way::Translate(translator) => translator
                    .failure()
                    .map_or_else(Fault::truncated, |(kind, text)| of_event(kind, text)),
            }),
        }
    }

    fn shaped(&mut self, out: Bytes) -> Bytes {
        match &mut self.array {
            Some(array) => array.push(&out).into(),
            None => out,
        }
    }

    fn shaped_to_the_end(&mut self, out: Bytes) -> Bytes {
        let Some(array) = &mut self.array else { return out };
        let mut out = array.push(&out);
        out.extend_from_slice(array.end());
        out.into()
    }
}

fn note_failure(events: &mut Vec<Event>, failure: &mut Option<Fault>) {
    for event in events.drain(..) {
        if let Event::Error { error_type, message } = event {
            *failure = Some(of_event(&error_type, &message));
        }
    }
}

/// The fault of an error that came as an event: its name says what it is.
fn of_event(kind: &str, message: &str) -> Fault {
    Fault::from_host(kind, message, None, None)
}
