//! A decoder and an encoder joined.
//!
//! Owns: the order of a stream's translation; which dialect's code is which.
//! Must not know: what any event means.

use serde::{Deserialize, Serialize};

use super::{ClientWish, Encoder, RequestCodec, TranslateError, Translated, Whole};
use super::{anthropic, chat, gemini, responses};
use crate::decode::{self, DecodeError, StreamDecoder};
use crate::dialect::Dialect;
use crate::event::{End, Event, Usage};
use crate::fault::Fault;
use crate::request::Request;

/// Upstream's stream in, the client's stream out. Serialisable between two chunks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamTranslator {
    #[serde(rename = "d")]
    decoder: StreamDecoder,
    #[serde(rename = "e")]
    encoder: StreamEncoder,
    #[serde(skip)]
    events: Vec<Event>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    ended: Option<End>,
    #[serde(skip)]
    failure: Option<(String, String)>,
}

/// The encoder of a client's stream.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamEncoder {
    /// To a Messages client.
    Anthropic(anthropic::StreamEncoder),
    /// To a Responses client.
    Responses(responses::StreamEncoder),
    /// To a Chat Completions client.
    Chat(chat::StreamEncoder),
    /// To a Gemini client.
    Gemini(gemini::StreamEncoder),
}

/// Reads a request.
///
/// # Errors
/// As [`RequestCodec::read`].
pub fn read_request(dialect: Dialect, body: &[u8]) -> Result<Request, TranslateError> {
    let request = match dialect {
        Dialect::Anthropic => anthropic::Codec::read(body),
        Dialect::Responses => responses::Codec::read(body),
        Dialect::Chat => chat::Codec::read(body),
        Dialect::Gemini => gemini::Codec::read(body),
    }?;
    Ok(Request { origin: Some(dialect), ..request })
}

/// Writes a request.
///
/// # Errors
/// As [`RequestCodec::write`].
pub fn write_request(dialect: Dialect, request: &Request) -> Result<Translated, TranslateError> {
    match dialect {
        Dialect::Anthropic => anthropic::Codec::write(request),
        Dialect::Responses => responses::Codec::write(request),
        Dialect::Chat => chat::Codec::write(request),
        Dialect::Gemini => gemini::Codec::write(request),
    }
}

/// A whole answer of upstream as the client's dialect has it.
///
/// # Errors
/// When the body is no answer of its dialect.
pub fn whole(
    upstream: Dialect,
    client: Dialect,
    body: &[u8],
    wish: &ClientWish,
) -> Result<Whole, DecodeError> {
    let events = decode::whole(upstream, body)?;
    Ok(match client {
        Dialect::Anthropic => anthropic::whole(&events, wish),
        Dialect::Responses => responses::whole(&events, wish),
        Dialect::Chat => chat::whole(&events, wish),
        Dialect::Gemini => gemini::whole(&events, wish),
    })
}

/// A fault as the client's dialect has one: its status and its envelope. `request` names the
/// request, for the dialects whose envelopes do.
#[must_use]
pub fn error(client: Dialect, fault: &Fault, request: Option<&str>) -> Whole {
    match client {
        Dialect::Anthropic => anthropic::error(fault, request),
        Dialect::Responses => responses::error(fault),
        Dialect::Chat => chat::error(fault),
        Dialect::Gemini => gemini::error(fault),
    }
}

/// What a client that waits for the next event is sent, so that nobody between takes the
/// connection for dead. Only between two events.
#[must_use]
pub const fn keepalive(client: Dialect) -> &'static [u8] {
    match client {
        Dialect::Anthropic => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
        Dialect::Responses | Dialect::Chat => b": keepalive\n\n",
        // Its parsers take neither comments nor event names.
        Dialect::Gemini => b"\n",
    }
}

/// The end of a stream that was passed on as it came and broke off: the dialect's own error, never
/// a clean end. `id` and `model` are those the stream began with, `n_events` came so far.
pub fn break_off(
    client: Dialect,
    wish: ClientWish,
    (id, model, n_events): (&str, &str, u64),
    message: &str,
    out: &mut Vec<u8>,
) {
    let mut encoder = StreamEncoder::new(client, wish);
    if !id.is_empty() {
        // The client has its own beginning; the encoder has to know of it.
        let start = Event::MessageStart { id: id.to_owned(), model: model.to_owned() };
        encoder.on_event(&start, &mut Vec::new());
    }
    if let StreamEncoder::Responses(encoder) = &mut encoder {
        encoder.number_from(n_events);
    }
    let error = Event::Error { error_type: "truncated".to_owned(), message: message.to_owned() };
    encoder.on_event(&error, out);
    encoder.on_end(End::Truncated, out);
}

