//! The marks up to which the provider caches.
//!
//! Owns: how many there may be, and which stay where there are more.
//! Must not know: what is cached.

use serde_json::value::RawValue;

use super::extras;
use super::json::Obj;
use crate::dialect::Dialect;
use crate::request::{Part, PartKind, Request, Tool};

/// The most cache breakpoints the provider takes.
const BREAKPOINTS: usize = 4;

/// Which breakpoints stay, asked in the order of the provider's cache: tools, system, messages.
#[derive(Debug)]
pub(super) struct Breakpoints {
    pub(super) total: usize,
    /// How many there may be.
    pub(super) room: usize,
    seen: usize,
}

// === impl Breakpoints ===

impl Breakpoints {
    pub(super) fn count(request: &Request) -> Self {
        let holds = |it: &RawValue| it.get().contains(r#""cache_control""#);
        let mut total = 0;
        let mut fixed = 0;
        for tool in &request.tools {
            match tool {
                Tool::Function { cache, .. } => total += usize::from(cache.is_some()),
                Tool::WebSearch { settings: it } | Tool::BuiltIn(it) => {
                    fixed += usize::from(it.dialect == Dialect::Anthropic && holds(&it.value));
                }
                Tool::FreeText { .. } => {}
            }
        }
        let turns = request.turns.iter().flat_map(|it| &it.parts);
        for part in request.system.iter().chain(turns) {
            count_part(part, &mut total, &mut fixed);
        }
        fixed += usize::from(extras::own(request, "cache_control").is_some());
        Self { total, room: BREAKPOINTS.saturating_sub(fixed), seen: 0 }
    }

    /// Writes a breakpoint, if there is one and room for it.
    pub(super) fn write(&mut self, cache: Option<&RawValue>, object: &mut Obj<'_>) {
        let Some(cache) = cache else { return };
        let at = self.seen;
        self.seen += 1;
        let first = self.room / 2;
        if self.total <= self.room || at < first || at + (self.room - first) >= self.total {
            object.raw("cache_control", cache);
        }
    }
}

fn count_part(part: &Part, total: &mut usize, fixed: &mut usize) {
    *total += usize::from(part.cache.is_some());
    match &part.kind {
        PartKind::ToolResult(result) => {
            for inner in &result.content {
                count_part(inner, total, fixed);
            }
        }
        PartKind::Unknown(it) if it.dialect == Dialect::Anthropic => {
            *fixed += usize::from(it.value.get().contains(r#""cache_control""#));
        }
        _ => {}
    }
}
