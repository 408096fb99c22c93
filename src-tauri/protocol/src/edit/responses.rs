//! Edits of an OpenAI Responses body.
//!
//! System prompt: `instructions` begins with it, a blank line before the client's own. Reasoning:
//! `reasoning.effort`, its other members kept; off takes `reasoning` out.
//!
//! Owns: `instructions` and `reasoning`.
//! Must not know: another dialect; `input`, which stays byte for byte.

use super::draft::{Draft, Object, Patch, quote};
use super::error::EditError;
use super::{Edits, Notes, Reasoning, prompt};

pub(super) fn edit(
    draft: &mut Draft<'_, '_>,
    edits: &Edits<'_>,
    patch: &mut Patch,
) -> Result<Notes, EditError> {
    if !edits.system_prompt.is_empty() {
        put_instructions(draft, edits.system_prompt)?;
    }
    if edits.reasoning == Reasoning::Off {
        draft.remove("reasoning")?;
    }
    let Some(effort) = edits.reasoning.effort() else { return Ok(Notes::default()) };
    match draft.find("reasoning")? {
        None => draft.set("reasoning", format!(r#"{{"effort":"{effort}"}}"#))?,
        Some(reasoning) if reasoning.is_object() => {
            let object = Object::open(reasoning)?;
            let mut inner = Draft::new("reasoning.", &object);
            inner.set("effort", quote(effort))?;
            inner.write(patch);
        }
        Some(other) => return Err(draft.mistyped("reasoning", "an object", other)),
    }
    Ok(Notes { thinking: true, ..Notes::default() })
}

/// Whether the client asks for reasoning: an effort other than `none`.
pub(super) fn thinks(top: &Object<'_>) -> bool {
    let effort = top.peek("reasoning").and_then(|it| it.get("effort"));
    effort.is_some_and(|it| it.inner().is_some() && !it.is_str("none"))
}

fn put_instructions(draft: &mut Draft<'_, '_>, prompt: &str) -> Result<(), EditError> {
    match draft.find("instructions")? {
        None => draft.set("instructions", quote(prompt)),
        Some(own) if own.starts_with(prompt) => Ok(()),
        Some(own) => match own.inner() {
            Some(inner) => draft.set("instructions", prompt::before(prompt, inner)),
            None => Err(draft.mistyped("instructions", "a string", own)),
        },
    }
}
