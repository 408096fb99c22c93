//! Frames of a Messages stream.
//!
//! Owns: `event: NAME`, and `data:` whose `type` is the same name.
//! Must not know: what came before.

use super::{Obj, string};

/// A frame being written; [`Frame::end`] closes it.
pub(super) struct Frame<'o> {
    object: Obj<'o>,
}

// === impl Frame ===

impl<'o> Frame<'o> {
    pub(super) fn new(name: &str, out: &'o mut Vec<u8>) -> Self {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        let mut object = Obj::new(out);
        object.str("type", name);
        Self { object }
    }

    /// A frame of a block.
    pub(super) fn at(name: &str, index: u32, out: &'o mut Vec<u8>) -> Self {
        let mut frame = Self::new(name, out);
        frame.object.u64("index", index.into());
        frame
    }

    pub(super) const fn object(&mut self) -> &mut Obj<'o> {
        &mut self.object
    }

    pub(super) fn end(mut self) {
        self.object.end();
        self.object.out().extend_from_slice(b"\n\n");
    }
}

/// A delta with its one member: what most of a stream is, so written without the object writer.
pub(super) fn delta(index: u32, kind: &str, member: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":",
    );
    super::super::json::number(out, index);
    out.extend_from_slice(b",\"delta\":{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"");
    out.extend_from_slice(member.as_bytes());
    out.extend_from_slice(b"\":");
    string(out, text);
    out.extend_from_slice(b"}}\n\n");
}

/// A thinking block without words, for its signature.
pub(super) fn thought(index: u32, signature: &str, out: &mut Vec<u8>) {
    let mut frame = Frame::at("content_block_start", index, out);
    let mut content = Obj::new(frame.object().key("content_block"));
    content.str("type", "thinking").str("thinking", "").str("signature", "").end();
    frame.end();
    delta(index, "signature_delta", "signature", signature, out);
    Frame::at("content_block_stop", index, out).end();
}

pub(super) fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
}
