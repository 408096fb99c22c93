//! What every decoder keeps of the message it is reading, and the only place events are made.
//!
//! Owns: the hub's block indexes, which blocks are open, what was already told, how it ended.
//! Must not know: any dialect's field names, framing.
//!
//! A message that ends as it should has every block closed. One that fails leaves its open blocks
//! open: closing a tool call would say that its arguments are complete.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::event::{BlockType, End, Event, StopReason, Usage};

/// More blocks than this open at once is no message but an attack or a bug.
pub(super) const MAX_OPEN: usize = 1024;
/// The most bytes of tool call ids held at once.
pub(super) const MAX_IDS: usize = 1024 * 1024;
/// The most bytes kept of the message's id and model.
const MAX_NAME: usize = 4096;

/// The message so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "is_default")]
    pub(super) id: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) model: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) stop: Option<StopReason>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) stop_sequence: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    started: bool,
    #[serde(skip_serializing_if = "is_default")]
    end: Option<End>,
    #[serde(skip_serializing_if = "is_default")]
    usage: Usage,
    /// Whether upstream told any counts.
    #[serde(skip_serializing_if = "is_default")]
    counted: bool,
    /// What the last [`Event::Usage`] said, so that it is told once.
    #[serde(skip_serializing_if = "is_default")]
    told: Option<Usage>,
    /// Index of the next block.
    #[serde(skip_serializing_if = "is_default")]
    next: u32,
    /// Tool calls so far.
    #[serde(skip_serializing_if = "is_default")]
    tools: u32,
    #[serde(skip_serializing_if = "is_default")]
    refused: bool,
    #[serde(skip_serializing_if = "is_default")]
    open: Vec<Block>,
    /// Frames passed over because they could not be read.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) skipped: u64,
}

/// A block that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    #[serde(rename = "i")]
    index: u32,
    #[serde(rename = "k")]
    kind: BlockType,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    tool: Option<Tool>,
}

/// The tool call in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    id: String,
    #[serde(rename = "a")]
    input: Input,
    /// The input is free text and goes out as the JSON object `{"input": text}`.
    #[serde(rename = "w", default)]
    wrapped: bool,
}

/// How much of a tool call's input was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Input {
    #[serde(rename = "n")]
    Nothing,
    #[serde(rename = "p")]
    Pieces,
    /// It came whole: pieces of it that follow are the same again.
    #[serde(rename = "w")]
    Whole,
}

// === impl Message ===

impl Message {
    /// Notes the first id and model that upstream tells.
    pub(super) fn name(&mut self, id: &str, model: &str) {
        for (slot, text) in [(&mut self.id, id), (&mut self.model, model)] {
            if slot.is_empty() {
                slot.push_str(head_of(text, MAX_NAME));
            }
        }
    }

    /// Says that the message began, once.
    pub(super) fn start(&mut self, out: &mut Vec<Event>) {
        if !self.started && self.end.is_none() {
            self.started = true;
            out.push(Event::MessageStart { id: self.id.clone(), model: self.model.clone() });
        }
    }

    /// Opens a block and gives its index.
    pub(super) fn open(
        &mut self,
        out: &mut Vec<Event>,
        block_type: BlockType,
        data: Option<String>,
    ) -> u32 {
        self.open_block(out, block_type, data, None)
    }

    /// Opens the block of a tool call and names the call. An empty `id` is made up of the response's
    /// id, so that the calls of two answers in one conversation are told apart.
    pub(super) fn open_tool(
        &mut self,
        out: &mut Vec<Event>,
        id: &str,
        name: &str,
        wrapped: bool,
    ) -> u32 {
        let id = if id.is_empty() { self.made_up_id(name) } else { id.to_owned() };
        self.tools = self.tools.saturating_add(1);
        let tool = Tool { id: id.clone(), input: Input::Nothing, wrapped };
        let index = self.open_block(out, BlockType::ToolUse, None, Some(tool));
        self.emit(out, || Event::ToolUseStart { index, id, name: name.to_owned() });
        index
    }

    fn made_up_id(&self, name: &str) -> String {
        let fits = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
        let own: String = self.id.chars().filter(fits).take(28).collect();
        match own.as_str() {
            "" => format!("call_{}_{name}", self.tools),
            own => format!("call_{own}_{}", self.tools),
        }
    }

