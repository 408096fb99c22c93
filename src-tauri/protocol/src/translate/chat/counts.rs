//! Token counts as this dialect tells them.
//!
//! Owns: `usage`: input includes the cache, output includes the reasoning.
//! Must not know: when it is told.

use super::json::Open;
use crate::event::Usage;

/// The `usage` object. `cache_write_tokens` only where something was written: few know it.
pub(super) fn write(out: &mut Vec<u8>, usage: &Usage) {
    let mut object = Open::object(out);
    object.raw("prompt_tokens", &usage.all_input().to_string());
    object.raw("completion_tokens", &usage.output_tokens.to_string());
    object.raw("total_tokens", &usage.total().to_string());
    let mut prompt = Open::object(object.key("prompt_tokens_details"));
    prompt.raw("cached_tokens", &usage.cache_read_tokens.to_string());
    let written = usage.cache_write_5m_tokens.saturating_add(usage.cache_write_1h_tokens);
    if written > 0 {
        prompt.raw("cache_write_tokens", &written.to_string());
    }
    prompt.close();
    let mut completion = Open::object(object.key("completion_tokens_details"));
    completion.raw("reasoning_tokens", &usage.reasoning_tokens.to_string());
    completion.close();
    object.close();
}
