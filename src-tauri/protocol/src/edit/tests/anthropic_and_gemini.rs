//! The rules of Anthropic and Gemini bodies, and the beta header.
//!
//! Owns: system prompt in every shape, thinking by level and its conflicts.
//! Must not know: layouts; those are in the properties.

use serde_json::json;

use super::super::{Body, Edits, INTERLEAVED_THINKING, Reasoning, merge_betas};
use super::{PROMPT, edited, meaning, prompt_only};
use crate::dialect::Dialect::{Anthropic, Gemini};

const BLOCK: &str = r#"{"type":"text","text":"You are Droid, an \"AI\" agent."}"#;
const PART: &str = r#"{"text":"You are Droid, an \"AI\" agent."}"#;

fn level(reasoning: Reasoning) -> Edits<'static> {
    Edits { reasoning, ..Edits::default() }
}

#[test]
fn anthropic_system_in_every_shape() {
    let cached = r#"{"text":"caf\u00e9","type":"text" ,"cache_control":{"type":"ephemeral"}}"#;
    let with_prompt = format!("[{cached}, {BLOCK}]");
    let escaped = PROMPT.replace('Y', "\\u0059").replace('"', "\\\"");
    let cases = [
        (r#"{"model":"m"}"#.to_owned(), format!(r#"{{"model":"m","system":[{BLOCK}]}}"#)),
        ("{ }".to_owned(), format!(r#"{{"system":[{BLOCK}] }}"#)),
        (r#"{"system": null}"#.to_owned(), format!(r#"{{"system": [{BLOCK}]}}"#)),
        (r#"{"system":""}"#.to_owned(), format!(r#"{{"system":[{BLOCK}]}}"#)),
        (
            r#"{"system" : "a\u0062\n","x":0.10}"#.to_owned(),
            format!(r#"{{"system" : [{BLOCK},{{"type":"text","text":"a\u0062\n"}}],"x":0.10}}"#),
        ),
        (format!(r#"{{"system":[ {cached} ]}}"#), format!(r#"{{"system":[{BLOCK}, {cached} ]}}"#)),
        (r#"{"system":[ ]}"#.to_owned(), format!(r#"{{"system":[{BLOCK} ]}}"#)),
        // There already, whatever its place and spelling.
        (format!(r#"{{"system":{with_prompt}}}"#), format!(r#"{{"system":{with_prompt}}}"#)),
        (format!(r#"{{"system":"{escaped} x"}}"#), format!(r#"{{"system":"{escaped} x"}}"#)),
        (
            format!(r#"{{"syst\u0065m":[{{"text":"{escaped}"}}]}}"#),
            format!(r#"{{"syst\u0065m":[{{"text":"{escaped}"}}]}}"#),
        ),
    ];
    for (before, expected) in cases {
        assert_eq!(edited(Anthropic, &before, &prompt_only()).0, expected);
    }
}

#[test]
fn levels_set_budget_and_limit_and_clear_what_conflicts() {
    let body = r#"{"max_tokens":1024,"temperature":0.5,"top_p":0.9,"top_k":40,"thinking":{"type":"enabled","budget_tokens":8192}}"#;
    for (reasoning, budget, limit) in [
        (Reasoning::Low, 4096, 5120),
        (Reasoning::Medium, 12288, 13312),
        (Reasoning::High, 24576, 25600),
    ] {
        let expected = json!({
            "max_tokens": limit,
            "thinking": {"type": "enabled", "budget_tokens": budget},
        });
        assert_eq!(meaning(Anthropic, body, &level(reasoning)), expected);
        let (_, done) = edited(Anthropic, body, &level(reasoning));
        assert!(done.thinking);
        assert_eq!(done.add_betas, [INTERLEAVED_THINKING]);
    }
}

#[test]
fn the_limit_is_raised_only_where_it_must_be() {
    for (given, expected) in [
        (r#""max_tokens":64000"#, 64000),
        (r#""max_tokens":24577"#, 24577),
        (r#""max_tokens":24576"#, 32000),
        (r#""max_tokens":1"#, 24577),
        (r#""max_tokens":0"#, 24577),
        (r#""max_tokens":null"#, 28672),
        (r#""x":1"#, 28672),
    ] {
        let after = meaning(Anthropic, &format!("{{{given}}}"), &level(Reasoning::High));
        assert_eq!(after["max_tokens"], json!(expected), "{given}");
    }
}

#[test]
fn sampling_that_thinking_allows_is_kept() {
    let body = r#"{"max_tokens":64000,"temperature":1.0}"#;
    assert_eq!(meaning(Anthropic, body, &level(Reasoning::Low))["temperature"], json!(1.0));
    let body = r#"{"max_tokens":64000,"top_p":0.95}"#;
    assert_eq!(meaning(Anthropic, body, &level(Reasoning::Low))["top_p"], json!(0.95));
}

#[test]
fn a_level_is_passed_over_where_thinking_would_be_refused() {
    let call =
        r#"{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}"#;
    let result = r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#;
    let thought = call.replace("[{", r#"[{"type":"thinking","thinking":"","signature":"s"},{"#);
    let refused = [
        r#"{"tool_choice":{"type":"any"}}"#.to_owned(),
        r#"{"tool_choice":{"type":"tool","name":"f"}}"#.to_owned(),
        r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{"}]}"#
            .to_owned(),
        format!(r#"{{"messages":[{{"role":"user","content":"x"}},{call},{result}]}}"#),
    ];
    for body in refused {
        let (after, done) = edited(Anthropic, &body, &level(Reasoning::High));
        assert_eq!(after, body);
        assert!(!done.thinking && done.add_betas.is_empty());
    }
    let taken = [
        r#"{"tool_choice":{"type":"auto"}}"#.to_owned(),
        r#"{"tool_choice":{"type":"none"}}"#.to_owned(),
        format!(r#"{{"messages":[{{"role":"user","content":"x"}},{thought},{result}]}}"#),
        format!(
            r#"{{"messages":[{call},{result},{{"role":"assistant","content":"ok"}},{{"role":"user","content":"x"}}]}}"#
        ),
    ];
    for body in taken {
        assert!(edited(Anthropic, &body, &level(Reasoning::High)).1.thinking, "{body}");
    }
}

#[test]
fn off_takes_thinking_and_what_needs_it_out() {
    let body = r#"{"thinking":{"type":"adaptive"},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"},{"type":"clear_tool_uses_20250919" }]},"max_tokens":9}"#;
    let (after, done) = edited(Anthropic, body, &level(Reasoning::Off));
    let expected =
        r#"{"context_management":{"edits":[{"type":"clear_tool_uses_20250919" }]},"max_tokens":9}"#;
    assert_eq!(after, expected);
    assert!(!done.thinking && done.add_betas.is_empty());
    assert_eq!(done.remove_betas, [INTERLEAVED_THINKING]);
}

#[test]
fn auto_touches_nothing_and_tells_whether_the_client_thinks() {
    for (kind, thinks) in [
        (r#"{"type":"enabled","budget_tokens":9}"#, true),
        (r#"{"type":"adaptive"}"#, true),
        (r#"{"type":"between_tools"}"#, true),
        (r#"{"type":"disabled"}"#, false),
        ("null", false),
        ("true", false),
    ] {
        let body = format!(r#"{{"model":"m","thinking":{kind}}}"#);
        let (after, done) = edited(Anthropic, &body, &Edits::default());
        assert_eq!(after, body);
        assert!(!done.changed());
        assert_eq!((done.thinking, done.add_betas.len()), (thinks, usize::from(thinks)), "{kind}");
        let facts = Body::parse(Anthropic, body.as_bytes()).unwrap().facts().unwrap();
        assert_eq!(facts.thinking, thinks);
    }
}

#[test]
fn betas_are_a_union_in_order_without_what_is_out() {
    let deny = ["bad-1".to_owned()];
    assert_eq!(merge_betas("a, b ,,a,bad-1", &["c", "b"], &["x"], &deny).as_deref(), Some("a,b,c"));
    assert_eq!(
        merge_betas("a,interleaved-thinking-2025-05-14", &[], &[INTERLEAVED_THINKING], &[])
            .as_deref(),
        Some("a")
    );
    assert_eq!(merge_betas("bad-1", &["bad-1"], &[], &deny), None);
    assert_eq!(merge_betas("", &[], &[], &[]), None);
}

#[test]
fn gemini_system_in_every_shape() {
    let cases = [
        (
            r#"{"contents":[]}"#.to_owned(),
            format!(r#"{{"contents":[],"systemInstruction":{{"parts":[{PART}]}}}}"#),
        ),
        (
            r#"{"system_instruction":{"role":"user","parts":[ {"text":"x"}]}}"#.to_owned(),
            format!(
                r#"{{"system_instruction":{{"role":"user","parts":[{PART}, {{"text":"x"}}]}}}}"#
            ),
        ),
        (
            r#"{"systemInstruction":{}}"#.to_owned(),
            format!(r#"{{"systemInstruction":{{"parts":[{PART}]}}}}"#),
        ),
        (
            r#"{"systemInstruction":"a\u0062"}"#.to_owned(),
            format!(r#"{{"systemInstruction":{{"parts":[{PART},{{"text":"a\u0062"}}]}}}}"#),
        ),
    ];
    for (before, expected) in cases {
        let (after, _) = edited(Gemini, &before, &prompt_only());
        assert_eq!(after, expected);
        assert!(!edited(Gemini, &after, &prompt_only()).1.changed());
    }
}

#[test]
fn gemini_levels_keep_the_client_s_spelling() {
    let high = level(Reasoning::High);
    let cases = [
        ("{}", r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":24576}}}"#),
        (
            r#"{"generationConfig":{"topP":0.10,"temperature":1}}"#,
            r#"{"generationConfig":{"topP":0.10,"temperature":1,"thinkingConfig":{"thinkingBudget":24576}}}"#,
        ),
        (
            r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW","include_thoughts":true, "thinking_budget":2048}}}"#,
            r#"{"generationConfig":{"thinkingConfig":{"include_thoughts":true, "thinking_budget":24576}}}"#,
        ),
    ];
    for (before, expected) in cases {
        let (after, done) = edited(Gemini, before, &high);
        assert_eq!(after, expected);
        assert!(done.thinking);
    }
    let body = r#"{"generation_config":{"a":1 ,"thinking_config":{}}}"#;
    assert_eq!(edited(Gemini, body, &level(Reasoning::Off)).0, r#"{"generation_config":{"a":1}}"#);
    assert_eq!(edited(Gemini, "{}", &level(Reasoning::Off)).0, "{}");
}
