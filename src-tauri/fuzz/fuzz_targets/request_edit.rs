//! Any body of any dialect: an edit never panics, gives JSON, changes nothing when it is made again,
//! and leaves what no rule names byte for byte.
//!
//! Owns: the laws of `edit`.
//! Must not know: the rules of one dialect beyond which members they name.
#![no_main]

mod cut;

use droid_protocol::dialect::Dialect;
use droid_protocol::edit::{Body, Edits, Reasoning};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

const PROMPT: &str = "You are Droid, an AI software engineering agent built by Factory.";
const LEVELS: [Reasoning; 5] =
    [Reasoning::Auto, Reasoning::Off, Reasoning::Low, Reasoning::Medium, Reasoning::High];

fuzz_target!(|input: &[u8]| {
    let (head, bytes) = cut::head(input);
    let [which, level, stream, flags] = head else { return };
    let dialect = Dialect::ALL[usize::from(*which) % 4];
    let edits = Edits {
        model: (flags & 1 > 0).then_some("some-other-model"),
        stream: [None, Some(true), Some(false)][usize::from(*stream) % 3],
        system_prompt: if flags & 2 > 0 { PROMPT } else { "" },
        reasoning: LEVELS[usize::from(*level) % 5],
        include_usage: flags & 4 > 0,
    };
    let Ok(body) = Body::parse(dialect, bytes) else {
        // `RawValue` reads what the body's own check reads, but for its depth.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let raw = serde_json::from_str::<&RawValue>(text);
        assert!(raw.is_err() || !text.trim_start().starts_with('{') || deep(text));
        return;
    };
    let _ = body.facts();
    let Ok(done) = body.apply(&edits) else { return };
    let after = done.body();
    let after = std::str::from_utf8(&after).unwrap();
    serde_json::from_str::<&RawValue>(after).unwrap();
    assert_eq!(done.changed(), after.as_bytes() != bytes, "{edits:?}");

    let before = std::str::from_utf8(bytes).unwrap();
    assert_eq!(kept(dialect, before), kept(dialect, after), "{edits:?} {before}");

    let again = Body::parse(dialect, after.as_bytes()).unwrap();
    assert!(!again.apply(&edits).unwrap().changed(), "{edits:?} {before} {after}");
});

fn deep(text: &str) -> bool {
    text.bytes().filter(|it| matches!(it, b'{' | b'[')).count() > 128
}

/// Keys and values as they stand in the text, of the members that no rule names.
fn kept(dialect: Dialect, text: &str) -> Vec<(String, &str)> {
    members(text).into_iter().filter(|(key, _)| !named(dialect, key)).collect()
}

fn named(dialect: Dialect, key: &str) -> bool {
    let of_all = ["model", "stream", "metadata"];
    let of_one: &[&str] = match dialect {
        Dialect::Anthropic => &[
            "top_p",
            "system",
            "thinking",
            "max_tokens",
            "temperature",
            "top_k",
            "context_management",
        ],
        Dialect::Responses => &["top_p", "instructions", "reasoning"],
        Dialect::Chat => &["top_p", "messages", "reasoning_effort", "stream_options"],
        Dialect::Gemini => {
            &["systemInstruction", "system_instruction", "generationConfig", "generation_config"]
        }
    };
    of_all.contains(&key) || of_one.contains(&key)
}

/// The members of an object in order, duplicates too. Not the way `edit` finds them.
fn members(text: &str) -> Vec<(String, &str)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                // Half a surrogate pair is a key too; no rule names it.
                let name = serde_json::from_str(key.get()).unwrap_or(key.get().to_owned());
                members.push((name, value.get()));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Members).unwrap()
}
