//! Properties: over every recorded body in any layout, and over bytes that are no body.
//!
//! Owns: byte equality of what no rule names, idempotence, no panic.
//! Must not know: the rules of one dialect beyond which members they name.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Body, Edits, Reasoning};
use super::bodies::{Layout, raw_elements, raw_members, recorded};
use super::{PROMPT, edited};
use crate::dialect::Dialect;

/// Members that a rule of the dialect may change; all others must stay byte for byte.
fn named(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Anthropic => &[
            "model",
            "stream",
            "metadata",
            "top_p",
            "system",
            "thinking",
            "max_tokens",
            "temperature",
            "top_k",
            "context_management",
        ],
        Dialect::Responses => {
            &["model", "stream", "metadata", "top_p", "instructions", "reasoning"]
        }
        Dialect::Chat => &[
            "model",
            "stream",
            "metadata",
            "top_p",
            "messages",
            "reasoning_effort",
            "stream_options",
        ],
        Dialect::Gemini => &[
            "model",
            "stream",
            "metadata",
            "systemInstruction",
            "system_instruction",
            "generationConfig",
            "generation_config",
        ],
    }
}

const LEVELS: [Reasoning; 5] =
    [Reasoning::Auto, Reasoning::Off, Reasoning::Low, Reasoning::Medium, Reasoning::High];

/// Odd but legal things around and inside a body, which must survive.
fn with_oddities(text: &str, seed: u64) -> String {
    let odd = r#""x_num":[1e400,0.10,-0,1E+2,123456789012345678901234567890],"x_esc":"\ud83d\uDE00 \/ \u0000 \udc00","x":{"a":1,"a":2}"#;
    let (open, rest) = text.split_at(1);
    match seed % 3 {
        0 => format!("{open}{odd},{rest}"),
        1 => format!(" \n{open}{rest}\t"),
        _ => format!("{open} {odd} , {rest}\r\n"),
    }
}

