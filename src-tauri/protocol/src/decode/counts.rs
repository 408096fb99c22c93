//! Token counts as upstream tells them, before they become a [`Usage`].
//!
//! Owns: "the last value that was told wins, for each count by itself", and OpenAI's way of
//! counting, which two dialects share.
//! Must not know: field names.

use serde::{Deserialize, Serialize};

use crate::event::Usage;

/// The last value told of each count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Counts {
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<u64>,
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<u64>,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(super) cache_read: Option<u64>,
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub(super) cache_write: Option<u64>,
    #[serde(rename = "w5", skip_serializing_if = "Option::is_none")]
    pub(super) cache_write_5m: Option<u64>,
    #[serde(rename = "w1", skip_serializing_if = "Option::is_none")]
    pub(super) cache_write_1h: Option<u64>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(super) reasoning: Option<u64>,
    /// Input that tools of the provider added.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none")]
    pub(super) tool_input: Option<u64>,
}

// === impl Counts ===

impl Counts {
    /// Counts whose input includes the cache and whose output includes the reasoning.
    pub(super) fn inclusive(&self) -> Usage {
        let cache_read_tokens = self.cache_read.unwrap_or(0);
        let cache_write_5m_tokens = self.cache_write.unwrap_or(0);
        let input = self.input.unwrap_or(0);
        Usage {
            input_tokens: input
                .saturating_sub(cache_read_tokens)
                .saturating_sub(cache_write_5m_tokens),
            output_tokens: self.output.unwrap_or(0),
            cache_read_tokens,
            cache_write_5m_tokens,
            cache_write_1h_tokens: 0,
            reasoning_tokens: self.reasoning.unwrap_or(0),
        }
    }
}
