//! How long upstream asks to wait: headers and body, in every form seen.
//!
//! Owns: the forms of `retry-after`, of reset headers and of reset times in a body.
//! Must not know: what is done with the answer; its cap is the pool's.

use chrono::DateTime;
use serde_json::Value;

/// What OpenAI, Anthropic and others count separately.
const BUDGETS: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];

/// Numbers from here on are moments, not spans (the year 2001, in seconds).
const EPOCH_SECONDS: f64 = 1e9;

/// Numbers from here on are moments in milliseconds.
const EPOCH_MILLIS: f64 = 1e12;

/// `retry-after-ms`, else `retry-after`, as milliseconds from now.
pub(super) fn of_retry_after(
    header: impl Fn(&str) -> Option<String>,
    now_unix_ms: i64,
) -> Option<u64> {
    let millis = header("retry-after-ms").and_then(|it| number(&it)).map(millis);
    millis.or_else(|| {
        let text = header("retry-after")?;
        let text = text.trim();
        number(text).map(|it| of_number(it, now_unix_ms)).or_else(|| of_date(text, now_unix_ms))
    })
}

/// The latest end of the budgets that are used up, as milliseconds from now.
pub(super) fn of_reset_headers(
    header: impl Fn(&str) -> Option<String>,
    now_unix_ms: i64,
) -> Option<u64> {
    let is_spent = |name: &str| header(name).and_then(|it| number(&it)).map(|it| it <= 0.0);
    let of = |name: &str| header(name).and_then(|it| of_any(it.trim(), now_unix_ms));
    let mut ends = Vec::new();
    for budget in BUDGETS {
        // Anthropic sends every budget with every answer: only the spent one is meant.
        if is_spent(&format!("anthropic-ratelimit-{budget}-remaining")) == Some(true) {
            ends.push(of(&format!("anthropic-ratelimit-{budget}-reset")));
        }
        if is_spent(&format!("x-ratelimit-remaining-{budget}")) != Some(false) {
            ends.push(of(&format!("x-ratelimit-reset-{budget}")));
        }
    }
    if header("anthropic-ratelimit-unified-status").is_some_and(|it| it.trim() == "rejected") {
        ends.push(of("anthropic-ratelimit-unified-reset"));
    }
    for family in ["x-ratelimit", "ratelimit"] {
        if is_spent(&format!("{family}-remaining")) != Some(false) {
            ends.push(of(&format!("{family}-reset")));
        }
    }
    ends.into_iter().flatten().max()
}

/// Gemini's `RetryInfo`, `resets_at`, `resets_in_seconds`, `retry_after`, as milliseconds from now.
pub(super) fn of_body(error: &Value, now_unix_ms: i64) -> Option<u64> {
    let of = |value: &Value| match value {
        Value::Number(number) => number.as_f64().map(|it| of_number(it, now_unix_ms)),
        Value::String(text) => of_any(text.trim(), now_unix_ms),
        _ => None,
    };
    let details = error.get("details").and_then(Value::as_array);
    let delay = details.into_iter().flatten().find_map(|it| of(it.get("retryDelay")?));
    delay.or_else(|| {
        ["resets_in_seconds", "retry_after_seconds", "retry_after", "resets_at", "reset_at"]
            .into_iter()
            .find_map(|key| of(error.get(key)?))
    })
}

/// Seconds as milliseconds; a negative span is 0.
pub(super) fn seconds(value: f64) -> u64 {
    millis(value * 1000.0)
}

/// Any form: `1m30s`, `6ms`, `7`, `1735689600`, an HTTP date, an RFC 3339 time.
fn of_any(text: &str, now_unix_ms: i64) -> Option<u64> {
    number(text)
        .map(|it| of_number(it, now_unix_ms))
        .or_else(|| of_duration(text))
        .or_else(|| of_date(text, now_unix_ms))
}

/// A span in seconds or a moment since 1970 in seconds or milliseconds, told apart by size.
fn of_number(value: f64, now_unix_ms: i64) -> u64 {
    let now = as_f64(now_unix_ms);
    if value >= EPOCH_MILLIS {
        millis(value - now)
    } else if value >= EPOCH_SECONDS {
        millis(value * 1000.0 - now)
    } else {
        seconds(value)
    }
}

/// OpenAI's and Google's spans: numbers with a unit each, e.g. `1h2m3.5s`, `250ms`.
fn of_duration(text: &str) -> Option<u64> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (value, unit) = rest.split_at(digits);
        let end = unit.find(|it: char| !it.is_ascii_alphabetic()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let scale = match unit {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        total += number(value)? * scale;
        rest = after;
    }
    (!text.is_empty()).then(|| millis(total))
}

fn of_date(text: &str, now_unix_ms: i64) -> Option<u64> {
    let at_ms = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.timestamp_millis(),
        Err(_) => {
            let time = httpdate::parse_http_date(text).ok()?;
            let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_millis()).ok()?
        }
    };
    Some(u64::try_from(at_ms.saturating_sub(now_unix_ms)).unwrap_or(0))
}

/// A plain decimal number. Rust's own parser would also take `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|it| it.is_finite())
}

/// Rounded up, so that nobody knocks a moment too early. A span that is over is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and both ends are what is meant"
)]
fn millis(value: f64) -> u64 {
    value.max(0.0).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "times of this age fit a double exactly")]
const fn as_f64(value: i64) -> f64 {
    value as f64
}
