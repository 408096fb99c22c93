//! Which conversation a request belongs to.
//!
//! Order: a header that names the session, an id in the body, else a hash of the system prompt and
//! the first user turn. Never the system prompt alone: all users of one client share it.
//!
//! Owns: `SessionKey`, where its id comes from, and the hash.
//! Must not know: accounts, how long a session sticks, who the client is.

use sha2::{Digest, Sha256};

use crate::edit::Body;
use crate::edit::json::Value;

#[cfg(test)]
mod tests;
mod turn;

/// Headers that name a session, the most explicit first.
const HEADERS: [&str; 5] =
    ["x-session-id", "x-claude-code-session-id", "session-id", "session_id", "conversation_id"];

/// What stands before the session's id in Claude Code's `metadata.user_id`.
const CLAUDE_CODE_MARK: &str = "_session_";

/// A conversation: 32 hex digits of a hash, so that nothing of the client is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(String);

/// The session of a request, or `None` if nothing tells one conversation from another.
///
/// `header` looks a header up by its lower-case name.
#[must_use]
pub fn key<'h>(header: impl Fn(&str) -> Option<&'h str>, body: &Body<'_>) -> Option<SessionKey> {
    HEADERS
        .iter()
        .find_map(|name| header(name).and_then(SessionKey::from_id))
        .or_else(|| from_body_id(body))
        .or_else(|| turn::first(body).map(SessionKey::of))
}

// === impl SessionKey ===

impl SessionKey {
    /// The session of an id that a client or host gave; `None` if it is blank.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        let id = id.trim();
        (!id.is_empty()).then(|| Self::of(Sha256::new().chain_update("id\0").chain_update(id)))
    }

    /// The key's spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A UUID that stands for this session, for `x-session-id` upstream. It has the version and
    /// variant digits of a random one, so that strict parsers take it.
    #[must_use]
    pub fn as_uuid(&self) -> String {
        let hex: Vec<char> = self
            .0
            .chars()
            .enumerate()
            .map(|(index, digit)| match index {
                12 => '4',
                16 => variant(digit),
                _ => digit,
            })
            .collect();
        let mut uuid = String::with_capacity(36);
        for (index, digit) in hex.into_iter().enumerate() {
            if matches!(index, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            uuid.push(digit);
        }
        uuid
    }

    fn of(hash: Sha256) -> Self {
        let digest = hash.finalize();
        Self(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn variant(digit: char) -> char {
    match digit.to_digit(16).unwrap_or(0) % 4 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    }
}

/// Ids that clients put in the body. `previous_response_id` is none: it names a turn.
fn from_body_id(body: &Body<'_>) -> Option<SessionKey> {
    let id = |value: Value<'_>| value.as_str().and_then(|it| SessionKey::from_id(&it));
    let metadata = body.peek("metadata");
    let conversation = body.peek("conversation");
    body.peek("session_id")
        .and_then(id)
        .or_else(|| metadata.and_then(|it| it.get("session_id")).and_then(id))
        .or_else(|| from_claude_code(metadata?.get("user_id")?))
        .or_else(|| conversation.and_then(id))
        .or_else(|| conversation.and_then(|it| it.get("id")).and_then(id))
        .or_else(|| body.peek("prompt_cache_key").and_then(id))
}

/// Claude Code's `metadata.user_id`: `user_.._account_.._session_<uuid>`, or a JSON object in a
/// string. Other clients put a user there, who may have many sessions.
fn from_claude_code(user_id: Value<'_>) -> Option<SessionKey> {
    let user_id = user_id.as_str()?;
    if user_id.trim_start().starts_with('{') {
        let object = Value::parse(user_id.as_bytes()).ok()?;
        return SessionKey::from_id(&object.get("session_id")?.as_str()?);
    }
    let (_, session) = user_id.rsplit_once(CLAUDE_CODE_MARK)?;
    SessionKey::from_id(session)
}