    /// The model refused, though no text of the refusal came.
    pub(super) const fn refuse(&mut self) {
        self.refused = true;
    }

    /// Text for an open text, refusal or thinking block.
    pub(super) fn text(&mut self, out: &mut Vec<Event>, index: u32, text: Cow<'_, str>) {
        if text.is_empty() {
            return;
        }
        match self.block(index).map(|it| it.kind) {
            Some(BlockType::Thinking) => {
                self.emit(out, || Event::ThinkingDelta { index, thinking: text.into_owned() });
            }
            Some(BlockType::Text | BlockType::Refusal) => {
                self.emit(out, || Event::TextDelta { index, text: text.into_owned() });
            }
            Some(BlockType::ToolUse | BlockType::RedactedThinking | BlockType::Other) | None => {}
        }
    }

    /// The signature of an open block.
    pub(super) fn signature(&mut self, out: &mut Vec<Event>, index: u32, signature: &str) {
        if !signature.is_empty() && self.block(index).is_some() {
            self.emit(out, || Event::SignatureDelta { index, signature: signature.to_owned() });
        }
    }

    /// A piece of an open tool call's input.
    pub(super) fn input(&mut self, out: &mut Vec<Event>, index: u32, piece: &str) {
        self.tell_input(out, index, piece, Input::Pieces);
    }

    /// The whole input of an open tool call, unless any of it was told before.
    pub(super) fn whole_input(&mut self, out: &mut Vec<Event>, index: u32, input: &str) {
        let untold = |it: &Block| it.tool.as_ref().is_some_and(|it| it.input == Input::Nothing);
        if self.block(index).is_some_and(untold) {
            self.tell_input(out, index, input, Input::Whole);
        }
    }

    /// Closes a block; nothing happens if it is not open.
    pub(super) fn close(&mut self, out: &mut Vec<Event>, index: u32) {
        let Some(at) = self.open.iter().rposition(|it| it.index == index) else { return };
        let block = self.open.remove(at);
        self.say_closed(out, block);
    }

    /// Token counts so far. Told at once where they changed, but after a stop reason with the
    /// end, so that the last counts stand beside it.
    pub(super) fn count(&mut self, out: &mut Vec<Event>, usage: Usage) {
        self.usage = usage;
        self.counted = true;
        if self.stop.is_none() {
            self.tell_usage(out);
        }
    }

    /// The terminal event of the protocol was seen.
    pub(super) fn done(&mut self, out: &mut Vec<Event>) {
        self.start(out);
        for block in std::mem::take(&mut self.open) {
            self.say_closed(out, block);
        }
        self.tell_usage(out);
        let stop_reason = self.stop_reason().unwrap_or_else(|| self.natural_end());
        self.stop = Some(stop_reason);
        let stop_sequence = self.stop_sequence.clone();
        self.emit(out, || Event::MessageStop { stop_reason, stop_sequence });
        self.end.get_or_insert(End::Done);
    }

    /// The message failed in upstream's words.
    pub(super) fn fail(&mut self, out: &mut Vec<Event>, failure: Failure) {
        self.end_with(out, End::Failed, failure);
    }

    /// The message has more open blocks than can be followed: going on would mix them up.
    pub(super) fn overflow(&mut self, out: &mut Vec<Event>) {
        let text = "the response has more open blocks than can be followed";
        self.fail(out, Failure::new("too_many_blocks", text));
    }

    /// The bytes ended before the message did.
    pub(super) fn truncate(&mut self, out: &mut Vec<Event>) {
        let text = "upstream ended before the response was complete";
        self.end_with(out, End::Truncated, Failure::new("truncated", text));
    }

    /// Whether a tool was called.
    pub(super) const fn has_tools(&self) -> bool {
        self.tools > 0
    }

    /// Whether a block was opened.
    pub(super) const fn has_blocks(&self) -> bool {
        self.next > 0
    }

    pub(super) const fn end(&self) -> Option<End> {
        self.end
    }

    pub(super) const fn usage(&self) -> Usage {
        self.usage
    }

    /// Why it stopped, as far as upstream told: a tool call or a refusal says more than a
    /// natural end, and never more than a limit.
    pub(super) fn stop_reason(&self) -> Option<StopReason> {
        self.stop.map(|it| if it == StopReason::EndTurn { self.natural_end() } else { it })
    }

