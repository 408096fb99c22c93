//! The `anthropic-beta` header: the client's betas and ours.
//!
//! Owns: [`merge_betas`].
//! Must not know: request bodies, which account sends the header.

/// The beta that lets a model think between tool calls (seed S0 §6.1).
pub const INTERLEAVED_THINKING: &str = "interleaved-thinking-2025-05-14";

/// The union of the client's betas (a comma-separated header value, several joined by commas) and
/// `add`, each once, in that order, without those in `remove` or `denylist`. `None` if none is
/// left.
#[must_use]
pub fn merge_betas(
    client: &str,
    add: &[&str],
    remove: &[&str],
    denylist: &[String],
) -> Option<String> {
    let mut merged: Vec<&str> = Vec::new();
    let client = client.split(',').map(str::trim).filter(|it| !it.is_empty());
    for beta in client.chain(add.iter().copied()) {
        let is_out = remove.contains(&beta) || denylist.iter().any(|it| it == beta);
        if !is_out && !merged.contains(&beta) {
            merged.push(beta);
        }
    }
    (!merged.is_empty()).then(|| merged.join(","))
}
