//! Answers made up by chance, and what a stream or body of any dialect amounts to.
//!
//! Owns: [`Answer`], [`Meaning`].
//! Must not know: dialects' fields.

use droid_protocol::decode::StreamDecoder;
use droid_protocol::dialect::Dialect;
use droid_protocol::event::{BlockType, End, Event, StopReason, Usage};
use droid_protocol::translate::{Encoder, anthropic, chat, gemini, pair, responses};
use proptest::prelude::*;

use crate::support::wish;

/// A block of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Text(Vec<String>),
    Refusal(Vec<String>),
    Thinking(Vec<String>, Option<String>),
    Redacted(String),
    Call { name: &'static str, pieces: Vec<String> },
}

/// A whole answer; its blocks come one after the other, or its calls at once.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop: StopReason,
    pub(crate) usage: Usage,
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z0-9 \"\\\\é世\\n]{0,4}[a-z]", 1..4)
}

/// Arguments: an object as text, cut in pieces anywhere between characters.
fn arguments() -> impl Strategy<Value = Vec<String>> {
    let members = prop::collection::vec(("[a-z]{1,3}", "[a-z\" é\\\\]{0,5}", any::<i32>()), 0..4);
    let text = members.prop_map(|members| {
        let members = members.into_iter().enumerate().map(|(at, (name, text, number))| {
            // Digits, spaces and order are the model's: `1.50` is not `1.5`.
            format!("\"{name}{at}\": [{}, {number}.50,  1e2]", serde_json::json!(text))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    });
    (text, prop::collection::vec(any::<prop::sample::Index>(), 0..4)).prop_map(|(text, cuts)| {
        let chars: Vec<char> = text.chars().collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|it| it.index(chars.len())).collect();
        cuts.extend([0, chars.len()]);
        cuts.sort_unstable();
        cuts.windows(2)
            .map(|it| chars.get(it[0]..it[1]).unwrap().iter().collect::<String>())
            .filter(|it| !it.is_empty())
            .collect()
    })
}

fn block() -> impl Strategy<Value = Block> {
    let proof = "[A-Za-z0-9+/]{8,16}=";
    prop_oneof![
        4 => pieces().prop_map(Block::Text),
        1 => pieces().prop_map(Block::Refusal),
        2 => (pieces(), prop::option::of(proof)).prop_map(|(it, proof)| Block::Thinking(it, proof)),
        1 => proof.prop_map(Block::Redacted),
        4 => (prop::sample::select(vec!["lookup", "grouped"]), arguments())
            .prop_map(|(name, pieces)| Block::Call { name, pieces }),
    ]
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    use StopReason::{ContentFilter, EndTurn, MaxTokens, Refusal, ToolUse};
    let stops = vec![EndTurn, ToolUse, MaxTokens, Refusal, ContentFilter];
    let counts =
        any::<[u16; 6]>().prop_map(|it| it.map(u64::from)).prop_map(|[a, b, c, d, e, f]| Usage {
            input_tokens: a,
            output_tokens: b + f,
            cache_read_tokens: c,
            cache_write_5m_tokens: d,
            cache_write_1h_tokens: e,
            reasoning_tokens: f,
        });
    (prop::collection::vec(block(), 0..7), prop::sample::select(stops), counts)
        .prop_map(|(blocks, stop, usage)| Answer { blocks, stop, usage })
}

// === impl Answer ===

impl Answer {
    /// The same with what was refused at its end.
    pub(crate) fn with_refusals_last(mut self) -> Self {
        self.blocks.sort_by_key(|it| matches!(it, Block::Refusal(_)));
        self
    }

    /// The events of the answer. `at_once`: neighbouring calls are told side by side.
    pub(crate) fn events(&self, at_once: bool) -> Vec<Event> {
        let mut out = vec![Event::MessageStart { id: "id1".into(), model: "m".into() }];
        let mut open: Vec<(u32, Vec<String>)> = Vec::new();
        for (index, block) in (0..).zip(&self.blocks) {
            if !matches!(block, Block::Call { .. }) {
                close(&mut open, &mut out);
            }
            let start = |block_type, data| Event::ContentBlockStart { index, block_type, data };
            match block {
                Block::Text(pieces) | Block::Refusal(pieces) => {
                    let refused = matches!(block, Block::Refusal(_));
                    let kind = if refused { BlockType::Refusal } else { BlockType::Text };
                    out.push(start(kind, None));
                    let text = pieces.iter().map(|it| Event::TextDelta { index, text: it.clone() });
                    out.extend(text);
                }
                Block::Thinking(pieces, proof) => {
                    out.push(start(BlockType::Thinking, None));
                    let thinking = pieces.iter().cloned();
                    out.extend(thinking.map(|thinking| Event::ThinkingDelta { index, thinking }));
                    let signature = proof.clone();
                    out.extend(
                        signature.map(|signature| Event::SignatureDelta { index, signature }),
                    );
                }
                Block::Redacted(data) => {
                    out.push(start(BlockType::RedactedThinking, Some(data.clone())));
                }
                Block::Call { name, pieces } => {
                    out.push(start(BlockType::ToolUse, None));
                    let (id, name) = (id(index), (*name).to_owned());
                    out.push(Event::ToolUseStart { index, id, name });
                    open.push((index, pieces.clone()));
                    if !at_once {
                        close(&mut open, &mut out);
                    }
                    continue;
                }
            }
            out.push(Event::ContentBlockStop { index });
        }
        close(&mut open, &mut out);
        out.push(Event::Usage(self.usage));
        out.push(Event::MessageStop { stop_reason: self.stop, stop_sequence: None });
        out
    }

    /// The answer as an upstream of a dialect streams it.
    pub(crate) fn stream(&self, upstream: Dialect, at_once: bool) -> Vec<u8> {
        let mut encoder = pair::StreamEncoder::new(upstream, wish(upstream));
        let mut out = Vec::new();
        for event in self.events(at_once) {
            encoder.on_event(&event, &mut out);
        }
        encoder.on_end(End::Done, &mut out);
        out
    }

    /// The answer as an upstream of a dialect gives it whole.
    pub(crate) fn whole(&self, upstream: Dialect) -> Vec<u8> {
        let (events, wish) = (self.events(false), wish(upstream));
        let whole = match upstream {
            Dialect::Anthropic => anthropic::whole(&events, &wish),
            Dialect::Responses => responses::whole(&events, &wish),
            Dialect::Chat => chat::whole(&events, &wish),
            Dialect::Gemini => gemini::whole(&events, &wish),
        };
        whole.body.to_vec()
    }
}

fn id(index: u32) -> String {
    format!("call-{index}")
}

/// Tells the arguments of the open calls piece by piece in turns, then closes them.
fn close(open: &mut Vec<(u32, Vec<String>)>, out: &mut Vec<Event>) {
    let most = open.iter().map(|it| it.1.len()).max().unwrap_or_default();
    for at in 0..most {
        for (index, pieces) in open.iter() {
            let piece = pieces.get(at).cloned();
            out.extend(piece.map(|partial_json| Event::ToolUseInputDelta {
                index: *index,
                id: id(*index),
                partial_json,
            }));
        }
    }
    for (index, _) in open.drain(..) {
        out.push(Event::ToolUseStop { index, id: id(index) });
        out.push(Event::ContentBlockStop { index });
    }
}

/// A call's id, name, arguments, and whether they are complete.
pub(crate) type Call = (String, String, String, bool);

/// What an answer says, whatever its pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meaning {
    /// Text and refusals, in order.
    pub(crate) said: String,
    pub(crate) text: String,
    pub(crate) refusal: String,
    pub(crate) thinking: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) signatures: Vec<String>,
    pub(crate) stop: Option<StopReason>,
    pub(crate) usage: Usage,
    pub(crate) error: Option<String>,
    refusals: Vec<u32>,
    indexes: Vec<u32>,
}