    /// Whether a state that came from outside can be one of ours.
    pub(super) fn is_plausible(&self) -> bool {
        self.open.len() <= MAX_OPEN && self.open.iter().all(|it| it.index < self.next)
    }

    const fn natural_end(&self) -> StopReason {
        if self.tools > 0 {
            StopReason::ToolUse
        } else if self.refused {
            StopReason::Refusal
        } else {
            StopReason::EndTurn
        }
    }

    fn open_block(
        &mut self,
        out: &mut Vec<Event>,
        block_type: BlockType,
        data: Option<String>,
        tool: Option<Tool>,
    ) -> u32 {
        self.start(out);
        let held: usize =
            self.open.iter().filter_map(|it| it.tool.as_ref()).map(|it| it.id.len()).sum();
        if self.open.len() >= MAX_OPEN || held > MAX_IDS {
            self.overflow(out);
        }
        let index = self.next;
        if self.end.is_none() {
            self.next = self.next.saturating_add(1);
            self.refused |= block_type == BlockType::Refusal;
            self.open.push(Block { index, kind: block_type, tool });
            out.push(Event::ContentBlockStart { index, block_type, data });
        }
        index
    }

    fn tell_input(&mut self, out: &mut Vec<Event>, index: u32, piece: &str, told: Input) {
        if self.end.is_some() {
            return;
        }
        let block = self.open.iter_mut().rev().find(|it| it.index == index);
        let Some(tool) = block.and_then(|it| it.tool.as_mut()) else { return };
        if piece.is_empty() || tool.input == Input::Whole {
            return;
        }
        let partial_json = match (tool.wrapped, tool.input) {
            (false, _) => piece.to_owned(),
            (true, Input::Nothing) => format!("{WRAP_OPEN}{}", escaped(piece)),
            (true, Input::Pieces | Input::Whole) => escaped(piece),
        };
        tool.input = told;
        out.push(Event::ToolUseInputDelta { index, id: tool.id.clone(), partial_json });
    }

    fn say_closed(&mut self, out: &mut Vec<Event>, block: Block) {
        if self.end.is_some() {
            return;
        }
        let Block { index, tool, .. } = block;
        if let Some(Tool { id, input, wrapped }) = tool {
            // Consumers get JSON: a call without arguments is `{}`. Not where a limit cut the
            // message, since there the arguments may be missing rather than empty.
            let cut = matches!(self.stop, Some(StopReason::MaxTokens | StopReason::ContextWindow));
            let rest = match (wrapped, input) {
                (false, Input::Nothing) => "{}",
                (true, Input::Nothing) => r#"{"input":""}"#,
                (true, Input::Pieces | Input::Whole) => WRAP_CLOSE,
                (false, Input::Pieces | Input::Whole) => "",
            };
            if !rest.is_empty() && !cut {
                let partial_json = rest.to_owned();
                out.push(Event::ToolUseInputDelta { index, id: id.clone(), partial_json });
            }
            out.push(Event::ToolUseStop { index, id });
        }
        out.push(Event::ContentBlockStop { index });
    }

    fn tell_usage(&mut self, out: &mut Vec<Event>) {
        if self.counted && self.end.is_none() && self.told != Some(self.usage) {
            self.told = Some(self.usage);
            out.push(Event::Usage(self.usage));
        }
    }

    fn end_with(&mut self, out: &mut Vec<Event>, end: End, failure: Failure) {
        if self.end.is_none() {
            self.tell_usage(out);
            let Failure { kind: error_type, message } = failure;
            out.push(Event::Error { error_type, message });
            self.end = Some(end);
        }
    }

    fn emit(&self, out: &mut Vec<Event>, event: impl FnOnce() -> Event) {
        if self.end.is_none() {
            out.push(event());
        }
    }

    fn block(&self, index: u32) -> Option<&Block> {
        self.open.iter().rev().find(|it| it.index == index)
    }
}

const WRAP_OPEN: &str = r#"{"input":""#;
const WRAP_CLOSE: &str = r#""}"#;

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// Whether a field needs no place in a saved state.
pub(super) fn is_default<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}

fn head_of(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}
