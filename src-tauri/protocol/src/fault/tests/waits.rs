//! Waiting times in every form.
//!
//! Owns: one case a form, and which one wins.
//! Must not know: caps.

use super::super::Fault;

/// 2025-01-01T00:00:00Z.
const NOW_MS: i64 = 1_735_689_600_000;

type Headers = &'static [(&'static str, &'static str)];

fn wait(status: u16, headers: &[(&str, &str)], body: &str) -> Option<u64> {
    let header = |name: &str| headers.iter().find(|it| it.0 == name).map(|it| it.1);
    Fault::from_response(status, header, body.as_bytes(), NOW_MS).retry_after_ms
}

#[test]
fn every_form_of_a_header() {
    let forms: [(Headers, Option<u64>); 31] = [
        (&[("retry-after", "7")], Some(7000)),
        (&[("retry-after", " 0.25 ")], Some(250)),
        (&[("retry-after", "0")], Some(0)),
        (&[("retry-after", "-5")], Some(0)),
        (&[("retry-after", "inf")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after", "")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "Wed, 01 Jan 2025 00:01:00 GMT")], Some(60_000)),
        (&[("retry-after", "Tue, 31 Dec 2024 23:59:00 GMT")], Some(0)),
        (&[("retry-after", "1735689605")], Some(5000)),
        (&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1500)),
        (&[("retry-after-ms", "x"), ("retry-after", "9")], Some(9000)),
        // Kept as told: the cap is not decided here.
        (&[("retry-after", "999999")], Some(999_999_000)),
        (&[("x-ratelimit-reset-requests", "6ms")], Some(6)),
        (&[("x-ratelimit-reset-tokens", "1m30s")], Some(90_000)),
        (&[("x-ratelimit-reset-tokens", "1h0m1.5s")], Some(3_601_500)),
        (&[("x-ratelimit-reset-tokens", "1m30")], None),
        (&[("x-ratelimit-reset-tokens", "1735689601")], Some(1000)),
        (&[("x-ratelimit-reset", "1735689602000")], Some(2000)),
        (&[("x-ratelimit-reset", "3")], Some(3000)),
        (&[("ratelimit-reset", "4")], Some(4000)),
        // The longest of the spent budgets.
        (&[("x-ratelimit-reset-requests", "2s"), ("x-ratelimit-reset-tokens", "5s")], Some(5000)),
        (
            &[
                ("x-ratelimit-reset-requests", "2s"),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-tokens", "5s"),
                ("x-ratelimit-remaining-tokens", "100"),
            ],
            Some(2000),
        ),
        (&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "3")], None),
        (
            &[
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("anthropic-ratelimit-requests-reset", "2025-01-01T00:00:10Z"),
                ("anthropic-ratelimit-tokens-remaining", "5000"),
                ("anthropic-ratelimit-tokens-reset", "2025-01-01T09:00:00Z"),
            ],
            Some(10_000),
        ),
        (&[("anthropic-ratelimit-tokens-reset", "2025-01-01T09:00:00Z")], None),
        (
            &[
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                ("anthropic-ratelimit-input-tokens-reset", "2025-01-01T01:00:20.5+01:00"),
            ],
            Some(20_500),
        ),
        (
            &[
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-reset", "1735693200"),
            ],
            Some(3_600_000),
        ),
        (
            &[
                ("anthropic-ratelimit-unified-status", "allowed"),
                ("anthropic-ratelimit-unified-reset", "1735693200"),
            ],
            None,
        ),
        // Told outright beats worked out.
        (&[("retry-after", "1"), ("x-ratelimit-reset-tokens", "50s")], Some(1000)),
    ];
    for (headers, expected) in forms {
        assert_eq!(wait(429, headers, ""), expected, "{headers:?}");
    }
}

#[test]
fn every_form_in_a_body() {
    let forms = [
        (
            r#"{"error":{"details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}"#,
            Some(7000),
        ),
        (r#"[{"error":{"details":[{"retryDelay":"0.5s"}]}}]"#, Some(500)),
        (r#"{"error":{"type":"usage_limit_reached","resets_at":1735689660}}"#, Some(60_000)),
        (r#"{"error":{"resets_at":"2025-01-01T00:00:01Z","resets_in_seconds":30}}"#, Some(30_000)),
        (r#"{"error":{"resets_at":"2024-01-01T00:00:01Z"}}"#, Some(0)),
        (r#"{"detail":"x","retry_after":2.5}"#, Some(2500)),
        (r#"{"error":{"resets_at":null,"retry_after":"later","details":7}}"#, None),
    ];
    for (body, expected) in forms {
        assert_eq!(wait(429, &[], body), expected, "{body}");
        assert_eq!(wait(429, &[("retry-after", "1")], body), Some(1000));
    }
}

#[test]
fn reset_headers_say_nothing_about_other_failures() {
    let headers = [("x-ratelimit-reset-tokens", "9s")];
    assert_eq!(wait(402, &headers, ""), Some(9000));
    for status in [400, 401, 403, 404, 500, 529] {
        assert_eq!(wait(status, &headers, ""), None);
        assert_eq!(wait(status, &[("retry-after", "2")], ""), Some(2000));
    }
}