fn edits_of(seed: u64) -> Edits<'static> {
    let mut pick = Layout(seed);
    Edits {
        model: [None, Some("some-other-model")][pick.below(2)],
        stream: [None, Some(true), Some(false)][pick.below(3)],
        system_prompt: ["", PROMPT][pick.below(2)],
        reasoning: LEVELS[pick.below(5)],
        include_usage: pick.below(2) == 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_no_rule_names_stays_byte_for_byte(seed: u64) {
        for dialect in Dialect::ALL {
            for body in recorded(dialect) {
                let edits = edits_of(seed);
                let before = with_oddities(&Layout(seed).write(&body), seed);
                let (after, _) = edited(dialect, &before, &edits);
                let kept = |text| -> Vec<(String, String)> {
                    raw_members(text)
                        .into_iter()
                        .filter(|(key, _)| !named(dialect).contains(&key.as_str()))
                        .map(|(key, value)| (key, value.to_owned()))
                        .collect()
                };
                prop_assert_eq!(kept(&before), kept(&after), "{} {:?}", dialect, edits);
                // Also the text around the object.
                let ends = |it: &str| (it.find('{'), it.len() - it.rfind('}').unwrap());
                prop_assert_eq!(ends(&before), ends(&after));
            }
        }
    }

    #[test]
    fn applied_to_its_own_result_it_changes_nothing(seed: u64) {
        for dialect in Dialect::ALL {
            for body in recorded(dialect) {
                let edits = edits_of(seed);
                let before = with_oddities(&Layout(seed).write(&body), seed);
                let (once, _) = edited(dialect, &before, &edits);
                let (twice, second) = edited(dialect, &once, &edits);
                prop_assert_eq!(&once, &twice, "{} {:?}", dialect, edits);
                prop_assert!(!second.changed());
                // A client may write our text in its own way before it sends it again.
                let plain = once.replace("1e400", "1").replace("\\udc00", "");
                let rewritten: Value = serde_json::from_str(&plain).unwrap();
                let rewritten = Layout(seed ^ 1).write(&rewritten);
                let (third, _) = edited(dialect, &rewritten, &edits);
                let meant: Value = serde_json::from_str(&rewritten).unwrap();
                prop_assert_eq!(meant, serde_json::from_str::<Value>(&third).unwrap());
            }
        }
    }

    #[test]
    fn the_client_s_system_text_is_kept_and_the_prompt_comes_once(seed: u64) {
        for dialect in Dialect::ALL {
            for body in recorded(dialect) {
                let before = Layout(seed).write(&body);
                let edits = Edits { system_prompt: PROMPT, ..edits_of(seed) };
                let (after, _) = edited(dialect, &before, &edits);
                let after: Value = serde_json::from_str(&after).unwrap();
                let texts = system_texts(dialect, &after);
                prop_assert!(texts[0].starts_with(PROMPT), "{} {:?}", dialect, texts);
                let joined = texts.concat();
                prop_assert_eq!(joined.matches(PROMPT).count(), 1);
                let own = system_texts(dialect, &body).concat();
                prop_assert!(joined.ends_with(&own), "{} {:?} {:?}", dialect, joined, own);
            }
        }
    }

    #[test]
    fn a_value_is_replaced_where_it_stood(seed: u64) {
        for dialect in Dialect::ALL {
            for mut body in recorded(dialect) {
                body.as_object_mut().unwrap().remove("metadata");
                body.as_object_mut().unwrap().remove("temperature");
                body["model"] = json!("@@MODEL");
                let layout = Layout(seed).write(&body);
                let edits = Edits { model: Some("the \"new\" one"), ..Edits::default() };
                let (after, _) = edited(dialect, &layout, &edits);
                let expected = layout.replace("\"@@MODEL\"", "\"the \\\"new\\\" one\"");
                prop_assert_eq!(after, expected);
            }
        }
    }

    #[test]
    fn messages_are_never_touched_but_the_system_one(seed: u64) {
        for body in recorded(Dialect::Chat) {
            let before = Layout(seed).write(&body);
            let (after, _) = edited(Dialect::Chat, &before, &edits_of(seed));
            let others = |text: &str| -> Vec<String> {
                let members = raw_members(text);
                let messages = members.iter().find(|(key, _)| key == "messages").unwrap().1;
                raw_elements(messages)
                    .into_iter()
                    .filter(|it| {
                        let message: Value = serde_json::from_str(it).unwrap();
                        !matches!(message["role"].as_str(), Some("system" | "developer"))
                    })
                    .map(str::to_owned)
                    .collect()
            };
            prop_assert_eq!(others(&before), others(&after));
        }
    }

    #[test]
    fn a_budget_always_fits(seed: u64, max_tokens in proptest::option::of(0_u64..70_000)) {
        for mut body in recorded(Dialect::Anthropic) {
            match max_tokens {
                Some(it) => body["max_tokens"] = json!(it),
                None => drop(body.as_object_mut().unwrap().remove("max_tokens")),
            }
            let edits = Edits { reasoning: LEVELS[2 + Layout(seed).below(3)], ..Edits::default() };
            let before = Layout(seed).write(&body);
            let (after, done) = edited(Dialect::Anthropic, &before, &edits);
            let after: Value = serde_json::from_str(&after).unwrap();
            if done.thinking && after["tool_choice"].get("name").is_none() {
                let budget = after["thinking"]["budget_tokens"].as_u64().unwrap();
                let limit = after["max_tokens"].as_u64().unwrap();
                prop_assert!(1024 <= budget && budget < limit, "{} {}", budget, limit);
                prop_assert!(limit <= 32_000.max(max_tokens.unwrap_or(0)));
                prop_assert!(after.get("top_k").is_none() && after.get("top_p").is_none());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_that_are_no_body_never_panic(bytes: Vec<u8>, seed: u64) {
        for dialect in Dialect::ALL {
            if let Ok(body) = Body::parse(dialect, &bytes) {
                let _ = body.facts();
                let _ = body.apply(&edits_of(seed));
            }
        }
    }

    #[test]
    fn a_body_cut_or_altered_anywhere_never_panics(
        seed: u64, at: prop::sample::Index, byte: u8, is_cut: bool,
    ) {
        let dialect = Dialect::ALL[Layout(seed).below(4)];
        let bodies = recorded(dialect);
        let body = &bodies[Layout(seed).below(bodies.len())];
        let mut bytes = Layout(seed).write(body).into_bytes();
        let at = at.index(bytes.len());
        if is_cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(body) = Body::parse(dialect, &bytes) {
            let _ = body.facts();
            if let Ok(done) = body.apply(&edits_of(seed)) {
                // Whatever goes in, what comes out is JSON.
                let out: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&done.body());
                prop_assert!(out.is_ok());
            }
        } else {
            prop_assert!(is_cut || serde_json::from_slice::<Value>(&bytes).is_err());
        }
    }

    #[test]
    fn any_object_is_still_an_object_after_any_edit(
        keys in prop::collection::vec(
            prop::sample::select(vec![
                "model", "stream", "metadata", "top_p", "temperature", "system", "messages",
                "instructions", "thinking", "max_tokens", "top_k", "reasoning", "tool_choice",
                "reasoning_effort", "stream_options", "systemInstruction", "system_instruction",
                "generationConfig", "generation_config", "context_management", "a", "b",
            ]), 0..12),
        values in prop::collection::vec(
            prop::sample::select(vec![
                "null", "true", "false", "0", "1e400", "\"\"", "\"x\\u0041\"", "{}", "[]",
                "[{}]", r#"[{"role":"system","content":"x"},{"role":"user","content":[]}]"#,
                r#"{"edits":[{"type":"clear_thinking_1"},1]}"#, r#"{"type":"enabled"}"#,
                r#"{"include_usage":false,"a":1}"#, r#"{"parts":[{"text":"x"}]}"#,
                r#"{"thinkingConfig":{"thinkingLevel":"x","thinking_budget":1}}"#, "[[]]",
            ]), 12),
        seed: u64,
    ) {
        let members: Vec<String> =
            keys.iter().zip(&values).map(|(key, value)| format!(" \"{key}\" : {value} ")).collect();
        let text = format!("{{{}}}", members.join(","));
        for dialect in Dialect::ALL {
            let edits = edits_of(seed);
            if let Ok(done) = Body::parse(dialect, text.as_bytes()).unwrap().apply(&edits) {
                let out = String::from_utf8(done.body().to_vec()).unwrap();
                let kept: Vec<_> = raw_members(&text)
                    .into_iter()
                    .filter(|(key, _)| !named(dialect).contains(&key.as_str()))
                    .collect();
                let after: Vec<_> = raw_members(&out)
                    .into_iter()
                    .filter(|(key, _)| !named(dialect).contains(&key.as_str()))
                    .collect();
                prop_assert_eq!(&kept, &after);
                let again = Body::parse(dialect, out.as_bytes()).unwrap().apply(&edits).unwrap();
                prop_assert!(!again.changed(), "{} -> {}", text, out);
            }
        }
    }
}

/// Every text of the system prompt, in order.
fn system_texts(dialect: Dialect, body: &Value) -> Vec<String> {
    let of = |content: &Value| -> Vec<String> {
        match content {
            Value::String(text) => vec![text.clone()],
            Value::Array(parts) => {
                parts.iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect()
            }
            _ => Vec::new(),
        }
    };
    match dialect {
        Dialect::Anthropic => of(&body["system"]),
        Dialect::Responses => of(&body["instructions"]),
        Dialect::Chat => {
            let messages = body["messages"].as_array().unwrap().iter();
            let is_system =
                |it: &&Value| matches!(it["role"].as_str(), Some("system" | "developer"));
            messages.filter(is_system).flat_map(|it| of(&it["content"])).collect()
        }
        Dialect::Gemini => of(&body["systemInstruction"]["parts"]),
    }
}