// === impl StreamTranslator ===

impl StreamTranslator {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(upstream: Dialect, client: Dialect, wish: ClientWish) -> Self {
        let wish = ClientWish { upstream: Some(upstream), ..wish };
        Self {
            decoder: StreamDecoder::new(upstream),
            encoder: StreamEncoder::new(client, wish),
            events: Vec::new(),
            ended: None,
            failure: None,
        }
    }

    /// What upstream speaks.
    #[must_use]
    pub const fn upstream(&self) -> Dialect {
        self.decoder.dialect()
    }

    /// What the client speaks.
    #[must_use]
    pub const fn client(&self) -> Dialect {
        self.encoder.dialect()
    }

    /// Whether a state that came from outside can be one of ours.
    pub(super) fn is_plausible(&self) -> bool {
        self.decoder.is_plausible() && self.ended.is_none_or(|_| self.decoder.ended() == self.ended)
    }

    /// Translates a piece of upstream's answer, cut anywhere; what it means is written at once.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.events.clear();
        self.decoder.push(bytes, &mut self.events);
        self.write(out);
        if self.ended.is_none()
            && let Some(end) = self.decoder.ended()
        {
            self.finish(end, out);
        }
    }

    /// Upstream's bytes are over.
    pub fn end(&mut self, out: &mut Vec<u8>) -> End {
        self.events.clear();
        let end = self.decoder.end(&mut self.events);
        self.write(out);
        if self.ended.is_none() {
            self.finish(end, out);
        }
        end
    }

    /// A whole answer, in place of the stream that was expected.
    ///
    /// # Errors
    /// When the body is no answer of upstream's dialect.
    pub fn whole(&self, body: &[u8]) -> Result<Whole, DecodeError> {
        whole(self.upstream(), self.client(), body, self.encoder.wish())
    }

    /// What the last [`Self::push`] or [`Self::end`] read, once.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How the answer ended, once it has.
    #[must_use]
    pub const fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Counts so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.decoder.usage()
    }

    /// Whether any content came.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.decoder.has_content()
    }

    /// Upstream's name and text of the error that ended it.
    #[must_use]
    pub fn failure(&self) -> Option<(&str, &str)> {
        self.failure.as_ref().map(|(kind, message)| (kind.as_str(), message.as_str()))
    }

    /// Ends an answer that broke off, as the client's dialect tells an error.
    pub fn break_off(&mut self, message: &str, out: &mut Vec<u8>) {
        if self.ended.is_none() {
            let error =
                Event::Error { error_type: "truncated".to_owned(), message: message.to_owned() };
            self.encoder.on_event(&error, out);
            self.finish(End::Truncated, out);
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        for event in &self.events {
            self.encoder.on_event(event, out);
            if let Event::Error { error_type, message } = event {
                self.failure = Some((error_type.clone(), message.clone()));
            }
        }
    }

    fn finish(&mut self, end: End, out: &mut Vec<u8>) {
        self.ended = Some(end);
        self.encoder.on_end(end, out);
    }
}

// === impl StreamEncoder ===

impl StreamEncoder {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(client: Dialect, wish: ClientWish) -> Self {
        match client {
            Dialect::Anthropic => Self::Anthropic(anthropic::StreamEncoder::new(wish)),
            Dialect::Responses => Self::Responses(responses::StreamEncoder::new(wish)),
            Dialect::Chat => Self::Chat(chat::StreamEncoder::new(wish)),
            Dialect::Gemini => Self::Gemini(gemini::StreamEncoder::new(wish)),
        }
    }

    /// What the client speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Anthropic(_) => Dialect::Anthropic,
            Self::Responses(_) => Dialect::Responses,
            Self::Chat(_) => Dialect::Chat,
            Self::Gemini(_) => Dialect::Gemini,
        }
    }

    const fn wish(&self) -> &ClientWish {
        match self {
            Self::Anthropic(it) => &it.wish,
            Self::Responses(it) => &it.wish,
            Self::Chat(it) => &it.wish,
            Self::Gemini(it) => &it.wish,
        }
    }
}

impl Encoder for StreamEncoder {
    fn on_event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Self::Anthropic(it) => it.on_event(event, out),
            Self::Responses(it) => it.on_event(event, out),
            Self::Chat(it) => it.on_event(event, out),
            Self::Gemini(it) => it.on_event(event, out),
        }
    }

    fn on_end(&mut self, end: End, out: &mut Vec<u8>) {
        match self {
            Self::Anthropic(it) => it.on_end(end, out),
            Self::Responses(it) => it.on_end(end, out),
            Self::Chat(it) => it.on_end(end, out),
            Self::Gemini(it) => it.on_end(end, out),
        }
    }
}
