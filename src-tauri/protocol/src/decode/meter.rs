//! A stream that is passed on as it is, watched for what it costs and how it ends.
//!
//! Owns: [`Meter`], and which frames can be told by a look to carry nothing but a delta.
//! Must not know: where the bytes go.
//!
//! Nearly all frames of a stream are deltas, and nothing of a delta is needed here. One is known
//! by what it does not contain: a key stands in JSON as `"key"`, and never in a text, where its
//! quotes are escaped. Whatever is in doubt is read.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::StreamDecoder;
use super::message::Message;
use crate::dialect::Dialect;
use crate::event::{End, Event};
use crate::wire::sse::Frame;

/// Reads usage, end and names of a stream as [`StreamDecoder`] does, several times as fast: most
/// deltas are passed over unread.
#[derive(Clone, Debug)]
pub struct Meter {
    decoder: StreamDecoder,
    /// A delta was passed over.
    passed: bool,
    /// Events so far.
    n_events: u64,
    counts: Counts,
}

/// What the last Gemini chunk said of its counts.
#[derive(Clone, Debug, Default)]
struct Counts {
    /// The counts as text, and what follows them; empty where they are not known to be told.
    text: Vec<u8>,
    /// Unreadable frames when that was noted: what stood in one was not told.
    skipped: u64,
}

/// The most bytes of counts that are compared.
const MAX_COUNTS: usize = 4096;

// === impl Meter ===

impl Meter {
    /// A meter at the start of a response.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            decoder: StreamDecoder::new(dialect),
            passed: false,
            n_events: 0,
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes and appends what they mean, but for deltas.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        let Self { decoder, passed, n_events, counts } = self;
        let dialect = decoder.dialect();
        decoder.push_but(bytes, out, |message, frame| {
            let is_delta = message.end().is_none() && is_delta(dialect, message, frame, counts);
            *passed |= is_delta;
            *n_events = n_events.saturating_add(1);
            is_delta
        });
    }

    /// The bytes are over: appends what is due and says how the response ended.
    pub fn end(&mut self, out: &mut Vec<Event>) -> End {
        self.decoder.end(out)
    }

    /// What was read: usage, stop reason, id, model, how it ended.
    #[must_use]
    pub const fn read(&self) -> &StreamDecoder {
        &self.decoder
    }

    /// How many events came.
    #[must_use]
    pub const fn n_events(&self) -> u64 {
        self.n_events
    }

    /// Whether any content came.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.passed || self.decoder.machine.message().has_blocks()
    }
}

/// Whether a frame has nothing in it but a delta. Never true of one whose reading would change
/// usage, stop reason, names or end.
fn is_delta(dialect: Dialect, message: &Message, frame: Frame<'_>, counts: &mut Counts) -> bool {
    let data = frame.data;
    // Noted of every chunk, also of one that is read for another reason.
    let same = dialect == Dialect::Gemini && same_counts(data, message.skipped, counts);
    if frame.event == "error" || !data.starts_with(b"{") || has(data, &KEYS.error) {
        return false;
    }
    let named = !message.id.is_empty() && !message.model.is_empty();
    match dialect {
        Dialect::Anthropic => data.starts_with(br#"{"type":"content_block_delta""#),
        Dialect::Responses => response_delta(data) && !has(data, &KEYS.response),
        Dialect::Chat => {
            named
                && all_null(data, &KEYS.finish_reason)
                && all_null(data, &KEYS.usage)
                && all_null(data, &KEYS.refusal)
                && !has(data, &KEYS.function_call)
                // The first piece of the first call says that there are calls.
                && (message.has_tools() || !has(data, &KEYS.tool_calls))
        }
        Dialect::Gemini => {
            same && named
                && !has(data, &KEYS.finish_reason_gemini)
                && !has(data, &KEYS.prompt_feedback)
                && (!has(data, &KEYS.function_call_gemini) || is_call(message, data))
        }
    }
}

/// The deltas of content, but for those of refusals, which a stop reason depends on.
fn response_delta(data: &[u8]) -> bool {
    let Some(rest) = data.strip_prefix(br#"{"type":"response."#) else { return false };
    let name = rest.get(..memchr::memchr(b'"', rest).unwrap_or(0)).unwrap_or_default();
    matches!(
        name,
        b"output_text.delta"
            | b"reasoning_text.delta"
            | b"reasoning_summary_text.delta"
            | b"function_call_arguments.delta"
            | b"custom_tool_call_input.delta"
    )
}

/// Whether a Gemini call is none but another whole one.
fn is_call(message: &Message, data: &[u8]) -> bool {
    message.has_tools() && !has(data, &KEYS.partial_args) && !has(data, &KEYS.will_continue)
}

/// Whether what follows the parts of a Gemini chunk is byte for byte what it was before.
fn same_counts(data: &[u8], skipped: u64, counts: &mut Counts) -> bool {
    if std::mem::replace(&mut counts.skipped, skipped) != skipped {
        counts.text.clear();
    }
    let Some(at) = KEYS.usage_metadata.find(data) else { return true };
    let tail = data.get(at..).unwrap_or_default();
    // Counts stand behind the parts; where they do not, the chunk is read.
    if has(tail, &KEYS.candidates) || tail.len() > MAX_COUNTS {
        counts.text.clear();
        return false;
    }
    let same = tail == counts.text.as_slice();
    if !same {
        counts.text.clear();
        counts.text.extend_from_slice(tail);
    }
    same
}

struct Keys {
    error: Finder<'static>,
    response: Finder<'static>,
    finish_reason: Finder<'static>,
    usage: Finder<'static>,
    refusal: Finder<'static>,
    function_call: Finder<'static>,
    tool_calls: Finder<'static>,
    candidates: Finder<'static>,
    finish_reason_gemini: Finder<'static>,
    function_call_gemini: Finder<'static>,
    partial_args: Finder<'static>,
    will_continue: Finder<'static>,
    prompt_feedback: Finder<'static>,
    usage_metadata: Finder<'static>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    error: Finder::new("\"error\""),
    response: Finder::new("\"response\""),
    finish_reason: Finder::new("\"finish_reason\""),
    usage: Finder::new("\"usage\""),
    refusal: Finder::new("\"refusal\""),
    function_call: Finder::new("\"function_call\""),
    tool_calls: Finder::new("\"tool_calls\""),
    candidates: Finder::new("\"candidates\""),
    finish_reason_gemini: Finder::new("\"finishReason\""),
    function_call_gemini: Finder::new("\"functionCall\""),
    partial_args: Finder::new("\"partialArgs\""),
    will_continue: Finder::new("\"willContinue\""),
    prompt_feedback: Finder::new("\"promptFeedback\""),
    usage_metadata: Finder::new("\"usageMetadata\""),
});

fn has(data: &[u8], key: &Finder<'_>) -> bool {
    key.find(data).is_some()
}

/// Whether every member of this name is null.
fn all_null(data: &[u8], key: &Finder<'_>) -> bool {
    key.find_iter(data).all(|at| {
        let value = data.get(at + key.needle().len()..).unwrap_or_default();
        value
            .trim_ascii_start()
            .strip_prefix(b":")
            .is_some_and(|it| it.trim_ascii_start().starts_with(b"null"))
    })
}
