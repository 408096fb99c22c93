//! What a cleaned text hides and what it keeps.
//!
//! Owns: canaries in every place a secret was seen in.
//! Must not know: faults.

use proptest::prelude::*;

use super::super::clean_text;

#[test]
fn secrets_are_masked_wherever_they_stand() {
    let cases = [
        (
            "Incorrect API key provided: sk-proj-abcDEF123. See docs",
            "Incorrect API key provided: **** See docs",
        ),
        ("key fk-Zz0-_x9-abc was revoked", "key **** was revoked"),
        ("Authorization: Bearer abc.def rejected", "Authorization: Bearer **** rejected"),
        ("got 'Bearer abcdef'", "got 'Bearer ****"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is expired", "jwt **** is expired"),
        (r#"{"access_token":"hunter2","x":"y"}"#, r#"{"access_token":"****","x":"y"}"#),
        ("refresh_token=hunter2&grant=x", "refresh_token=****&grant=x"),
        ("password: hunter2", "password: ****"),
        (r#""api_key": "hunter2", ok"#, r#""api_key": **** ok"#),
        ("user jane.doe+x@example.com not found", "user **** not found"),
        ("<jane@example.com>", "<****>"),
        (
            "proxy socks5://jane:hunter2@10.0.0.1:1080/x failed",
            "proxy socks5://****@10.0.0.1:1080/x failed",
        ),
        ("GET https://host/v1?key=hunter2&alt=sse", "GET https://host/v1?key=****&alt=sse"),
        // Where a host should be.
        ("see ://:fk--a0-00Aa-aaaAA0_0AaA", "see ://:****"),
        ("token yAjhKk123NLIjdrBdGZPf8pLIDvK bad", "token **** bad"),
        ("hash 9f86d081884c7d659a2feaa0c55ad015", "hash ****"),
    ];
    for (text, expected) in cases {
        assert_eq!(clean_text(text), expected);
    }
}

#[test]
fn what_helps_a_person_is_kept() {
    for text in [
        "model: claude-sonnet-4-20250514",
        "The model `gpt-5.1-codex-max-2025-11-13` does not exist",
        "max_tokens: Field required",
        "Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000, Used 30000, Requested 100.",
        "Invalid value: 'foo'. Supported values are: 'system', 'assistant', and 'developer'.",
        "`1024 <= budget_tokens < max_tokens` must hold; see https://docs.example.com/a/b?c=d",
        "messages.3.content.0: Invalid `signature` in `thinking` block",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "你好，世界 👋🏽",
        "interleaved-thinking-2025-05-14 is unknown",
    ] {
        assert_eq!(clean_text(text), text);
    }
}

#[test]
fn a_text_is_one_line_of_at_most_500_characters() {
    assert_eq!(clean_text(" a\r\n\tb\u{1b}[31mc\u{202e}d "), "a b [31mc d");
    let long = clean_text(&"wörd ".repeat(1000));
    assert_eq!(long.chars().count(), 500);
    assert!(long.ends_with('…'));
    assert_eq!(clean_text(""), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_key_never_comes_through(
        before in "\\PC{0,40}", after in "\\PC{0,40}",
        key in "(fk|sk)-[A-Za-z0-9_-]{20,60}", quote in "['\"`<(: =]",
    ) {
        let cleaned = clean_text(&format!("{before}{quote}{key} {after}"));
        prop_assert!(!cleaned.contains(&key), "{}", cleaned);
        prop_assert!(!cleaned.contains(&key[3..15]), "{}", cleaned);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(text in "\\PC{0,200}") {
        let once = clean_text(&text);
        prop_assert_eq!(clean_text(&once), once);
    }
}
