//! Tool calls of a Responses stream: from `added` to `done`.
//!
//! Owns: the events of a call in their order, and the call itself when it is done.
//! Must not know: events of the hub, other items.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::free_text::FreeText;
use super::json::Object;
use super::wire::Wire;
use crate::request::Signature;
use crate::translate::json;

/// A call of a function, or of a tool that takes free text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    at: usize,
    item_id: String,
    pub(super) id: String,
    name: String,
    namespace: Option<String>,
    free_text: Option<FreeText>,
    /// The arguments or the free text so far.
    text: String,
    /// A provider's proof, which has no place here.
    pub(super) signature: Option<Signature>,
}

// === impl Call ===

impl Call {
    pub(super) fn begin(
        id: String,
        name: &str,
        namespace: Option<&str>,
        free_text: bool,
        wire: &mut Wire,
        out: &mut Vec<u8>,
    ) -> Self {
        let (at, item_id) = wire.place(if free_text { "ctc" } else { "fc" });
        let call = Self {
            at,
            item_id,
            id,
            name: super::tools_in::original_name(name, namespace).to_owned(),
            namespace: namespace.map(ToOwned::to_owned),
            free_text: free_text.then(FreeText::new),
            text: String::new(),
            signature: None,
        };
        let mut it = wire.begin("response.output_item.added", out);
        it.number("output_index", at);
        call.write("in_progress", b"\"\"", it.object("item"));
        it.close_event();
        call
    }

    /// Takes a piece of the arguments.
    pub(super) fn on_piece(&mut self, piece: &str, wire: &mut Wire, out: &mut Vec<u8>) {
        match &mut self.free_text {
            None => self.tell(piece, wire, out),
            Some(free_text) => {
                let mut text = String::new();
                free_text.push(piece, &mut text);
                self.tell(&text, wire, out);
            }
        }
    }

    pub(super) fn end(mut self, wire: &mut Wire, out: &mut Vec<u8>) {
        if let Some(free_text) = &mut self.free_text {
            let mut rest = String::new();
            free_text.finish(&mut rest);
            self.tell(&rest, wire, out);
        } else if self.text.is_empty() {
            self.tell("{}", wire, out);
        }
        let (kind, member) = match self.free_text {
            Some(_) => ("response.custom_tool_call_input.done", "input"),
            None => ("response.function_call_arguments.done", "arguments"),
        };
        // Escaped once: it is told here, in the item, and again with the answer.
        let mut quoted = Vec::with_capacity(self.text.len() + self.text.len() / 4 + 2);
        json::string(&mut quoted, &self.text);
        let mut it = self.begin_event(kind, wire, out);
        it.key(member).extend_from_slice(&quoted);
        it.close_event();
        // A limit cuts arguments anywhere, and the end of the answer comes after this item's.
        let whole =
            self.free_text.is_some() || serde_json::from_str::<IgnoredAny>(&self.text).is_ok();
        let mut item = Vec::with_capacity(quoted.len() + 192);
        self.write(
            if whole { "completed" } else { "incomplete" },
            &quoted,
            Object::open(&mut item),
        );
        wire.end_item(self.at, item, out);
    }

    fn tell(&mut self, text: &str, wire: &mut Wire, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        wire.keep(text.len());
        self.text.push_str(text);
        let mut it = self.begin_event(
            match self.free_text {
                Some(_) => "response.custom_tool_call_input.delta",
                None => "response.function_call_arguments.delta",
            },
            wire,
            out,
        );
        it.text("delta", text);
        it.close_event();
    }

    fn begin_event<'o>(&self, kind: &str, wire: &mut Wire, out: &'o mut Vec<u8>) -> Object<'o> {
        let mut it = wire.begin(kind, out);
        it.text("item_id", &self.item_id);
        it.number("output_index", self.at);
        it
    }

    /// `quoted` is the text as a JSON string.
    fn write(&self, status: &str, quoted: &[u8], mut it: Object<'_>) {
        it.text("id", &self.item_id);
        if self.free_text.is_some() {
            it.text("type", "custom_tool_call");
            it.key("input").extend_from_slice(quoted);
        } else {
            it.text("type", "function_call");
            it.text("status", status);
            it.key("arguments").extend_from_slice(quoted);
        }
        it.text("call_id", &self.id);
        it.text("name", &self.name);
        if let Some(namespace) = &self.namespace {
            it.text("namespace", namespace);
        }
        it.close();
    }
}