// === impl Meaning ===

impl Meaning {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut it = Self::default();
        events.iter().for_each(|event| it.add(event));
        it
    }

    /// Of a stream, and how it ended.
    pub(crate) fn of_stream(dialect: Dialect, bytes: &[u8]) -> (Self, End) {
        let mut decoder = StreamDecoder::new(dialect);
        let mut events = Vec::new();
        decoder.push(bytes, &mut events);
        let end = decoder.end(&mut events);
        assert_eq!(decoder.skipped(), 0, "{}", String::from_utf8_lossy(bytes));
        (Self::of(&events), end)
    }

    fn call(&mut self, index: u32) -> &mut Call {
        let at = self.indexes.iter().rposition(|it| *it == index).unwrap();
        &mut self.calls[at]
    }

    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::ContentBlockStart { index, block_type, data } => {
                self.refusals.extend((*block_type == BlockType::Refusal).then_some(*index));
                self.signatures.extend(data.clone());
            }
            Event::TextDelta { index, text } => {
                self.said.push_str(text);
                let refused = self.refusals.contains(index);
                if refused { &mut self.refusal } else { &mut self.text }.push_str(text);
            }
            Event::ThinkingDelta { thinking, .. } => self.thinking.push_str(thinking),
            Event::SignatureDelta { signature, .. } => self.signatures.push(signature.clone()),
            Event::ToolUseStart { index, id, name } => {
                self.indexes.push(*index);
                self.calls.push((id.clone(), name.clone(), String::new(), false));
            }
            Event::ToolUseInputDelta { index, partial_json, .. } => {
                self.call(*index).2.push_str(partial_json);
            }
            Event::ToolUseStop { index, .. } => self.call(*index).3 = true,
            Event::Usage(usage) => self.usage = *usage,
            Event::MessageStop { stop_reason, .. } => self.stop = Some(*stop_reason),
            Event::Error { error_type, .. } => self.error = Some(error_type.clone()),
            Event::MessageStart { .. } | Event::ContentBlockStop { .. } | Event::Ping => {}
        }
    }
}
